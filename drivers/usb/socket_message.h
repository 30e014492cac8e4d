// SPDX-License-Identifier: Apache-2.0
// How a UsbPort reaches a UsbDevice in another process: messages over a Unix stream socket. Pure.
//
//   offset  0        4     5       6      8
//           length   type  status  tag    payload (length bytes)
//           u32      u8    u8      u16
//
// Little endian (both ends are one host). Each request has a tag that its reply repeats. Transfers
// come without a request, but only as many as the client has armed, so that a reply never waits
// behind samples.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "drivers/usb/usb_errc.h"
#include "drivers/usb/usb_port.h"

namespace drivers {

enum class MessageType : std::uint8_t {
  kOpen = 1,        // "WSU1", then the serial
  kControlIn = 2,   // the 8 bytes of the setup packet
  kControlOut = 3,  // the 8 bytes of the setup packet, data
  kBulkOut = 4,     // u8 endpoint, data
  kArm = 5,         // u8 count: so many bulk IN transfers more; no reply
  kCommand = 6,     // u8 size of the serial, serial, text; needs no kOpen
  kReply = 0x81,    // status; a request's answer
  kBulkIn = 0x82,   // status; one completed transfer
};

struct MessageHeader {
  std::uint32_t length = 0;
  MessageType type = MessageType::kReply;
  std::uint8_t status = 0;  // an UsbErrc; 0: good
  std::uint16_t tag = 0;
  bool operator==(const MessageHeader&) const = default;
};

inline constexpr std::size_t kMessageHeaderBytes = 8;
inline constexpr std::size_t kRequestBytesMax = 1024;
inline constexpr std::size_t kReplyBytesMax = 8192;
inline constexpr std::array<std::byte, 4> kOpenMagic = {std::byte{'W'}, std::byte{'S'},
                                                        std::byte{'U'}, std::byte{'1'}};

std::array<std::byte, kMessageHeaderBytes> pack_message_header(const MessageHeader& header);
// Absent: no type of ours, or longer than its type may be.
std::optional<MessageHeader> unpack_message_header(
    std::span<const std::byte, kMessageHeaderBytes> bytes);

inline constexpr std::size_t kSetupBytes = 8;
std::array<std::byte, kSetupBytes> pack_setup(const ControlSetup& setup);
std::optional<ControlSetup> unpack_setup(std::span<const std::byte> bytes);

// What an error is as a status, and back. A foreign code, or an unknown status, is kIo.
std::uint8_t status_from(const std::error_code& code);
std::error_code code_from(std::uint8_t status);

}  // namespace drivers
