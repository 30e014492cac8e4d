// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/socket_message.h"

#include "drivers/little_endian.h"

namespace drivers {
namespace {

std::size_t length_max(MessageType type) {
  switch (type) {
    case MessageType::kBulkIn:
      return UsbPort::kTransferBytes;
    case MessageType::kReply:
      return kReplyBytesMax;
    default:
      return kRequestBytesMax;
  }
}

bool is_known(std::uint8_t type) {
  return (type >= static_cast<std::uint8_t>(MessageType::kOpen) &&
          type <= static_cast<std::uint8_t>(MessageType::kCommand)) ||
         type == static_cast<std::uint8_t>(MessageType::kReply) ||
         type == static_cast<std::uint8_t>(MessageType::kBulkIn);
}

}  // namespace

std::array<std::byte, kMessageHeaderBytes> pack_message_header(const MessageHeader& header) {
  std::array<std::byte, kMessageHeaderBytes> bytes;
  store_at(std::span(bytes), 0, header.length);
  bytes[4] = static_cast<std::byte>(header.type);
  bytes[5] = static_cast<std::byte>(header.status);
  store_at(std::span(bytes), 6, header.tag);
  return bytes;
}

std::optional<MessageHeader> unpack_message_header(
    std::span<const std::byte, kMessageHeaderBytes> bytes) {
  if (!is_known(std::to_integer<std::uint8_t>(bytes[4]))) return std::nullopt;
  const MessageHeader header{.length = load_at<std::uint32_t>(bytes, 0),
                             .type = static_cast<MessageType>(bytes[4]),
                             .status = std::to_integer<std::uint8_t>(bytes[5]),
                             .tag = load_at<std::uint16_t>(bytes, 6)};
  if (header.length > length_max(header.type)) return std::nullopt;
  return header;
}

std::array<std::byte, kSetupBytes> pack_setup(const ControlSetup& setup) {
  std::array<std::byte, kSetupBytes> bytes;
  bytes[0] = static_cast<std::byte>(setup.request_type);
  bytes[1] = static_cast<std::byte>(setup.request);
  store_at(std::span(bytes), 2, setup.value);
  store_at(std::span(bytes), 4, setup.index);
  store_at(std::span(bytes), 6, setup.length);
  return bytes;
}

std::optional<ControlSetup> unpack_setup(std::span<const std::byte> bytes) {
  if (bytes.size() != kSetupBytes) return std::nullopt;
  return ControlSetup{.request_type = std::to_integer<std::uint8_t>(bytes[0]),
                      .request = std::to_integer<std::uint8_t>(bytes[1]),
                      .value = load_at<std::uint16_t>(bytes, 2),
                      .index = load_at<std::uint16_t>(bytes, 4),
                      .length = load_at<std::uint16_t>(bytes, 6)};
}

std::uint8_t status_from(const std::error_code& code) {
  if (!code) return 0;
  const bool own = code.category() == usb_category() && code.value() > 0 && code.value() < 256;
  return own ? static_cast<std::uint8_t>(code.value()) : static_cast<std::uint8_t>(UsbErrc::kIo);
}

std::error_code code_from(std::uint8_t status) {
  if (status == 0) return {};
  if (status > static_cast<std::uint8_t>(UsbErrc::kUpdater)) return UsbErrc::kIo;
  return static_cast<UsbErrc>(status);
}

}  // namespace drivers
