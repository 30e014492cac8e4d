// SPDX-License-Identifier: Apache-2.0
// A ring that is full of unsent data goes on acquiring, and says exactly what it dropped for it.
#include <algorithm>
#include <random>

#include "buffer/spool.h"
#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

class DaemonEviction : public DaemonBench {
 protected:
  static constexpr std::uint64_t kIdsPerRow = 20'000;

  // Unsent waveform rows of an instrument that is gone, almost up to the quota.
  void fill(std::uint64_t rows_total) {
    buffer::SpoolOptions options;
    options.path = path("spool.db");
    options.quota_bytes = 16 << 20;
    auto spool = buffer::Spool::open(options, clock_);
    ASSERT_TRUE(spool.has_value());
    std::mt19937 random(1);
    for (std::uint64_t i = 0; i < rows_total; ++i) {
      buffer::NewRow row;
      row.facts.lane = proto::Lane::kWaveform;
      row.facts.topic = "bench.waveform.v1";
      row.facts.key = "js220-old/t-1";
      row.facts.device_id = "js220-old";
      row.facts.segment = proto::SegmentId(1);
      row.facts.id_first = proto::SampleId(i * kIdsPerRow);
      row.facts.id_last = proto::SampleId((i + 1) * kIdsPerRow - 1);
      row.facts.id_count = kIdsPerRow;
      row.facts.t_first_us = static_cast<std::int64_t>(i * 10'000);
      row.facts.t_last_us = static_cast<std::int64_t>((i + 1) * 10'000);
      row.payload.resize(200'000);
      for (std::byte& byte : row.payload) byte = static_cast<std::byte>(random());
      buffer::Commit commit;
      commit.rows = {&row, 1};
      const auto done = (*spool)->commit(commit);
      ASSERT_TRUE(done.has_value()) << done.error().message();
      ASSERT_TRUE(done->evicted.empty());
    }
  }
};

TEST_F(DaemonEviction, EveryEvictedRowIsNamedOnce) {
  constexpr std::uint64_t kRows = 70;
  fill(kRows);
  plug_in({"000001"}, 0.5);
  configure({"000001"}, "spool.quota = \"16MiB\"\nwaveform.rate = \"full\"");
  start();
  ASSERT_TRUE(wait_for([&] { return status()["spool"]["evicted_rows_total"] > 10; }));
  // Told by the main thread, at its next look.
  ASSERT_TRUE(wait_for([&] { return !events("spool_overflow").empty(); }));
  EXPECT_TRUE(stop());

  std::vector<bool> accounted(kRows + 1, false);
  for (const buffer::Row& row : rows(proto::Lane::kWaveform)) {
    if (row.meta.facts.device_id == "js220-old") accounted[row.meta.seq_first.value()] = true;
  }
  EXPECT_FALSE(accounted[1]) << "the oldest goes first";
  std::uint64_t values_lost = 0;
  std::uint64_t rows_lost = 0;
  for (const auto& gap : events("gap")) {
    if (gap["device_id"] != "js220-old") {  // a machine under load may lose some on the bus
      EXPECT_EQ(gap["gap_reason"], "usb_loss") << "nothing else of what is new is lost";
      continue;
    }
    EXPECT_EQ(gap["gap_reason"], "evicted");
    EXPECT_EQ(gap["lane"], "waveform");
    EXPECT_EQ(gap["test_id"], "t-1");
    for (std::uint64_t s = gap["sequence_first"]; s <= gap["sequence_last"]; ++s) {
      EXPECT_FALSE(accounted[s]) << "sequence " << s << " is there, or was named before";
      accounted[s] = true;
      ++rows_lost;
    }
    values_lost += gap["samples_lost"].get<std::uint64_t>();
  }
  EXPECT_EQ(std::count(accounted.begin() + 1, accounted.end(), false), 0) << "lost silently";
  EXPECT_EQ(values_lost, rows_lost * kIdsPerRow / 2);
  EXPECT_EQ(events("spool_overflow").size(), 1U);
  EXPECT_EQ(events().front()["event_type"], "agent_started") << "even where room had to be made";
  EXPECT_NE(log_text().find("unsent data was evicted"), std::string::npos);
}

// agent_started must be the first record of its stream, also where room has to be made for it.
TEST_F(DaemonEviction, GapsComeAfterTheRowsThatMadeThem) {
  fill(70);
  buffer::SpoolOptions options;
  options.path = path("spool.db");
  options.quota_bytes = 16 << 20;
  auto spool = buffer::Spool::open(options, clock_);
  ASSERT_TRUE(spool.has_value());
  const auto event_row = [](const std::string& key, std::size_t size_bytes) {
    buffer::NewRow row;
    row.facts.topic = "bench.event.v1";
    row.facts.key = key;
    row.payload.resize(size_bytes);
    return row;
  };
  (*spool)->set_eviction_observer(
      [&](auto) { return std::vector<buffer::NewRow>{event_row("gap", 100)}; });
  const std::vector<buffer::NewRow> own = {event_row("own", 4 << 20)};
  buffer::Commit commit;
  commit.rows = own;
  const auto done = (*spool)->commit(commit);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  ASSERT_FALSE(done->evicted.empty());
  const auto events = rows(proto::Lane::kEvent);
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events.front().meta.facts.key, "own");
  EXPECT_EQ(events.back().meta.facts.key, "gap");
}

}  // namespace
}  // namespace agent
