// SPDX-License-Identifier: Apache-2.0
#include "proto/utf8.h"

#include <algorithm>

namespace proto {
namespace {

// What a lead byte asks for: the length, and the range of the second byte (which shuts out
// overlong forms, surrogates and what lies above U+10FFFF).
struct Lead {
  std::size_t length = 0;  // 0: no lead byte
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
};

constexpr Lead lead_of(unsigned char c) {
  if (c < 0x80) return {1};
  if (c < 0xC2) return {};
  if (c < 0xE0) return {2};
  if (c == 0xE0) return {3, 0xA0, 0xBF};
  if (c == 0xED) return {3, 0x80, 0x9F};
  if (c < 0xF0) return {3};
  if (c == 0xF0) return {4, 0x90, 0xBF};
  if (c < 0xF4) return {4};
  if (c == 0xF4) return {4, 0x80, 0x8F};
  return {};
}

}  // namespace

Utf8Step next_utf8(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Lead lead = lead_of(at(0));
  if (lead.length == 0) return {1, false};
  const std::size_t available = std::min(lead.length, text.size());
  for (std::size_t i = 1; i < available; ++i) {
    const unsigned char low = i == 1 ? lead.second_min : 0x80;
    const unsigned char high = i == 1 ? lead.second_max : 0xBF;
    if (at(i) < low || at(i) > high) return {i, false};
  }
  return {available, available == lead.length};
}

}  // namespace proto
