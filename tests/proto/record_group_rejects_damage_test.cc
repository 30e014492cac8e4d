// SPDX-License-Identifier: Apache-2.0
// A record group gives back exactly what was put in, or an error: never something else.
#include <gtest/gtest.h>
#include <zstd.h>

#include <cstring>

#include "proto/crc32c.h"
#include "proto/decode_errc.h"
#include "proto/record_group.h"

namespace proto {
namespace {

std::vector<GroupedRecord> records_of(std::size_t count) {
  std::vector<GroupedRecord> records(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = std::to_string(i + 1);
    records[i].start_utc_us = 1'795'521'600'000'000 + static_cast<std::int64_t>(i) * 100'000;
    records[i].end_utc_us = records[i].start_utc_us + 100'000;
    records[i].value = R"({"schema":"bench.telemetry/1","record_number":)" + number +
                       R"(,"voltage__V":3.)" + number + "}";
  }
  return records;
}

void set_u32(std::vector<std::byte>& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// What damage inside a row whose checksum was redone would look like.
void seal(std::vector<std::byte>& group) { set_u32(group, 4, crc32c(std::span(group).subspan(8))); }

void expect_error(const std::vector<std::byte>& group, DecodeErrc code) {
  const auto decoded = decode_record_group(group);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, make_error_code(code)) << decoded.error().message();
}

TEST(RecordGroup, GivesBackWhatWasPutIn) {
  RecordGroupWriter writer;
  for (const std::size_t count : {1U, 2U, 30U, 1000U}) {
    auto records = records_of(count);
    records[0].value.clear();
    const auto decoded = decode_record_group(writer.encode(records));
    ASSERT_TRUE(decoded) << decoded.error().message();
    ASSERT_EQ(decoded->size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ((*decoded)[i].value, records[i].value);
      EXPECT_EQ((*decoded)[i].start_utc_us, records[i].start_utc_us);
      EXPECT_EQ((*decoded)[i].end_utc_us, records[i].end_utc_us);
      EXPECT_EQ((*decoded)[i].crc32c, crc32c(std::as_bytes(std::span(records[i].value))));
    }
  }
}

TEST(RecordGroup, HoldsOneRecordOfTheLargestSize) {
  std::vector<GroupedRecord> records(1);
  records[0].value.assign(kGroupBytesMax - kGroupEntryBytes, 'x');
  const auto decoded = decode_record_group(RecordGroupWriter().encode(records));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->front().value, records[0].value);
  records[0].value += 'x';
  EXPECT_DEATH(RecordGroupWriter().encode(records), "kGroupBytesMax");
}

TEST(RecordGroup, RejectsEverySingleBitFlip) {
  const auto group = RecordGroupWriter().encode(records_of(5));
  for (std::size_t bit = 0; bit < 8 * group.size(); ++bit) {
    auto damaged = group;
    damaged[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    ASSERT_FALSE(decode_record_group(damaged)) << "bit " << bit;
  }
}

TEST(RecordGroup, RejectsEveryTruncationAndAnythingBehind) {
  auto group = RecordGroupWriter().encode(records_of(5));
  for (std::size_t size = 0; size < group.size(); ++size) {
    ASSERT_FALSE(decode_record_group(std::span(group).first(size))) << size;
  }
  group.push_back(std::byte{0});
  EXPECT_FALSE(decode_record_group(group));
  seal(group);
  expect_error(group, DecodeErrc::kMalformed);
}

TEST(RecordGroup, RejectsCountsThatItsBodyDoesNotBear) {
  const auto group = RecordGroupWriter().encode(records_of(5));
  for (const std::uint32_t count : {0U, 4U, 6U, 0xFFFF'FFFFU}) {
    auto lying = group;
    set_u32(lying, 8, count);
    seal(lying);
    EXPECT_FALSE(decode_record_group(lying)) << count;
  }
}

TEST(RecordGroup, DoesNotInflateWhatClaimsTooMuch) {
  auto group = RecordGroupWriter().encode(records_of(5));
  set_u32(group, 12, kGroupBytesMax + 1);
  seal(group);
  expect_error(group, DecodeErrc::kTooLarge);
  // 64 MiB of zeros in 2 kB, declared as 4 MiB.
  const std::vector<std::byte> zeros(64 << 20);
  std::vector<std::byte> bomb(16 + ZSTD_compressBound(zeros.size()));
  bomb.resize(16 +
              ZSTD_compress(bomb.data() + 16, bomb.size() - 16, zeros.data(), zeros.size(), 3));
  std::memcpy(bomb.data(), group.data(), 16);
  set_u32(bomb, 12, kGroupBytesMax);
  seal(bomb);
  expect_error(bomb, DecodeErrc::kMalformed);
}

TEST(RecordGroup, TellsAnotherFormatFromDamage) {
  expect_error(std::vector<std::byte>(64, std::byte{0x7B}), DecodeErrc::kOtherFormat);
  expect_error({}, DecodeErrc::kTruncated);
}

}  // namespace
}  // namespace proto
