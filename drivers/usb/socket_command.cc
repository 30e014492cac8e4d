// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/socket_command.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <vector>

#include "drivers/usb/socket_link.h"

namespace drivers {
namespace {

constexpr int kAnswerTimeoutMs = 2000;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

proto::Result<std::string> send_emulator_command(const std::filesystem::path& socket,
                                                 std::string_view serial, std::string_view text) {
  const auto invalid = make_error_code(std::errc::invalid_argument);
  if (1 + serial.size() + text.size() > kRequestBytesMax || serial.size() > 255) {
    return proto::fail(invalid, "emulator command: too long");
  }
  auto link = SocketLink::connect(socket);
  if (!link) return tl::unexpected(link.error());
  std::vector<std::byte> payload{static_cast<std::byte>(serial.size())};
  std::ranges::copy(bytes_of(serial), std::back_inserter(payload));
  std::ranges::copy(bytes_of(text), std::back_inserter(payload));
  const MessageHeader header{.length = static_cast<std::uint32_t>(payload.size()),
                             .type = MessageType::kCommand};
  if (auto status = link->send(header, payload); !status) return tl::unexpected(status.error());
  auto answer = link->receive(kAnswerTimeoutMs);
  if (!answer) return tl::unexpected(answer.error());
  std::string words(reinterpret_cast<const char*>(answer->payload.data()), answer->payload.size());
  if (answer->header.status != 0) return proto::fail(invalid, "emulator: " + words);
  return words;
}

}  // namespace drivers
