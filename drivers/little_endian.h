// SPDX-License-Identifier: Apache-2.0
// Fields of a packet at an offset that the caller has checked (a wrong one aborts).
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>

#include "proto/check.h"

namespace drivers {

// Bytes are copied as they lie in memory.
static_assert(std::endian::native == std::endian::little);

template <class T>
T load_at(std::span<const std::byte> bytes, std::size_t offset) {
  WS_CHECK(offset + sizeof(T) <= bytes.size());
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void store_at(std::span<std::byte> bytes, std::size_t offset, const T& value) {
  WS_CHECK(offset + sizeof(T) <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

}  // namespace drivers
