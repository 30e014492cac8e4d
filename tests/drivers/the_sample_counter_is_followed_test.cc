// SPDX-License-Identifier: Apache-2.0
// Repeated and overlapping frames are counted once; the 32-bit id wraps unseen; a counter that
// jumps begins a segment; one stray frame does not.
#include <gtest/gtest.h>

#include "tests/drivers/stream_bench.h"

namespace drivers::js220 {
namespace {

using proto::SampleId;

constexpr std::uint64_t kFirst = 4032ull * 1'000'000;
constexpr std::uint64_t kRound = 4032;

void expect_all(const StreamBench& bench, std::uint64_t first, std::uint64_t end) {
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.segments[0].first_id, SampleId(first));
  EXPECT_EQ(bench.sink.position(), SampleId(end));
  EXPECT_EQ(bench.sink.values() * 2, end - first);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_TRUE(bench.sink.code_gaps.empty());
  bench.expect_truth();
}

TEST(IdContinuity, Table) {
  struct Case {
    const char* name;
    std::uint32_t low_id;
    Continuity continuity;
    std::uint64_t first;
    std::uint32_t known_values;
    std::uint64_t lost_ids;
    std::uint64_t next;
  };
  // The port expects id 2^32 + 1000 next; frames of 126 values of 2 ids.
  constexpr std::uint64_t kBase = std::uint64_t{1} << 32;
  constexpr std::uint64_t kNext = kBase + 1000;
  const std::vector<Case> cases = {
      {"in order", 1000, Continuity::kInOrder, kNext, 0, 0, kNext + 252},
      {"one lost", 1252, Continuity::kLost, kNext + 252, 0, 252, kNext + 504},
      {"repeated", 748, Continuity::kDuplicate, kNext, 0, 0, kNext},
      {"older", 0, Continuity::kDuplicate, kNext, 0, 0, kNext},
      {"older, across the wrap", 0xFFFFFF00, Continuity::kDuplicate, kNext, 0, 0, kNext},
      {"half known", 874, Continuity::kOverlap, kNext, 63, 0, kNext + 126},
      {"one value new", 750, Continuity::kOverlap, kNext, 125, 0, kNext + 2},
      {"odd, ahead", 1001, Continuity::kMisaligned, kNext, 0, 0, kNext},
      {"odd, behind", 999, Continuity::kMisaligned, kNext, 0, 0, kNext},
      {"the most that can be lost", 5001000, Continuity::kLost, kNext + 5'000'000, 0, 5'000'000,
       kNext + 5'000'252},
      {"a jump ahead", 5001002, Continuity::kJump, kNext, 0, 0, kNext},
      {"a jump far ahead", 0x60000000, Continuity::kJump, kNext, 0, 0, kNext},
      {"a jump back", 0xFFC00000, Continuity::kJump, kNext, 0, 0, kNext},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    IdContinuity continuity(2);
    ASSERT_EQ(continuity.accept(1000 - 252, 126, SampleId(kBase), 0).continuity,
              Continuity::kInOrder);
    const FrameIds ids = continuity.accept(c.low_id, 126, std::nullopt, 5'000'000);
    EXPECT_EQ(ids.continuity, c.continuity);
    EXPECT_EQ(ids.first, SampleId(c.first));
    EXPECT_EQ(ids.known_values, c.known_values);
    EXPECT_EQ(ids.lost_ids, c.lost_ids);
    EXPECT_EQ(continuity.next(), SampleId(c.next));
  }
}

TEST(IdContinuity, ExtendsToTheNearestId) {
  constexpr std::uint64_t kReach = IdContinuity::kReachIds;
  constexpr std::uint64_t kBase = std::uint64_t{5} << 32;
  EXPECT_EQ(IdContinuity::extend(100, SampleId(kBase + 7)), SampleId(kBase + 100));
  EXPECT_EQ(IdContinuity::extend(0xFFFFFFFF, SampleId(kBase)), SampleId(kBase - 1));
  EXPECT_EQ(IdContinuity::extend(1, SampleId(kBase - 1)), SampleId(kBase + 1));
  EXPECT_EQ(IdContinuity::extend(0xFFFFFFFF, SampleId(0)), std::nullopt) << "before the first id";
  EXPECT_EQ(IdContinuity::extend(kReach, SampleId(kBase)), std::nullopt);
  EXPECT_EQ(IdContinuity::extend(static_cast<std::uint32_t>(-kReach), SampleId(kBase)),
            std::nullopt);
  IdContinuity lonely(2);
  EXPECT_EQ(lonely.accept(0, 1, std::nullopt, 0).continuity, Continuity::kUnsynchronised);
}

TEST(Stream, TheWrapOf32BitsIsNotSeen) {
  const std::uint64_t first = (std::uint64_t{7} << 32) - 5 * kRound;
  StreamBench bench(first);
  bench.send_map(first);
  bench.send(first, first + 10 * kRound);
  bench.stream.flush(bench.sink);
  expect_all(bench, first, first + 10 * kRound);
}

TEST(Stream, RepeatedAndOverlappingFramesCountOnce) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + kRound);
  const std::uint64_t end = kFirst + kRound;
  bench.send_float(kPortCurrent, end - 252, end);
  bench.send_float(kPortCurrent, end - 2520, end - 2520 + 252);
  bench.send_code(kPortGpi0, end - 4032, end);
  bench.send_code(kPortCurrentRange, end - 1008, end);
  EXPECT_EQ(bench.counters.frames_duplicate, 4u);
  // Starts 100 ids before the end of what is known, and so do the next ones of this port.
  bench.send_float(kPortVoltage, end - 100, end + 152);
  bench.send_code(kPortCurrentRange, end - 7, end + 1001);
  EXPECT_EQ(bench.counters.frames_overlapping, 2u);
  bench.send(end, end + 4 * kRound);
  bench.stream.flush(bench.sink);
  expect_all(bench, kFirst, end + 4 * kRound);
}

TEST(Stream, FramesOfAnyLengthFit) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  std::uint64_t id = kFirst;
  for (std::uint64_t values = 1; values <= 126; ++values) {
    bench.send_float(kPortCurrent, id, id + 2 * values);
    bench.send_float(kPortVoltage, id, id + 2 * values);
    id += 2 * values;
  }
  id -= id % 8;
  for (std::uint64_t code = kFirst; code < id; code += 8) {
    bench.send_code(kPortCurrentRange, code, code + 8);
    bench.send_code(kPortGpi0, code, code + 8);
  }
  bench.stream.advance(2'000'000'000, bench.sink);
  bench.stream.flush(bench.sink);
  expect_all(bench, kFirst, id);
}

TEST(Stream, ASegmentBeginsWhereAllSignalsHaveArrived) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send_float(kPortVoltage, kFirst - 252, kFirst);
  bench.send(kFirst, kFirst + 2 * kRound,
             {{kPortGpi0, kFirst}, {kPortCurrent, kFirst}, {kPortCurrent, kFirst + 252}});
  bench.stream.flush(bench.sink);
  expect_all(bench, kFirst + kRound, kFirst + 2 * kRound);
}

TEST(Stream, AJumpOfTheCounterBeginsASegment) {
  for (const std::uint64_t second :
       {kFirst + 1'000'000'000, kFirst - 400'000'320, std::uint64_t{4032}}) {
    SCOPED_TRACE(second);
    StreamBench bench(kFirst);
    bench.send_map(kFirst);
    bench.send(kFirst, kFirst + 3 * kRound);
    // The clock goes on as if nothing had happened.
    bench.arrival_shift_ns =
        (static_cast<std::int64_t>(kFirst + 3 * kRound) - static_cast<std::int64_t>(second)) * 500;
    for (std::uint64_t id = second; id < second + 4 * kRound; id += 252) {
      bench.send_float(kPortCurrent, id, id + 252);
      bench.send_float(kPortVoltage, id, id + 252);
      const std::uint64_t done = id + 252 - second;
      if (done % 1008 == 0) bench.send_code(kPortCurrentRange, id + 252 - 1008, id + 252);
      if (done % 4032 == 0) bench.send_code(kPortGpi0, id + 252 - 4032, id + 252);
      bench.stream.advance(bench.arrival_of(id + 252).monotonic_ns, bench.sink);
    }
    bench.stream.flush(bench.sink);
    ASSERT_EQ(bench.sink.segments.size(), 2u);
    EXPECT_EQ(bench.counters.counter_jumps, 1u);
    const SegmentStart& start = bench.sink.segments[1];
    // Not one value is lost on either side, the first frame of the new life included.
    EXPECT_EQ(static_cast<std::uint32_t>(start.first_id.value()),
              static_cast<std::uint32_t>(second));
    EXPECT_EQ(bench.sink.values() * 2, 7 * kRound);
    EXPECT_TRUE(bench.sink.float_gaps.empty());
    EXPECT_EQ(start.time.source, proto::TimeSource::kHostArrival);
    EXPECT_NEAR(
        static_cast<double>(start.time.utc_ns(start.first_id) - (kStartUtcNs + 3 * 4032 * 500)),
        0.0, static_cast<double>(start.time.uncertainty_ns));
  }
}

TEST(Stream, OneStrayFrameIsAGapAndNoSegment) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + kRound);
  const std::uint64_t id = kFirst + kRound;
  std::array<std::byte, 504> data{};
  bench.send_bytes(kPortCurrent, 12'345'678, id, data);  // in the place of the frame of `id`
  bench.send(id, id + 3 * kRound, {{kPortCurrent, id}});
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
  EXPECT_EQ(bench.sink.float_gaps[0].ids, (proto::IdRange{SampleId(id), SampleId(id + 251)}));
  EXPECT_EQ(bench.counters.frames_stray, 1u);
  bench.expect_truth();
}

TEST(Stream, ASignalThatStopsDoesNotFillTheMemory) {
  // A digital input that stops costs its own codes only.
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  StreamBench::Lost lost;
  for (std::uint64_t id = kRound; id < 60 * kRound; id += kRound) {
    lost.insert({kPortGpi0, kFirst + id});
  }
  bench.send(kFirst, kFirst + 100 * kRound, lost);
  bench.stream.flush(bench.sink);
  EXPECT_EQ(bench.sink.values() * 2, 100 * kRound);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_EQ(bench.sink.ids_in_code_gaps(), bench.sink.missing_codes(1));
  // What came late, after its floats had been handed over, is missing too.
  EXPECT_GE(bench.sink.missing_codes(1), 59 * kRound);
  EXPECT_LE(bench.sink.missing_codes(1), 60 * kRound);
  ASSERT_EQ(bench.sink.code_gaps.size(), 1u);
  bench.expect_truth();
}

TEST(Stream, AFloatThatPausesLongIsOneGap) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  StreamBench::Lost lost;
  constexpr std::uint64_t kPause = 500 * kRound;  // 1 s: eight times what is kept waiting
  for (std::uint64_t id = kRound; id < kRound + kPause; id += 252) {
    lost.insert({kPortVoltage, kFirst + id});
  }
  bench.send(kFirst, kFirst + 510 * kRound, lost);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
  EXPECT_EQ(bench.sink.float_gaps[0].ids->count(), kPause);
  EXPECT_EQ(bench.sink.values() * 2 + kPause, 510 * kRound);
  bench.expect_truth();
}

TEST(Stream, BadFramesAreCountedAndTheRestIsUsed) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + kRound);
  const std::uint64_t id = kFirst + kRound;
  std::array<std::byte, 508> bytes{};
  const auto raw = [&](std::uint8_t port, std::size_t payload_bytes) {
    const FrameBuffer frame = make_frame(0, port, std::span(bytes).first(payload_bytes));
    bench.stream.on_frame(*parse_frame(frame.span()), bench.arrival_of(id), bench.sink);
  };
  raw(kPortCurrent, 0);
  raw(kPortCurrent, 3);
  EXPECT_EQ(bench.counters.frames_malformed, 2u);
  raw(kPortCurrent, 4);  // empty, which is allowed
  EXPECT_EQ(bench.counters.frames_malformed, 2u);
  raw(kPortPower, 508);
  raw(kPortStatistics, 196);
  raw(31, 4);
  EXPECT_EQ(bench.counters.frames_ignored, 3u);
  // 10 whole values and one byte more: the ten are used, the rest of the frame's ids is a Gap.
  for (const std::uint8_t port : {kPortCurrent, kPortVoltage}) {
    std::array<float, 11> values{};
    for (std::size_t i = 0; i < 10; ++i) {
      values[i] = port == kPortCurrent ? current_of(id + 2 * i) : voltage_of(id + 2 * i);
    }
    bench.send_bytes(port, id, id, std::as_bytes(std::span(values)).first(41));
  }
  EXPECT_EQ(bench.counters.frames_malformed, 4u);
  bench.send(id, id + 2 * kRound, {{kPortCurrent, id}, {kPortVoltage, id}});
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
  EXPECT_EQ(bench.sink.float_gaps[0].ids, (proto::IdRange{SampleId(id + 20), SampleId(id + 251)}));
  bench.expect_truth();
}

TEST(Stream, BlocksAreFullOrAged) {
  StreamBench bench(kFirst);
  bench.send_map(kFirst);
  bench.send(kFirst, kFirst + 500 * kRound);
  ASSERT_GT(bench.sink.blocks.size(), 10u);
  for (const proto::Block& block : bench.sink.blocks) {
    EXPECT_GE(block.id_count, 40'000u) << "handed over before 20 ms";
    EXPECT_LE(block.id_count, 40'000u + 2 * kRound) << "handed over late";
  }
  // When a backlog comes at once, a Block is full before it is old.
  StreamBench backlog(kFirst);
  backlog.send_map(kFirst);
  for (std::uint64_t id = kFirst; id < kFirst + 200 * kRound; id += kRound) {
    backlog.arrival_shift_ns = -static_cast<std::int64_t>(id - kFirst) * 500;
    backlog.send(id, id + kRound);
  }
  ASSERT_FALSE(backlog.sink.blocks.empty());
  EXPECT_EQ(backlog.sink.blocks[0].current.values.size(), proto::kBlockValuesMax);
  backlog.expect_truth();
}

}  // namespace
}  // namespace drivers::js220
