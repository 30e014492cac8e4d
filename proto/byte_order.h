// SPDX-License-Identifier: Apache-2.0
// Little-endian fields at any alignment.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

namespace proto {

// Every host we build for is little endian; the Arrow columns are written as they lie in memory.
static_assert(std::endian::native == std::endian::little);

template <class T>
requires std::is_trivially_copyable_v<T> T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
requires std::is_trivially_copyable_v<T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

}  // namespace proto
