// SPDX-License-Identifier: Apache-2.0
// The fast search for equal codes finds what a slow one finds, at every offset and length.
#include <gtest/gtest.h>

#include <array>

#include "drivers/code_queue.h"
#include "drivers/js220_wire.h"

namespace drivers {
namespace {

std::uint32_t slow_equal_codes(std::span<const std::byte> data, std::uint32_t bits,
                               std::uint32_t index, std::uint32_t values) {
  const auto code = [&](std::uint32_t i) {
    return bits == 4 ? js220::u4_at(data, i) : js220::u1_at(data, i);
  };
  std::uint32_t end = index;
  while (end < values && code(end) == code(index)) ++end;
  return end - index;
}

TEST(EqualCodes, AreThoseOfTheSlowSearch) {
  std::uint32_t random = 7;
  const auto next = [&random] { return (random = random * 1664525 + 1013904223) >> 16; };
  for (const std::uint32_t bits : {1u, 4u}) {
    for (std::size_t size = 1; size <= 40; ++size) {
      for (int round = 0; round < 200; ++round) {
        std::vector<std::byte> data(size, static_cast<std::byte>(next() % 2 == 0 ? 0x00 : 0xFF));
        for (std::uint32_t flips = next() % 4; flips > 0; --flips) {
          data[next() % size] ^= std::byte{1} << (next() % 8);
        }
        const auto all = static_cast<std::uint32_t>(size * 8 / bits);
        const std::uint32_t values = 1 + next() % all;
        const std::uint32_t index = next() % values;
        ASSERT_EQ(equal_codes(data, bits, index, values),
                  slow_equal_codes(data, bits, index, values))
            << bits << " bits, " << size << " bytes, from " << index << " to " << values;
      }
    }
  }
}

TEST(CodeQueue, GivesRunsAndNamesWhatIsMissing) {
  CodeQueue queue(16);
  const std::array data = {std::byte{0x11}, std::byte{0x21}, std::byte{0x22}, std::byte{0x22}};
  queue.append_packed(proto::SampleId(100), data, 4, 0, 8);  // 1 1 1 2 2 2 2 2
  queue.append_packed(proto::SampleId(110), data, 4, 3, 8);  // 2 2 2 2 2, two ids later
  std::vector<proto::CodeRun> runs;
  std::vector<proto::IdRange> missing;
  queue.take(proto::SampleId(98), proto::SampleId(112), runs, missing);
  EXPECT_EQ(runs, (std::vector<proto::CodeRun>{
                      {proto::kMissingCode, 2}, {1, 3}, {2, 5}, {proto::kMissingCode, 2}, {2, 2}}));
  EXPECT_EQ(missing, (std::vector<proto::IdRange>{{proto::SampleId(98), proto::SampleId(99)},
                                                  {proto::SampleId(108), proto::SampleId(109)}}));
  runs.clear();
  missing.clear();
  queue.take(proto::SampleId(112), proto::SampleId(116), runs, missing);
  EXPECT_EQ(runs, (std::vector<proto::CodeRun>{{2, 3}, {proto::kMissingCode, 1}}));
  EXPECT_TRUE(queue.empty());
}

TEST(CodeQueue, KeepsTheNewestRunsWhenItIsFull) {
  CodeQueue queue(16);
  const std::array data = {std::byte{0x55}};  // eight runs of one
  for (std::uint64_t i = 0; i < 10; ++i) {
    queue.append_packed(proto::SampleId(8 * i), data, 1, 0, 8);
  }
  EXPECT_EQ(queue.first_id(), proto::SampleId(80 - 16));
  EXPECT_EQ(queue.end_id(), proto::SampleId(80));
}

}  // namespace
}  // namespace drivers
