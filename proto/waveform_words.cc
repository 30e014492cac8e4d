// SPDX-License-Identifier: Apache-2.0
// What a batch of raw words tells of them, as text.
#include <charconv>

#include "proto/waveform.h"

namespace proto {

WordsOrigin words_origin(const DeviceInfo& info) {
  if (info.words.empty()) return {};
  WordsOrigin origin{.signals = info.words, .calibration = {}};
  for (const Signal& signal : info.signals) {
    if (signal.in_words) origin.signals += " " + signal.name;
  }
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::byte byte : info.calibration_file) {
    origin.calibration += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    origin.calibration += kDigits[std::to_integer<std::size_t>(byte) & 0xF];
  }
  if (origin.calibration.empty()) origin.calibration = kUncalibrated;
  return origin;
}

std::optional<std::vector<std::byte>> calibration_file(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> file;
  file.reserve(text.size() / 2);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const char* const end = text.data() + at + 2;
    std::uint8_t byte = 0;
    const auto read = std::from_chars(text.data() + at, end, byte, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    file.push_back(std::byte{byte});
  }
  return file;
}

}  // namespace proto
