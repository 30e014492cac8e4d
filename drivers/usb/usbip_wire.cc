// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usbip_wire.h"

#include <algorithm>
#include <string_view>

namespace drivers::usbip {
namespace {

constexpr std::uint32_t kSubmit = 1;
constexpr std::uint32_t kUnlink = 2;
constexpr std::uint32_t kSubmitReply = 3;
constexpr std::uint32_t kUnlinkReply = 4;
constexpr std::uint32_t kDirectionIn = 1;
constexpr std::uint32_t kEndpointMax = 15;
constexpr std::uint32_t kHighSpeed = 3;
constexpr std::uint8_t kVendorClass = 0xFF;
constexpr std::size_t kPathBytes = 256;
// Where the fields of a command are.
constexpr std::size_t kAtVictim = 20;
constexpr std::size_t kAtLength = 24;
constexpr std::size_t kAtPackets = 32;
constexpr std::size_t kAtSetup = 40;

std::uint32_t load_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t k = 0; k < 4; ++k)
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + k]);
  return value;
}

std::uint16_t load_u16(std::span<const std::byte> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                    std::to_integer<unsigned>(bytes[at + 1]));
}

void store_u32(std::span<std::byte> bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t k = 0; k < 4; ++k) bytes[at + k] = static_cast<std::byte>(value >> (24 - 8 * k));
}

void append_u8(std::vector<std::byte>& out, std::uint8_t value) {
  out.push_back(static_cast<std::byte>(value));
}

void append_u16(std::vector<std::byte>& out, std::uint16_t value) {
  append_u8(out, static_cast<std::uint8_t>(value >> 8));
  append_u8(out, static_cast<std::uint8_t>(value));
}

void append_u32(std::vector<std::byte>& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value));
}

// In a field of `size` bytes, of which the last is 0.
void append_text(std::vector<std::byte>& out, std::string_view text, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(text)).first(std::min(text.size(), size - 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize(out.size() + size - bytes.size());
}

// A setup packet is as it is on the bus: little-endian.
ControlSetup unpack_bus_setup(std::span<const std::byte> bytes) {
  const auto u8 = [&](std::size_t at) { return std::to_integer<std::uint8_t>(bytes[at]); };
  const auto u16 = [&](std::size_t at) {
    return static_cast<std::uint16_t>(u8(at) | u8(at + 1) << 8);
  };
  return {
      .request_type = u8(0), .request = u8(1), .value = u16(2), .index = u16(4), .length = u16(6)};
}

UrbHeader pack_reply(std::uint32_t command, std::uint32_t sequence, std::int32_t status,
                     std::uint32_t length) {
  UrbHeader header{};
  store_u32(header, 0, command);
  store_u32(header, 4, sequence);
  store_u32(header, 20, static_cast<std::uint32_t>(status));
  store_u32(header, 24, length);
  return header;
}

}  // namespace

OpHeader unpack_op_header(std::span<const std::byte, kOpHeaderBytes> bytes) {
  return {.version = load_u16(bytes, 0),
          .code = load_u16(bytes, 2),
          .status = static_cast<OpStatus>(load_u32(bytes, 4))};
}

void append_op_header(std::vector<std::byte>& out, Op code, OpStatus status) {
  append_u16(out, kVersion);
  append_u16(out, static_cast<std::uint16_t>(code));
  append_u32(out, static_cast<std::uint32_t>(status));
}

std::string unpack_bus_id(std::span<const std::byte, kBusIdBytes> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::string(text.substr(0, text.find('\0')));
}

void append_device_block(std::vector<std::byte>& out, const Place& place,
                         const UsbDescriptors& descriptors) {
  append_text(out, "/sys/devices/wattspool/usb1/" + place.bus_id, kPathBytes);
  append_text(out, place.bus_id, kBusIdBytes);
  append_u32(out, place.bus);
  append_u32(out, place.device);
  append_u32(out, kHighSpeed);
  append_u16(out, descriptors.vendor_id);
  append_u16(out, descriptors.product_id);
  append_u16(out, descriptors.device_release);
  for (const std::uint8_t value : {kVendorClass, kVendorClass, kVendorClass}) append_u8(out, value);
  for (const std::uint8_t value : {1, 1, 1})
    append_u8(out, value);  // configuration, how many, interfaces
}

void append_interface_block(std::vector<std::byte>& out) {
  for (const std::uint8_t value : {kVendorClass, kVendorClass, kVendorClass}) append_u8(out, value);
  append_u8(out, 0);
}

std::optional<Command> unpack_command(std::span<const std::byte, kUrbHeaderBytes> bytes) {
  const std::uint32_t command = load_u32(bytes, 0);
  const std::uint32_t sequence = load_u32(bytes, 4);
  if (command == kUnlink) return Unlink{.sequence = sequence, .victim = load_u32(bytes, kAtVictim)};
  const std::uint32_t direction = load_u32(bytes, 12);
  const std::uint32_t endpoint = load_u32(bytes, 16);
  if (command != kSubmit || direction > kDirectionIn || endpoint > kEndpointMax)
    return std::nullopt;
  // Of a transfer without packets, the number of packets is 0 or, in some versions, all ones.
  const std::uint32_t packets = load_u32(bytes, kAtPackets);
  return Submit{.sequence = sequence,
                .device_id = load_u32(bytes, 8),
                .in = direction == kDirectionIn,
                .endpoint = static_cast<std::uint8_t>(endpoint),
                .length = load_u32(bytes, kAtLength),
                .isochronous = packets != 0 && packets != 0xFFFF'FFFF,
                .setup = unpack_bus_setup(bytes.subspan(kAtSetup))};
}

UrbHeader pack_submit_reply(std::uint32_t sequence, std::int32_t status, std::uint32_t length) {
  return pack_reply(kSubmitReply, sequence, status, length);
}

UrbHeader pack_unlink_reply(std::uint32_t sequence, std::int32_t status) {
  return pack_reply(kUnlinkReply, sequence, status, 0);
}

}  // namespace drivers::usbip
