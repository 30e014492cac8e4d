// SPDX-License-Identifier: Apache-2.0
// The instruction and the portable path give the checksum that Kafka, iSCSI and ext4 know.
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <vector>

#include "proto/crc32c.h"

namespace proto {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// RFC 3720 B.4, and the check value of the CRC catalogue: "<hex bytes or -> <crc>" a line.
TEST(Crc32c, MatchesThePublishedVectors) {
  std::ifstream file(WATTSPOOL_TEST_DATA "/golden/crc32c.txt");
  std::string hex;
  std::string crc;
  int vectors = 0;
  while (file >> hex >> crc) {
    const auto bytes = hex == "-" ? std::vector<std::byte>() : from_hex(hex);
    EXPECT_EQ(crc32c_hex(crc32c(bytes)), crc) << hex;
    EXPECT_EQ(crc32c_hex(crc32c_portable(bytes)), crc) << hex;
    ++vectors;
  }
  EXPECT_EQ(vectors, 7);
}

TEST(Crc32c, BothPathsAgreeAtEveryLengthAndAlignment) {
  std::vector<std::byte> bytes(300);
  std::uint32_t state = 1;
  for (std::byte& byte : bytes) byte = static_cast<std::byte>((state = state * 1664525 + 7) >> 24);
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t size = 0; size + start <= bytes.size(); ++size) {
      const auto part = std::span(bytes).subspan(start, size);
      ASSERT_EQ(crc32c(part), crc32c_portable(part)) << start << " " << size;
    }
  }
}

TEST(Crc32c, ContinuesWhereItLeftOff) {
  const auto all = bytes_of("every sample arrives once or is in a named gap");
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    EXPECT_EQ(crc32c(all.subspan(cut), crc32c(all.first(cut))), crc32c(all));
    EXPECT_EQ(crc32c_portable(all.subspan(cut), crc32c_portable(all.first(cut))), crc32c(all));
  }
}

TEST(Crc32c, IsWrittenAsEightLowerCaseDigits) {
  EXPECT_EQ(crc32c_hex(0), "00000000");
  EXPECT_EQ(crc32c_hex(0x9A71BB4C), "9a71bb4c");
}

}  // namespace
}  // namespace proto
