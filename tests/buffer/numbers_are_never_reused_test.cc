// SPDX-License-Identifier: Apache-2.0
// Positions grow for ever; sequences are dense from 1 in each stream and lane; each opening is a
// new stream that tells where the one before ended.
#include "proto/cloud_event.h"
#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using proto::Sequence;
using NumbersAreNeverReused = SpoolBench;

TEST_F(NumbersAreNeverReused, SequencesAreDensePerStreamAndLane) {
  std::vector<proto::StreamId> streams;
  for (std::uint64_t opening = 0; opening < 3; ++opening) {
    const auto spool = open_spool();
    streams.push_back(spool->open_report().stream);
    for (std::uint64_t n = 0; n < 4; ++n) {
      commit(*spool, {make_row(Lane::kTelemetry, n, 300), make_row(Lane::kEvent, n, 100)});
    }
  }
  EXPECT_NE(streams[0], streams[1]);
  EXPECT_NE(streams[1], streams[2]);
  for (const Lane lane : {Lane::kTelemetry, Lane::kEvent}) {
    const auto rows = metas(lane);
    ASSERT_EQ(rows.size(), 12u);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].position.value(), i + 1);
      EXPECT_EQ(rows[i].stream, streams[i / 4]);
      EXPECT_EQ(rows[i].seq_first.value(), i % 4 * rows[i].facts.count + 1);
    }
  }
}

TEST_F(NumbersAreNeverReused, AnOpeningTellsWhereTheStreamBeforeEnded) {
  auto spool = open_spool();
  EXPECT_TRUE(spool->open_report().created);
  EXPECT_FALSE(spool->open_report().previous_stream);
  const proto::StreamId first = spool->open_report().stream;
  commit(*spool, make_rows(Lane::kTelemetry, 0, 3, 100));  // 5 records each
  commit(*spool, make_rows(Lane::kEvent, 0, 2, 100));
  spool.reset();
  spool = open_spool();
  EXPECT_FALSE(spool->open_report().created);
  EXPECT_EQ(spool->open_report().previous_stream, first);
  const auto last = spool->open_report().previous_last_sequence;
  EXPECT_EQ(last.at(Lane::kTelemetry), Sequence(15));
  EXPECT_EQ(last.at(Lane::kEvent), Sequence(2));
  EXPECT_EQ(last.at(Lane::kWaveform), Sequence(0));
}

// As after a kill between the opening and the first commit of rows.
TEST_F(NumbersAreNeverReused, AStreamWithoutARowDoesNotBreakTheChain) {
  auto spool = open_spool();
  const proto::StreamId first = spool->open_report().stream;
  spool.reset();
  spool = open_spool();
  EXPECT_FALSE(spool->open_report().previous_stream) << "the first stream had no row either";
  const proto::StreamId second = spool->open_report().stream;
  EXPECT_NE(first, second);
  commit(*spool, make_rows(Lane::kEvent, 0, 2, 100));
  for (int opening = 0; opening < 3; ++opening) {
    spool.reset();
    spool = open_spool();
    EXPECT_EQ(spool->open_report().previous_stream, second);
    EXPECT_EQ(spool->open_report().previous_last_sequence.at(Lane::kEvent), Sequence(2));
    EXPECT_EQ(spool->open_report().previous_last_sequence.at(Lane::kTelemetry), Sequence(0));
  }
  const proto::StreamId fifth = spool->open_report().stream;
  commit(*spool, make_rows(Lane::kEvent, 2, 3, 100));
  spool.reset();
  spool = open_spool();
  EXPECT_EQ(spool->open_report().previous_stream, fifth);
  EXPECT_EQ(spool->open_report().previous_last_sequence.at(Lane::kEvent), Sequence(3));
}

TEST_F(NumbersAreNeverReused, PositionsGoOnWhenAllRowsWereEvicted) {
  auto spool = open_spool();
  std::uint64_t n = 0;
  for (; n < 10; ++n) commit(*spool, {make_row(Lane::kArchive, n, 1000)});
  ack(*spool, Lane::kArchive, 10);
  // The ring turns until no row of the archive is left.
  for (std::uint64_t i = 0; !positions(Lane::kArchive).empty() && i < 40; ++i) {
    commit(*spool, {make_row(Lane::kWaveform, i, 1 << 20)});
  }
  ASSERT_TRUE(positions(Lane::kArchive).empty());
  const LaneTotals empty = spool->totals().lanes.at(Lane::kArchive);
  EXPECT_EQ(empty.rows, 0u);
  EXPECT_EQ(empty.bytes, 0u);
  spool.reset();
  spool = open_spool();
  EXPECT_EQ(spool->open_report().previous_last_sequence.at(Lane::kArchive), Sequence(10));
  commit(*spool, {make_row(Lane::kArchive, n, 1000)});
  EXPECT_THAT(positions(Lane::kArchive), testing::ElementsAre(11));
  EXPECT_EQ(spool->totals().lanes.at(Lane::kArchive).unacked_rows, 1u);
}

TEST_F(NumbersAreNeverReused, AcksOnlyMoveForward) {
  auto spool = open_spool();
  commit(*spool, make_rows(Lane::kTelemetry, 0, 6, 100));
  ack(*spool, Lane::kTelemetry, 4);
  ack(*spool, Lane::kTelemetry, 2);
  const auto unacked = [](const SpoolTotals& totals) {
    return totals.lanes.at(Lane::kTelemetry).unacked_rows;
  };
  EXPECT_EQ(unacked(spool->totals()), 2u);
  EXPECT_EQ(spool->totals().lanes.at(Lane::kTelemetry).unacked_records, 10u);
  EXPECT_EQ(spool->totals().lanes.at(Lane::kTelemetry).unacked_bytes, 200u);
  EXPECT_EQ(spool->totals().lanes.at(Lane::kTelemetry).oldest_unacked_us, 4'000'000);
  spool.reset();
  spool = open_spool();
  EXPECT_EQ(unacked(spool->totals()), 2u);
  EXPECT_EQ(unacked(*open_reader()->totals()), 2u);
  EXPECT_EQ(open_reader()->watermark(Lane::kTelemetry)->value(), 4u);
  const auto rows = metas(Lane::kTelemetry);
  EXPECT_TRUE(rows[3].acked);
  EXPECT_FALSE(rows[4].acked);
}

TEST_F(NumbersAreNeverReused, AnAckOfTheFutureIsABug) {
  const auto spool = open_spool();
  commit(*spool, {make_row(Lane::kTelemetry, 0, 100)});
  const LaneAck future{Lane::kTelemetry, Position(2)};
  Commit one;
  one.acks = std::span(&future, 1);
  EXPECT_DEATH(static_cast<void>(spool->commit(one)), "ack.through");
}

}  // namespace
}  // namespace buffer
