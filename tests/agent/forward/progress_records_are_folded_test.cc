// SPDX-License-Identifier: Apache-2.0
// Many records become one progress: the highest sequences, and the instance that wrote last.
#include <gtest/gtest.h>

#include "agent/forward/progress_fold.h"
#include "agent/forward/progress_reader.h"

namespace agent {
namespace {

using proto::Lane;
using proto::Sequence;
using proto::StreamId;

const StreamId kStream = *StreamId::from_hex(std::string(32, 'a'));

std::string value(const std::string& instance, std::int64_t started_utc_us, std::uint64_t next) {
  proto::ProgressRecord record;
  record.agent_id = "bench-07";
  record.instance_id = instance;
  record.started_utc_us = started_utc_us;
  record.next_sequence[kStream][Lane::kTelemetry] = Sequence(next);
  return to_json(record);
}

TEST(ProgressRecords, OfOthersAndTombstonesArePassedOver) {
  ProgressFold fold("bench-07");
  fold.take(0, "bench-08", value("x", 1, 5));
  fold.take(0, "bench-07", "");
  EXPECT_FALSE(fold.result());
  EXPECT_EQ(fold.unreadable_count(), 0U);
}

TEST(ProgressRecords, ThatCannotBeReadAreCounted) {
  ProgressFold fold("bench-07");
  fold.take(0, "bench-07", value("x", 1, 5));
  fold.take(0, "bench-07", "{}");
  fold.take(0, "bench-08", "{}");
  EXPECT_EQ(fold.unreadable_count(), 1U);
  EXPECT_EQ(fold.result()->instance_id, "x");
}

// A clock that was set back must not hide who wrote last.
TEST(ProgressRecords, InOnePartitionTheOffsetSaysWhoWroteLast) {
  ProgressFold fold("bench-07");
  fold.take(0, "bench-07", value("clock ahead", 900, 9));
  fold.take(0, "bench-07", value("written last", 100, 4));
  EXPECT_EQ(fold.result()->instance_id, "written last");
  EXPECT_EQ(fold.result()->next_sequence.at(kStream).at(Lane::kTelemetry), Sequence(9));
}

TEST(ProgressRecords, AcrossPartitionsTheStartTimeDoes) {
  for (const bool newer_first : {false, true}) {
    ProgressFold fold("bench-07");
    if (newer_first) fold.take(3, "bench-07", value("newer", 200, 8));
    fold.take(0, "bench-07", value("older", 100, 9));
    if (!newer_first) fold.take(3, "bench-07", value("newer", 200, 8));
    EXPECT_EQ(fold.result()->instance_id, "newer");
    EXPECT_EQ(fold.result()->next_sequence.at(kStream).at(Lane::kTelemetry), Sequence(9));
  }
}

TEST(ProgressOffsetsText, ComesBackAsItWas) {
  for (const ProgressOffsets& offsets :
       {ProgressOffsets{}, ProgressOffsets{{0, 0}}, ProgressOffsets{{0, 17}, {3, 1LL << 60}}}) {
    EXPECT_EQ(progress_offsets_from(to_text(offsets)), offsets);
  }
}

// A negative offset would mean "the end" to the client library: everything would be skipped.
TEST(ProgressOffsetsText, ThatIsNoneIsRefused) {
  for (const char* text : {"x", "0", "0:", ":1", "0:-1", "-1:0", "0:1 0:2", "0:1,1:2", "0:1x",
                           "0:99999999999999999999", "9999999999:1", " ", "0:1  1:2"}) {
    EXPECT_FALSE(progress_offsets_from(text)) << text;
  }
}

}  // namespace
}  // namespace agent
