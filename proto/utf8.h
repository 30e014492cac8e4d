// SPDX-License-Identifier: Apache-2.0
// Where text may come from anywhere (labels, part names, messages), what leaves is valid UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace proto {

// The next character of a non-empty text: its bytes when valid, else the longest piece that can
// only stand for one replacement character (Unicode 15, section 3.9, maximal subparts).
struct Utf8Step {
  std::size_t length = 1;
  bool valid = false;
};

Utf8Step next_utf8(std::string_view text);

}  // namespace proto
