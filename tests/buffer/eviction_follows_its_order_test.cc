// SPDX-License-Identifier: Apache-2.0
// What goes when the quota is reached, in which order, and what is said about it.
#include <set>

#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;
using testing::ElementsAre;

constexpr std::size_t kRowBytes = 100'000;

class EvictionFollowsItsOrder : public SpoolBench {
 protected:
  // Fills the ring to its quota without any eviction.
  void fill(Spool& spool, const std::vector<Lane>& lanes) {
    std::vector<NewRow> rows;
    for (std::uint64_t n = 0; n < 150 / lanes.size(); ++n) {
      for (const Lane lane : lanes) rows.push_back(make_row(lane, n, kRowBytes));
      if (rows.size() < 10) continue;
      ASSERT_TRUE(commit(spool, rows).evicted.empty());
      rows.clear();
    }
    commit(spool, rows);
  }
  // Appends to the lane until something was evicted; what the report named.
  CommitReport push_until_evicted(Spool& spool, Lane lane) {
    for (std::uint64_t n = 1000; n < 1200; ++n) {
      CommitReport report = commit(spool, {make_row(lane, n, kRowBytes)});
      if (report.evicted_acked_rows > 0 || !report.evicted.empty()) return report;
    }
    ADD_FAILURE() << "nothing was evicted";
    return {};
  }
  std::uint64_t first(Lane lane) {
    const auto all = positions(lane);
    return all.empty() ? 0 : all.front();
  }
};

TEST_F(EvictionFollowsItsOrder, FirstAckedArchiveThenAckedRestThenUnackedByLane) {
  const auto spool = open_spool();
  fill(*spool, {Lane::kEvent, Lane::kTelemetry, Lane::kWaveform, Lane::kArchive});
  ack(*spool, Lane::kArchive, 5);
  ack(*spool, Lane::kWaveform, 4);
  ack(*spool, Lane::kTelemetry, 6);
  // One lane and kind after the other, in the order in which they lose rows.
  std::vector<std::string> order;
  std::map<Lane, std::uint64_t> watermark = {
      {Lane::kArchive, 5}, {Lane::kWaveform, 4}, {Lane::kTelemetry, 6}, {Lane::kEvent, 0}};
  std::map<Lane, std::uint64_t> heads;
  for (const Lane lane : kAllRowLanes) heads[lane] = first(lane);
  for (std::uint64_t n = 1000; n < 1200 && first(Lane::kTelemetry) != 0; ++n) {
    commit(*spool, {make_row(Lane::kEvent, n, kRowBytes)});
    for (const Lane lane : kAllRowLanes) {
      const std::uint64_t head = first(lane);
      if (head == heads[lane]) continue;
      for (std::uint64_t gone = heads[lane]; gone != head && gone < 10'000; ++gone) {
        const std::string step = std::string(gone <= watermark[lane] ? "acked " : "unacked ") +
                                 std::string(proto::to_string(lane));
        if (order.empty() || order.back() != step) order.push_back(step);
        if (head == 0 && positions(lane).empty() && gone >= 37) break;
      }
      heads[lane] = head;
    }
  }
  // Acked rows of the two lanes go in the order of their time, so they take turns.
  std::vector<std::string> kinds;
  std::set<std::string> seen;
  for (const std::string& step : order) {
    const bool rest = step == "acked waveform" || step == "acked telemetry";
    if (seen.insert(rest ? "acked rest" : step).second) kinds.push_back(rest ? "acked rest" : step);
  }
  EXPECT_THAT(kinds, ElementsAre("acked archive", "acked rest", "unacked archive",
                                 "unacked waveform", "unacked telemetry"));
  EXPECT_EQ(first(Lane::kEvent), 1u) << "events go last";
}

TEST_F(EvictionFollowsItsOrder, AckedRowsOfAllLanesGoOldestFirst) {
  const auto spool = open_spool();
  std::vector<NewRow> rows = make_rows(Lane::kWaveform, 500, 10, kRowBytes);  // younger
  commit(*spool, rows);
  commit(*spool, make_rows(Lane::kTelemetry, 10, 10, kRowBytes));  // older
  ack(*spool, Lane::kWaveform, 10);
  ack(*spool, Lane::kTelemetry, 10);
  std::uint64_t n = 0;
  while (first(Lane::kTelemetry) == 1) commit(*spool, {make_row(Lane::kEvent, n++, kRowBytes)});
  EXPECT_EQ(first(Lane::kWaveform), 1u);
  EXPECT_GT(first(Lane::kTelemetry), 1u);
}

TEST_F(EvictionFollowsItsOrder, EventsGoLastAndTheOldestOfThemFirst) {
  const auto spool = open_spool();
  fill(*spool, {Lane::kEvent});
  const CommitReport report = push_until_evicted(*spool, Lane::kEvent);
  ASSERT_EQ(report.evicted.size(), 1u);
  EXPECT_EQ(report.evicted[0].lane, Lane::kEvent);
  EXPECT_EQ(report.evicted[0].seq_first.value(), 1u);
  EXPECT_EQ(first(Lane::kEvent), report.evicted[0].seq_last.value() + 1);
}

TEST_F(EvictionFollowsItsOrder, PinnedRowsStayAndThoseBehindThemGo) {
  auto spool = open_spool();
  fill(*spool, {Lane::kWaveform});
  spool->pin(Lane::kWaveform, Position(1), Position(8));
  const CommitReport report = push_until_evicted(*spool, Lane::kWaveform);
  ASSERT_EQ(report.evicted.size(), 1u);
  EXPECT_EQ(report.evicted[0].seq_first.value(), 9u);
  auto all = positions(Lane::kWaveform);
  for (std::uint64_t n = 1; n <= 8; ++n) EXPECT_EQ(all[n - 1], n);
  EXPECT_EQ(all[8], report.evicted[0].seq_last.value() + 1);
  const LaneTotals live = spool->totals().lanes.at(Lane::kWaveform);
  EXPECT_EQ(live.rows, all.size());
  EXPECT_EQ(live.unacked_rows, all.size());
  EXPECT_EQ(live.bytes, all.size() * kRowBytes);
  // The counts are the same when they are read from the file, and after an opening.
  const SpoolTotals read = *open_reader()->totals();
  EXPECT_EQ(read.lanes.at(Lane::kWaveform).rows, all.size());
  EXPECT_EQ(read.lanes.at(Lane::kWaveform).bytes, all.size() * kRowBytes);
  spool.reset();
  spool = open_spool();
  EXPECT_EQ(spool->totals().lanes.at(Lane::kWaveform).unacked_records, all.size());
  // The pin was the writer's memory. The next eviction takes the head and joins the hole.
  const std::uint64_t behind_hole = all[8];
  for (int i = 0; i < 5 && first(Lane::kWaveform) <= 8; ++i) {
    push_until_evicted(*spool, Lane::kWaveform);
  }
  all = positions(Lane::kWaveform);
  EXPECT_GE(all.front(), behind_hole);
  EXPECT_EQ(spool->totals().lanes.at(Lane::kWaveform).rows, all.size());
}

TEST_F(EvictionFollowsItsOrder, NothingEvictableIsAnErrorThatChangesNothing) {
  const auto spool = open_spool();
  fill(*spool, {Lane::kWaveform});
  const auto before = positions(Lane::kWaveform);
  spool->pin(Lane::kWaveform, Position(1), Position(100'000));
  proto::Result<CommitReport> report;
  for (std::uint64_t n = 0; report && n < 100; ++n) {
    report = try_commit(*spool, make_rows(Lane::kWaveform, n, 5, kRowBytes));
  }
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, SpoolErrc::kFull);
  EXPECT_EQ(first(Lane::kWaveform), before.front());
  spool->unpin(Lane::kWaveform);
  EXPECT_TRUE(try_commit(*spool, make_rows(Lane::kWaveform, 1, 5, kRowBytes)));
}

TEST_F(EvictionFollowsItsOrder, RangesAreMergedPerStreamKeyAndSegment) {
  auto spool = open_spool();
  const proto::StreamId old_stream = spool->open_report().stream;
  const auto row_of = [](std::uint64_t n, const std::string& key, std::uint32_t segment) {
    NewRow row = make_row(Lane::kWaveform, n, 20'000);
    row.facts.key = key;
    row.facts.segment = proto::SegmentId(segment);
    return row;
  };
  // Two keys take turns, the first changes its segment, then the spool is opened anew.
  commit(*spool, {row_of(0, "a/t", 1), row_of(0, "b/t", 1), row_of(1, "a/t", 1),
                  row_of(1, "b/t", 1), row_of(2, "a/t", 2)});
  spool.reset();
  spool = open_spool();
  commit(*spool, {row_of(3, "a/t", 2)});
  fill(*spool, {Lane::kTelemetry});
  const CommitReport report = push_until_evicted(*spool, Lane::kTelemetry);
  ASSERT_EQ(report.evicted.size(), 4u);
  const EvictedRange& a1 = report.evicted[0];
  EXPECT_EQ(a1.key, "a/t");
  EXPECT_EQ(a1.stream, old_stream);
  EXPECT_EQ(a1.segment.value(), 1u);
  EXPECT_EQ(a1.rows, 2u);
  EXPECT_EQ(a1.bytes, 40'000u);
  EXPECT_EQ(a1.id_first.value(), 0u);
  EXPECT_EQ(a1.id_last.value(), 1999u);
  EXPECT_EQ(a1.id_count, 2000u);
  EXPECT_EQ(a1.seq_first.value(), 1u);
  EXPECT_EQ(a1.seq_last.value(), 3u);
  EXPECT_EQ(a1.t_first_us, 0);
  EXPECT_EQ(a1.t_last_us, 2'000'000);
  EXPECT_EQ(report.evicted[1].key, "b/t");
  EXPECT_EQ(report.evicted[2].segment.value(), 2u);
  EXPECT_EQ(report.evicted[2].stream, old_stream);
  EXPECT_EQ(report.evicted[3].stream, spool->open_report().stream);
  EXPECT_EQ(report.evicted[3].seq_first.value(), 1u);
}

TEST_F(EvictionFollowsItsOrder, TheObserversRowsAreInTheSameCommit) {
  const auto spool = open_spool();
  fill(*spool, {Lane::kWaveform});
  std::uint64_t told = 0;
  spool->set_eviction_observer([&](std::span<const EvictedRange> ranges) {
    std::vector<NewRow> gaps;
    for (const EvictedRange& range : ranges) {
      told += range.rows;
      gaps.push_back(make_row(Lane::kEvent, range.seq_last.value(), 200));
    }
    return gaps;
  });
  disk_.start_log();
  const CommitReport report = push_until_evicted(*spool, Lane::kWaveform);
  ASSERT_EQ(report.evicted.size(), 1u);
  EXPECT_EQ(told, report.evicted[0].rows);
  const auto events = metas(Lane::kEvent);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].facts.id_first.value(), 1000 * report.evicted[0].seq_last.value());
  // Gone from the file and told of at the same instant: a cut before the sync shows neither.
  EXPECT_EQ(first(Lane::kWaveform), report.evicted[0].seq_last.value() + 1);
}

TEST_F(EvictionFollowsItsOrder, TheQuotaHoldsOverManyTurns) {
  options_.wal_checkpoint_bytes = 1 << 20;
  const auto spool = open_spool();
  std::uint64_t file_max = 0;
  std::uint64_t wal_max = 0;
  std::uint64_t evicted = 0;
  std::uint64_t written = 0;
  const std::size_t sizes[] = {300, 90'000, 2'000, 250'000, 17, 5'000};
  for (std::uint64_t n = 0; n < 700; ++n) {
    const Lane lane = kAllRowLanes[n % 4];
    const std::size_t size = sizes[n % 6];
    const CommitReport report = commit(*spool, {make_row(lane, n, size)});
    written += size;
    for (const EvictedRange& range : report.evicted) evicted += range.rows;
    file_max = std::max(file_max, std::filesystem::file_size(options_.path));
    wal_max = std::max(wal_max, std::filesystem::file_size(options_.path + "-wal"));
  }
  EXPECT_GT(written, 2 * options_.quota_bytes);
  EXPECT_LE(file_max, options_.quota_bytes);
  EXPECT_LE(wal_max, 2 * options_.wal_checkpoint_bytes);
  EXPECT_EQ(spool->totals().file_bytes, std::filesystem::file_size(options_.path));
  std::uint64_t left = 0;
  for (const Lane lane : kAllRowLanes) left += positions(lane).size();
  EXPECT_EQ(left + evicted, 700u);
  // The ring is used: what is left fills most of the quota.
  std::uint64_t bytes = 0;
  for (const auto& [lane, totals] : spool->totals().lanes) bytes += totals.bytes;
  EXPECT_GT(bytes, options_.quota_bytes * 3 / 4);
  EXPECT_TRUE(open_reader()->verify(nullptr)->ok());
}

TEST_F(EvictionFollowsItsOrder, ACommitLargerThanTheQuotaIsRefusedAndSaysWhatToDo) {
  const auto spool = open_spool();
  commit(*spool, {make_row(Lane::kEvent, 1, 100)});
  const auto report = try_commit(*spool, {make_row(Lane::kWaveform, 1, 17 << 20)});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, SpoolErrc::kFull);
  EXPECT_NE(report.error().message().find("raise the quota"), std::string::npos);
  EXPECT_THAT(positions(Lane::kEvent), ElementsAre(1));
}

}  // namespace
}  // namespace buffer
