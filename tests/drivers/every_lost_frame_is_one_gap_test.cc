// SPDX-License-Identifier: Apache-2.0
// Whatever is lost between instrument and host: all ids are in a Block or in exactly one Gap, each
// value is in its place, and nothing is lost that arrived.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "tests/drivers/stream_bench.h"

namespace drivers::js220 {
namespace {

// The frames of one transfer are brought together when all were read; a jump comes in their midst.
TEST(Stream, WhatIsWholeBeforeAJumpOfTheCounterIsHandedOver) {
  constexpr std::uint64_t kFrame = StreamBench::kFloatIds;
  StreamBench bench(0, {});
  bench.send_map(0);
  bench.send(0, 10 * kFrame);
  const std::uint64_t far = 1'000'000'000;
  for (const std::uint64_t first : {10 * kFrame, far, far + kFrame}) {
    // Time goes on as if nothing had jumped.
    if (first == far) bench.arrival_shift_ns -= static_cast<std::int64_t>(far - 11 * kFrame) * 500;
    bench.send_float(kPortCurrent, first, first + kFrame);
    bench.send_float(kPortVoltage, first, first + kFrame);
  }
  bench.stream.advance(bench.arrival_of(far + 2 * kFrame).monotonic_ns, bench.sink);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 2u);
  std::uint64_t first_life_ids = 0;
  for (const proto::Block& block : bench.sink.blocks) {
    if (block.segment == bench.sink.segments[0].segment) first_life_ids += block.id_count;
  }
  EXPECT_EQ(first_life_ids, 11 * kFrame);
}

using proto::IdRange;
using proto::SampleId;

constexpr std::uint64_t kFirst = 4032ull * 1'000'000;
constexpr std::uint64_t kRound = 4032;  // ids after which all four signals have a whole frame

std::uint64_t at(std::uint64_t offset) { return kFirst + offset; }
IdRange ids(std::uint64_t first, std::uint64_t end) {
  return {SampleId(kFirst + first), SampleId(kFirst + end - 1)};
}

struct Case {
  const char* name;
  StreamBench::Lost lost;  // offsets from kFirst
  std::vector<IdRange> float_gaps;
  std::vector<std::pair<const char*, IdRange>> code_gaps;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<Case> cases() {
  std::vector<Case> all = {
      {"nothing", {}, {}, {}},
      {"one current frame", {{kPortCurrent, 2520}}, {ids(2520, 2772)}, {}},
      {"one voltage frame", {{kPortVoltage, 2520}}, {ids(2520, 2772)}, {}},
      {"a pair", {{kPortCurrent, 2520}, {kPortVoltage, 2520}}, {ids(2520, 2772)}, {}},
      {"neighbours of different signals",
       {{kPortCurrent, 2520}, {kPortVoltage, 2772}},
       {ids(2520, 3024)},
       {}},
      {"the other way round", {{kPortVoltage, 2520}, {kPortCurrent, 2772}}, {ids(2520, 3024)}, {}},
      {"two apart",
       {{kPortCurrent, 2520}, {kPortVoltage, 3024}},
       {ids(2520, 2772), ids(3024, 3276)},
       {}},
      {"one range frame", {{kPortCurrentRange, 5040}}, {}, {{"current_range", ids(5040, 6048)}}},
      {"one gpi frame", {{kPortGpi0, 8064}}, {}, {{"gpi0", ids(8064, 12096)}}},
      {"three gpi frames",
       {{kPortGpi0, 8064}, {kPortGpi0, 12096}, {kPortGpi0, 16128}},
       {},
       {{"gpi0", ids(8064, 20160)}}},
      {"codes of both",
       {{kPortGpi0, 8064}, {kPortCurrentRange, 9072}},
       {},
       {{"current_range", ids(9072, 10080)}, {"gpi0", ids(8064, 12096)}}},
      // The float gap names all signals, so the code's own Gap stops before and goes on behind it.
      {"floats inside a lost gpi frame",
       {{kPortGpi0, 8064}, {kPortCurrent, 8820}},
       {ids(8820, 9072)},
       {{"gpi0", ids(8064, 8820)}, {"gpi0", ids(9072, 12096)}}},
  };
  return all;
}

class EveryLostFrame : public ::testing::TestWithParam<Case> {};

TEST_P(EveryLostFrame, IsOneGap) {
  const Case& c = GetParam();
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  StreamBench::Lost lost;
  for (const auto& [port, offset] : c.lost) lost.insert({port, at(offset)});
  const std::uint64_t end = at(10 * kRound);
  bench.send(kFirst, end, lost);
  bench.stream.flush(bench.sink);

  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.segments[0].first_id, SampleId(kFirst));
  EXPECT_EQ(bench.sink.position(), SampleId(end)) << "all that arrived is handed over";
  ASSERT_EQ(bench.sink.float_gaps.size(), c.float_gaps.size());
  for (std::size_t i = 0; i < c.float_gaps.size(); ++i) {
    const proto::Gap& gap = bench.sink.float_gaps[i];
    EXPECT_EQ(gap.ids, c.float_gaps[i]);
    EXPECT_EQ(gap.signals,
              (std::vector<std::string>{"current", "voltage", "current_range", "gpi0"}));
    EXPECT_EQ(gap.start_utc_ns, bench.utc_of(gap.ids->first.value()));
    EXPECT_DOUBLE_EQ(gap.duration_s, static_cast<double>(gap.ids->count()) / 2e6);
  }
  ASSERT_EQ(bench.sink.code_gaps.size(), c.code_gaps.size());
  std::uint64_t code_ids = 0;
  for (std::size_t i = 0; i < c.code_gaps.size(); ++i) {
    const proto::Gap& gap = bench.sink.code_gaps[i];
    EXPECT_EQ(gap.signals, std::vector<std::string>{c.code_gaps[i].first});
    EXPECT_EQ(gap.ids, c.code_gaps[i].second);
    EXPECT_EQ(gap.start_utc_ns, bench.utc_of(gap.ids->first.value()));
    code_ids += gap.ids->count();
  }
  EXPECT_EQ(bench.sink.missing_codes(0) + bench.sink.missing_codes(1), code_ids);
  bench.expect_truth();
}

std::string case_name(const ::testing::TestParamInfo<Case>& param) {
  std::string name = param.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Frames, EveryLostFrame, ::testing::ValuesIn(cases()), case_name);

TEST(EveryLostFrameAtRandom, IsInAGapAndNoOtherIs) {
  std::uint32_t random = 1;
  const auto next = [&random] { return random = random * 1664525 + 1013904223; };
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    StreamBench bench(kFirst);
    bench.send_map(kFirst);
    StreamBench::Lost lost;
    std::set<std::uint64_t> lost_floats;  // first ids, either signal
    // The first and last frames stay: what surrounds a segment is no Gap.
    for (std::uint64_t offset = kRound; offset < 29 * kRound; offset += 252) {
      for (const std::uint8_t port : {kPortCurrent, kPortVoltage}) {
        if (next() >> 28 != 0) continue;
        lost.insert({port, at(offset)});
        lost_floats.insert(offset);
      }
      if (offset % 1008 == 0 && next() >> 28 == 0) lost.insert({kPortCurrentRange, at(offset)});
      if (offset % 4032 == 0 && next() >> 28 == 0) lost.insert({kPortGpi0, at(offset)});
    }
    bench.send(kFirst, at(30 * kRound), lost);
    bench.stream.flush(bench.sink);
    EXPECT_EQ(bench.sink.position(), SampleId(at(30 * kRound)));
    EXPECT_EQ(bench.sink.ids_in_float_gaps(), lost_floats.size() * 252);
    EXPECT_EQ(bench.sink.values() * 2 + bench.sink.ids_in_float_gaps(), 30 * kRound);
    EXPECT_EQ(bench.sink.missing_codes(0) + bench.sink.missing_codes(1),
              bench.sink.ids_in_code_gaps());
    bench.expect_truth();
  }
}

}  // namespace
}  // namespace drivers::js220
