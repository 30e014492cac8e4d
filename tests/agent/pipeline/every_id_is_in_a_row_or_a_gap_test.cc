// SPDX-License-Identifier: Apache-2.0
// Conservation, per lane: whatever happens, each id of the counter is in exactly one row or in
// exactly one gap event. Random scripts of blocks, losses, invalid samples, commands, a full queue,
// replugs and kills that take the newest entries with them.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string what;
};

std::string lane_of(const Json& gap) {
  return gap.at("lane").is_null() ? "" : gap.at("lane").get<std::string>();
}

std::vector<Piece> gaps_of(const PipelineBench& bench, const std::string& lane) {
  std::vector<Piece> gaps;
  for (const Json& gap : bench.events("gap")) {
    const std::string of = lane_of(gap);
    if (!of.empty() && of != lane) continue;
    EXPECT_FALSE(gap.at("sample_id_first").is_null()) << gap;
    gaps.push_back({gap.at("sample_id_first").get<std::uint64_t>(),
                    gap.at("sample_id_last").get<std::uint64_t>() + 1,
                    gap.at("gap_reason").get<std::string>()});
  }
  return gaps;
}

// The pieces cover [begin, end) without a hole or an overlap.
void expect_tiles(std::vector<Piece> pieces, std::uint64_t begin, std::uint64_t end) {
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
  std::string before;
  for (const Piece& piece : pieces) {
    ASSERT_EQ(piece.begin, begin) << piece.what << " to " << piece.end << " after " << before;
    before = piece.what;
    ASSERT_GT(piece.end, piece.begin) << piece.what;
    begin = piece.end;
  }
  ASSERT_EQ(begin, end);
}

// A record's span minus the losses inside it; checks samples_missing on the way.
void expect_telemetry_tiles(const PipelineBench& bench, std::uint64_t begin, std::uint64_t end) {
  const std::vector<Piece> gaps = gaps_of(bench, "telemetry");
  std::vector<Piece> pieces = gaps;
  std::uint64_t delivered = 0;
  for (const Json& record : bench.records()) {
    const Json& aux = record.at("auxiliary");
    std::uint64_t from = aux.at("sample_id_first").get<std::uint64_t>();
    const std::uint64_t to = aux.at("sample_id_last").get<std::uint64_t>() + 1;
    const std::uint64_t arrived = aux.at("sample_count").get<std::uint64_t>();
    const std::uint64_t missing = aux.at("samples_missing").get<std::uint64_t>();
    ASSERT_EQ(2 * (arrived + missing), to - from) << record;
    delivered += 2 * arrived;
    std::uint64_t missing_ids = 0;
    std::vector<Piece> inside;
    for (const Piece& gap : gaps) {
      if (gap.end <= from || gap.begin >= to) continue;
      ASSERT_EQ(gap.what, "usb_loss") << record;
      missing_ids += std::min(gap.end, to) - std::max(gap.begin, from);
      inside.push_back(gap);
    }
    ASSERT_EQ(missing_ids, 2 * missing) << record;
    std::sort(inside.begin(), inside.end(),
              [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
    for (const Piece& gap : inside) {
      if (gap.begin > from) pieces.push_back({from, gap.begin, "record"});
      from = gap.end;
    }
    if (from < to) pieces.push_back({from, to, "record"});
  }
  expect_tiles(pieces, begin, end);
  std::uint64_t in_rows = 0;
  for (const auto& row : bench.rows(proto::Lane::kTelemetry)) in_rows += row.facts.id_count;
  EXPECT_EQ(in_rows, delivered);
}

void expect_waveform_tiles(const PipelineBench& bench, std::uint64_t begin, std::uint64_t end) {
  for (const std::string signal : {"current", "voltage"}) {
    std::vector<Piece> pieces = gaps_of(bench, "waveform");
    std::uint64_t delivered = 0;
    for (const proto::DecodedRow& row : bench.waveform()) {
      if (row.signal != signal) continue;
      const std::uint64_t ids = row.value_count() * row.ids_per_value;
      pieces.push_back({row.first_sample.value(), row.first_sample.value() + ids, "row"});
      delivered += ids;
    }
    expect_tiles(pieces, begin, end);
    std::uint64_t in_rows = 0;
    for (const auto& row : bench.rows(proto::Lane::kWaveform)) in_rows += row.facts.id_count;
    EXPECT_EQ(in_rows, delivered);
  }
}

class Script {
 public:
  Script(std::uint64_t seed, WaveformMode mode) : random_(seed) {
    bench_.options.waveform = mode;
    bench_.options.waveform_rate_hz = 100;
    begin_ = bench_.position().value();
    bench_.start_connected();
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    bench_.queue_is_full = false;
    bench_.pipeline->finish();
  }

  void expect_conservation() const {
    const std::uint64_t end = bench_.position().value();
    expect_telemetry_tiles(bench_, begin_, end);
    expect_waveform_tiles(bench_, begin_, end);
  }
  const PipelineBench& bench() const { return bench_; }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void step() {
    switch (below(40)) {
      case 0:
        bench_.queue_is_full = !bench_.queue_is_full;
        break;
      case 1:
      case 2:
      case 3:
        bench_.lose(1 + below(below(4) == 0 ? 700 : 30));
        break;
      case 4:
        command();
        break;
      case 5:
        bench_.add(1 + below(400), Sample{kNan, 1.0F});
        break;
      case 6:
        bench_.crash(below(4));
        restart();
        break;
      case 7:
        bench_.pipeline->on_lost({std::make_error_code(std::errc::io_error), "read"},
                                 proto::GapReason::kDisconnect);
        bench_.pass(below(3000));
        bench_.connect();
        bench_.begin_segment();
        break;
      case 8:
        bench_.pass(below(50));  // a new segment that the driver began by itself
        bench_.begin_segment();
        break;
      case 9:
        bench_.pipeline->finish();
        break;
      default:
        bench_.add(1 + below(300), [this](std::uint64_t index) {
          return Sample{index % 97 == 0 ? kNan : static_cast<float>(below(100)) - 50.0F, 3.0F};
        });
    }
    bench_.pipeline->on_tick();
  }

  void restart() {
    // Entries of the first segment may be lost altogether; then the books begin with this one.
    const bool nothing_left =
        bench_.state().empty() || bench_.state().begin()->second.find("tail") == std::string::npos;
    bench_.pass(below(5000));
    if (nothing_left) begin_ = bench_.position().value();
    bench_.start_connected();
  }

  void command() {
    if (bench_.pipeline->status().run_state == "idle") {
      bench_.run(StartRun());
      return;
    }
    const std::uint64_t what = below(4);
    if (what == 0) bench_.run(StopRun());
    if (what == 1) bench_.run(NextStep());
    if (what == 2) bench_.run(NextCycle());
    if (what == 3) bench_.run(MarkRun{"here", 1.5});
  }

  PipelineBench bench_;
  std::mt19937_64 random_;
  std::uint64_t begin_ = 0;
};

class Conservation : public testing::TestWithParam<WaveformMode> {};
INSTANTIATE_TEST_SUITE_P(Waveform, Conservation,
                         testing::Values(WaveformMode::kDecimated, WaveformMode::kFull));

TEST_P(Conservation, HoldsForRandomScripts) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Script script(seed, GetParam());
    script.play(150);
    script.expect_conservation();
    if (HasFailure()) return;
  }
}

// Under one key no record number comes twice, and they increase.
TEST_P(Conservation, RecordNumbersAreNeverReused) {
  for (std::uint64_t seed = 100; seed <= 130; ++seed) {
    Script script(seed, GetParam());
    script.play(150);
    std::map<std::string, std::int64_t> last;
    std::map<std::string, std::string> last_stamp;
    for (const Json& record : script.bench().records()) {
      const auto test = record.at("test_id").get<std::string>();
      const auto number = record.at("record_number").get<std::int64_t>();
      ASSERT_GT(number, last[test]) << record;
      ASSERT_GT(record.at("timestamp").get<std::string>(), last_stamp[test]) << record;
      last[test] = number;
      last_stamp[test] = record.at("timestamp").get<std::string>();
    }
  }
}

}  // namespace
}  // namespace agent::test
