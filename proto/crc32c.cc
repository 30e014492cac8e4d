// SPDX-License-Identifier: Apache-2.0
#include "proto/crc32c.h"

#include <array>
#include <string_view>

#include "proto/byte_order.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace proto {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F6'3B78;

// kTables[k][b]: the CRC of byte b followed by k zero bytes.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}();

std::uint32_t update_portable(std::uint32_t state, std::span<const std::byte> bytes) {
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const std::uint64_t word = load<std::uint64_t>(bytes.data()) ^ state;
    state = 0;
    for (std::size_t k = 0; k < 8; ++k) state ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (const std::byte byte : bytes) {
    state = (state >> 8) ^ kTables[0][(state ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  }
  return state;
}

#if defined(__x86_64__)

bool has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

__attribute__((target("sse4.2"))) std::uint32_t update_instruction(
    std::uint32_t state, std::span<const std::byte> bytes) {
  std::uint64_t wide = state;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    wide = _mm_crc32_u64(wide, load<std::uint64_t>(bytes.data()));
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (const std::byte byte : bytes) {
    narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(byte));
  }
  return narrow;
}

#elif defined(__ARM_FEATURE_CRC32)

constexpr bool has_instruction() { return true; }

std::uint32_t update_instruction(std::uint32_t state, std::span<const std::byte> bytes) {
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    state = __crc32cd(state, load<std::uint64_t>(bytes.data()));
  }
  for (const std::byte byte : bytes) state = __crc32cb(state, std::to_integer<std::uint8_t>(byte));
  return state;
}

#else

constexpr bool has_instruction() { return false; }

std::uint32_t update_instruction(std::uint32_t state, std::span<const std::byte> bytes) {
  return update_portable(state, bytes);
}

#endif

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc) {
  return has_instruction() ? ~update_instruction(~crc, bytes) : ~update_portable(~crc, bytes);
}

std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t crc) {
  return ~update_portable(~crc, bytes);
}

std::string crc32c_hex(std::uint32_t crc) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(8, '0');
  for (std::size_t i = 0; i < 8; ++i) text[7 - i] = kHex[(crc >> (4 * i)) & 0xF];
  return text;
}

}  // namespace proto
