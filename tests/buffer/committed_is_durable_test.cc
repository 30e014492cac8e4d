// SPDX-License-Identifier: Apache-2.0
// A commit that returned ok is what the next opening finds, row for row; one that failed left
// nothing behind.
#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using CommittedIsDurable = SpoolBench;

TEST_F(CommittedIsDurable, ReopeningSeesExactlyTheCommittedRows) {
  auto spool = open_spool();
  for (std::uint64_t n = 0; n < 40; ++n) {
    commit(*spool, {make_row(Lane::kTelemetry, n, 700), make_row(Lane::kWaveform, n, 30'000)});
  }
  ack(*spool, Lane::kTelemetry, 7);
  const SpoolContent before = content_of(options_.path);
  EXPECT_EQ(before.lines.size(), 80u);
  spool.reset();
  EXPECT_EQ(content_of(options_.path), before);
  spool = open_spool();
  EXPECT_EQ(content_of(options_.path), before);
}

TEST_F(CommittedIsDurable, TheSyncIsDoneWhenTheCommitReturns) {
  const auto spool = open_spool();
  disk_.start_log();
  commit(*spool, {make_row(Lane::kEvent, 1, 100)});
  ASSERT_FALSE(disk_.log().empty());
  EXPECT_EQ(disk_.log().back().call, DiskCall::kSync);
  EXPECT_EQ(disk_.log().back().file, DiskFile::kWal);
}

TEST_F(CommittedIsDurable, EveryFactAndByteComesBack) {
  auto spool = open_spool();
  NewRow row = make_row(Lane::kTelemetry, 12, 5000);
  row.facts.key = "js220-000001/a test/\xC3\xBC";
  row.facts.id_first = proto::SampleId((1ull << 53) - 2000);
  row.facts.id_last = proto::SampleId((1ull << 53) - 1);
  row.facts.t_first_us = -5;
  row.facts.count = 4'000'000'000;
  row.facts.segment = proto::SegmentId(UINT32_MAX);
  commit(*spool, {row, make_row(Lane::kTelemetry, 13, 0)});
  const proto::StreamId stream = spool->open_report().stream;
  spool.reset();
  const auto rows = open_reader()->read(Lane::kTelemetry, Position(0), {});
  ASSERT_TRUE(rows) << rows.error().message();
  ASSERT_EQ(rows->size(), 2u);
  const Row& got = rows->front();
  EXPECT_EQ(got.payload, row.payload);
  EXPECT_EQ(got.meta.facts.topic, row.facts.topic);
  EXPECT_EQ(got.meta.facts.key, row.facts.key);
  EXPECT_EQ(got.meta.facts.device_id, row.facts.device_id);
  EXPECT_EQ(got.meta.facts.segment, row.facts.segment);
  EXPECT_EQ(got.meta.facts.id_first, row.facts.id_first);
  EXPECT_EQ(got.meta.facts.id_last, row.facts.id_last);
  EXPECT_EQ(got.meta.facts.id_count, row.facts.id_count);
  EXPECT_EQ(got.meta.facts.t_first_us, row.facts.t_first_us);
  EXPECT_EQ(got.meta.facts.t_last_us, row.facts.t_last_us);
  EXPECT_EQ(got.meta.facts.count, row.facts.count);
  EXPECT_EQ(got.meta.stream, stream);
  EXPECT_FALSE(got.meta.acked);
  EXPECT_TRUE(rows->back().payload.empty());
  EXPECT_EQ(rows->back().meta.seq_first.value(), 4'000'000'001u);
}

TEST_F(CommittedIsDurable, AFailedCommitChangesNothing) {
  auto spool = open_spool();
  commit(*spool, {make_row(Lane::kEvent, 1, 100)});
  const SpoolContent before = content_of(options_.path);
  for (const DiskCall failing : {DiskCall::kWrite, DiskCall::kSync}) {
    disk_.set_fault([failing](DiskFile file, DiskCall call, std::int64_t, int) {
      return file == DiskFile::kWal && call == failing ? SQLITE_IOERR : SQLITE_OK;
    });
    const std::vector rows = {make_row(Lane::kEvent, 2, 100), make_row(Lane::kWaveform, 2, 9000)};
    const StateChange change{"test.n", "2"};
    const LaneAck acked{Lane::kEvent, Position(1)};
    Commit all;
    all.rows = rows;
    all.state = std::span(&change, 1);
    all.acks = std::span(&acked, 1);
    const auto report = spool->commit(all);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, SpoolErrc::kIo);
    EXPECT_NE(report.error().message().find(options_.path), std::string::npos);
    EXPECT_EQ(content_of(options_.path), before);
    EXPECT_EQ(spool->totals().lanes.at(Lane::kEvent).unacked_rows, 1u);
    disk_.set_fault(nullptr);
  }
  // And the spool goes on, with the numbers that the failed commits did not use up.
  commit(*spool, {make_row(Lane::kEvent, 2, 100)});
  EXPECT_THAT(positions(Lane::kEvent), testing::ElementsAre(1, 2));
  EXPECT_EQ(metas(Lane::kEvent).back().seq_first.value(), 2u);
}

TEST_F(CommittedIsDurable, StateAndRowsGoTogether) {
  auto spool = open_spool();
  for (int n = 1; n <= 5; ++n) {
    const std::vector rows = {make_row(Lane::kTelemetry, static_cast<std::uint64_t>(n), 100)};
    const std::vector<StateChange> state = {
        {"test.n", std::to_string(n)},
        {"test.old", n < 5 ? std::optional<std::string>("x") : std::nullopt},
        {"test_other", "y"}};
    Commit both;
    both.rows = rows;
    both.state = state;
    ASSERT_TRUE(spool->commit(both));
  }
  EXPECT_EQ(*spool->state("test.n"), "5");
  spool.reset();
  spool = open_spool();
  EXPECT_EQ(*spool->state("test.n"), "5");
  EXPECT_EQ(*spool->state("test.old"), std::nullopt);
  const auto entries = spool->state_with_prefix("test.");
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), 1u);
  const auto reader = open_reader();
  EXPECT_EQ(*reader->state("test.n"), "5");
  EXPECT_EQ(reader->state_with_prefix("test")->size(), 2u);
}

TEST_F(CommittedIsDurable, OnlyTheNewestValueOfAKeyIsSent) {
  auto spool = open_spool();
  const auto put = [&](const std::string& key, const std::string& value) {
    const LatestValue latest{"bench.device.v1", key, value, 17, 0};
    Commit one;
    one.latest = std::span(&latest, 1);
    ASSERT_TRUE(spool->commit(one));
  };
  const auto acked = [&](const std::string& key, std::uint64_t version) {
    const LatestAck latest{"bench.device.v1", key, version};
    Commit one;
    one.latest_acks = std::span(&latest, 1);
    ASSERT_TRUE(spool->commit(one));
  };
  put("a", "1");
  put("b", "1");
  put("a", "2");
  const auto reader = open_reader();
  auto unsent = reader->unsent_latest(10);
  ASSERT_TRUE(unsent);
  ASSERT_EQ(unsent->size(), 2u);
  EXPECT_EQ((*unsent)[0].key, "b");
  EXPECT_EQ((*unsent)[1].value, "2");
  EXPECT_EQ((*unsent)[1].utc_us, 17);
  const std::uint64_t sent = (*unsent)[1].version;
  EXPECT_EQ(spool->totals().latest_unacked, 2u);

  put("a", "3");  // while version `sent` is on its way
  acked("a", sent);
  unsent = reader->unsent_latest(10);
  ASSERT_EQ(unsent->size(), 2u) << "the ack of an older value must not hide the newer one";
  EXPECT_EQ((*unsent)[1].value, "3");
  acked("a", (*unsent)[1].version);
  acked("b", (*unsent)[0].version);
  const std::uint64_t newest = (*unsent)[1].version;
  EXPECT_TRUE(reader->unsent_latest(10)->empty());
  spool.reset();
  spool = open_spool();
  put("a", "4");
  EXPECT_GT(open_reader()->unsent_latest(10)->front().version, newest) << "versions are not reused";
}

}  // namespace
}  // namespace buffer
