// SPDX-License-Identifier: Apache-2.0
// A flipped bit in a row is found before the row is sent, named, and costs that row alone.
#include <fstream>

#include "buffer/sqlite_database.h"
#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using testing::HasSubstr;

class DamageIsFound : public SpoolBench {
 protected:
  void SetUp() override {
    auto spool = open_spool();
    commit(*spool, make_rows(Lane::kTelemetry, 1, 5, 600));
  }
  // Changes a column below the spool's eyes, as a flipped bit would.
  void spoil(const std::string& sql) {
    Database db;
    ASSERT_EQ(db.open(options_.path, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    ASSERT_EQ(db.exec(sql), SQLITE_OK) << db.message();
  }
};

TEST_F(DamageIsFound, AFlippedPayloadBitInTheFileItself) {
  const auto payload = make_row(Lane::kTelemetry, 3, 600).payload;
  std::filesystem::remove(options_.path + "-wal");
  std::filesystem::remove(options_.path + "-shm");
  std::string bytes;
  {
    std::ifstream file(options_.path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto at = bytes.find(std::string(reinterpret_cast<const char*>(payload.data()), 600));
  ASSERT_NE(at, std::string::npos);
  std::fstream file(options_.path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at + 77));
  file.put(static_cast<char>(bytes[at + 77] ^ 0x10));
  file.close();

  const auto reader = open_reader();
  const auto before = reader->read(Lane::kTelemetry, Position(0), {});
  ASSERT_TRUE(before) << "rows before the damaged one are returned";
  EXPECT_EQ(before->size(), 2u);
  const auto damaged = reader->read(Lane::kTelemetry, Position(2), {});
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, SpoolErrc::kRowCorrupt);
  EXPECT_THAT(damaged.error().message(), HasSubstr("row 3 of lane telemetry (sequence 11"));
  const auto meta = reader->read_meta(Lane::kTelemetry, Position(2), 1);
  ASSERT_TRUE(meta);
  EXPECT_FALSE(meta->front().facts_damaged) << "who lost what is still known";
  EXPECT_EQ(meta->front().facts.id_first.value(), 3000u);
  const auto after = reader->read(Lane::kTelemetry, meta->front().position, {});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->size(), 2u);
  const auto report = reader->verify(nullptr);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rows, 5u);
  ASSERT_EQ(report->damaged.size(), 1u);
  EXPECT_EQ(report->damaged[0].position.value(), 3u);
}

TEST_F(DamageIsFound, EveryFactIsUnderTheChecksum) {
  const char* const columns[] = {"seq_first",    "count",        "segment",
                                 "id_first",     "id_last",      "id_count",
                                 "t_first_us",   "t_last_us",    "records_before",
                                 "bytes_before", "facts_crc32c", "payload_crc32c"};
  const auto expect_damaged = [&](const std::string& column) {
    const auto reader = open_reader();
    const auto meta = reader->read_meta(Lane::kTelemetry, Position(2), 1);
    ASSERT_TRUE(meta);
    EXPECT_TRUE(meta->front().facts_damaged) << column;
    EXPECT_EQ(meta->front().position.value(), 3u);
    EXPECT_EQ(reader->read(Lane::kTelemetry, Position(2), {}).error().code, SpoolErrc::kRowCorrupt);
    EXPECT_TRUE(reader->read(Lane::kTelemetry, Position(3), {})) << column;
  };
  for (const std::string column : columns) {
    for (const char* const bit : {"1", "(1<<40)"}) {
      const std::string flip = "UPDATE row_telemetry SET " + column + " = (" + column + " | " +
                               bit + ") - (" + column + " & " + bit + ") WHERE position = 3";
      spoil(flip);
      expect_damaged(column);
      spoil(flip);  // back again
      ASSERT_TRUE(open_reader()->verify(nullptr)->ok()) << column;
    }
  }
  for (const std::string column : {"topic", "key", "device_id"}) {
    spoil("UPDATE row_telemetry SET " + column + " = " + column + " || 'x' WHERE position = 3");
    expect_damaged(column);
    spoil("UPDATE row_telemetry SET " + column + " = substr(" + column + ", 1, length(" + column +
          ") - 1) WHERE position = 3");
  }
  spoil("UPDATE row_telemetry SET stream = zeroblob(16) WHERE position = 3");
  expect_damaged("stream");
}

TEST_F(DamageIsFound, ARowThatMovedIsDamaged) {
  spoil("UPDATE row_telemetry SET position = 9 WHERE position = 3");
  const auto report = open_reader()->verify(nullptr);
  ASSERT_EQ(report->damaged.size(), 1u);
  EXPECT_EQ(report->damaged[0].position.value(), 9u);
}

TEST_F(DamageIsFound, ALostEndOfAPayloadIsDamage) {
  spoil("UPDATE row_telemetry SET payload = substr(payload, 1, 599) WHERE position = 3");
  const auto report = open_reader()->verify(nullptr);
  ASSERT_EQ(report->damaged.size(), 1u);
}

TEST_F(DamageIsFound, ADamagedRowCanBeEvictedAndIsCounted) {
  spoil("UPDATE row_telemetry SET key = 'nobody' WHERE position = 1");
  const auto spool = open_spool();
  EXPECT_EQ(spool->open_report().set_aside, "");
  std::vector<EvictedRange> evicted;
  for (std::uint64_t n = 0; n < 400 && evicted.empty(); ++n) {
    evicted = commit(*spool, {make_row(Lane::kEvent, n, 60'000)}).evicted;
  }
  ASSERT_GE(evicted.size(), 2u) << "the damaged row is not merged with sound ones";
  EXPECT_TRUE(evicted[0].facts_damaged);
  EXPECT_FALSE(evicted[1].facts_damaged);
  EXPECT_EQ(evicted[1].rows, 4u);
}

TEST_F(DamageIsFound, AFlippedStateValueIsNotBelieved) {
  {
    const auto spool = open_spool();
    const StateChange change{"test.n", "12345"};
    Commit one;
    one.state = std::span(&change, 1);
    ASSERT_TRUE(spool->commit(one));
  }
  spoil("UPDATE state SET value = CAST('12355' AS BLOB) WHERE key = 'test.n'");
  const auto reader = open_reader();
  const auto value = reader->state("test.n");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, SpoolErrc::kRowCorrupt);
  EXPECT_THAT(value.error().message(), HasSubstr("test.n"));
  EXPECT_FALSE(reader->verify(nullptr)->ok());
}

}  // namespace
}  // namespace buffer
