// SPDX-License-Identifier: Apache-2.0
// USB/IP messages, bytes <-> structs, as a server needs them. Pure; all fields are big-endian.
// Source: the Linux kernel's Documentation/usb/usbip_protocol.rst, checked against vhci_hcd of 6.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "drivers/usb/usb_descriptors.h"
#include "drivers/usb/usb_port.h"

namespace drivers::usbip {

constexpr std::uint16_t kVersion = 0x0111;
constexpr std::size_t kOpHeaderBytes = 8;
constexpr std::size_t kBusIdBytes = 32;
constexpr std::size_t kImportRequestBytes = kOpHeaderBytes + kBusIdBytes;
constexpr std::size_t kDeviceBlockBytes = 312;
constexpr std::size_t kUrbHeaderBytes = 48;

// Before a device is imported.
enum class Op : std::uint16_t {
  kDeviceListRequest = 0x8005,
  kDeviceListReply = 0x0005,
  kImportRequest = 0x8003,
  kImportReply = 0x0003,
};

// The status of a reply, as the usbip tool knows it.
enum class OpStatus : std::uint32_t { kOk = 0, kRefused = 1, kBusy = 2, kNoDevice = 4, kError = 5 };

struct OpHeader {
  std::uint16_t version = kVersion;
  std::uint16_t code = 0;
  OpStatus status = OpStatus::kOk;
};
OpHeader unpack_op_header(std::span<const std::byte, kOpHeaderBytes> bytes);
void append_op_header(std::vector<std::byte>& out, Op code, OpStatus status);

// The bus id of an import request, up to its first zero byte.
std::string unpack_bus_id(std::span<const std::byte, kBusIdBytes> bytes);

// Where a device is on the server's one bus.
struct Place {
  std::string bus_id;  // "1-1"
  std::uint32_t bus = 1;
  std::uint32_t device = 1;
  constexpr std::uint32_t device_id() const { return bus << 16 | device; }
};
// 312 bytes: a high-speed device with one vendor interface.
void append_device_block(std::vector<std::byte>& out, const Place& place,
                         const UsbDescriptors& descriptors);
// What follows it in a device list: its one interface.
void append_interface_block(std::vector<std::byte>& out);

// Once a device is imported.
struct Submit {
  std::uint32_t sequence = 0;
  std::uint32_t device_id = 0;
  bool in = false;
  std::uint8_t endpoint = 0;  // its number, without the direction
  std::uint32_t length = 0;   // room (IN), or bytes that follow (OUT)
  bool isochronous = false;   // not served
  ControlSetup setup;
};
struct Unlink {
  std::uint32_t sequence = 0;
  std::uint32_t victim = 0;
};
using Command = std::variant<Submit, Unlink>;
// Absent: no command, or of an endpoint that cannot be.
std::optional<Command> unpack_command(std::span<const std::byte, kUrbHeaderBytes> bytes);

// Negative errno of the kernel; 0: done.
using UrbHeader = std::array<std::byte, kUrbHeaderBytes>;
UrbHeader pack_submit_reply(std::uint32_t sequence, std::int32_t status, std::uint32_t length);
// -ECONNRESET: unlinked, no reply to the submit follows. 0: it had been answered before.
UrbHeader pack_unlink_reply(std::uint32_t sequence, std::int32_t status);

}  // namespace drivers::usbip
