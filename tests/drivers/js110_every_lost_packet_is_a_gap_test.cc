// SPDX-License-Identifier: Apache-2.0
// Whatever happens to the packets of a JS110, each sample is in one Block or in one Gap, in its
// place in time.
#include <gtest/gtest.h>

#include "proto/exact_sum.h"
#include "tests/drivers/hex_bytes.h"
#include "tests/drivers/js110_stream_bench.h"

namespace drivers::js110 {
namespace {

using proto::IdRange;
using proto::SampleId;

IdRange packets(std::uint64_t first, std::uint64_t end) {
  return {SampleId(first * kPacketWords), SampleId(end * kPacketWords - 1)};
}

TEST(Js110Stream, EverySampleIsInItsPlace) {
  StreamBench bench;
  bench.send(0, 20'000);  // 1.26 s
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.segments[0].first_id, SampleId(0));
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_TRUE(bench.sink.code_gaps.empty());
  EXPECT_EQ(bench.counters.packets, 20'000u);
  EXPECT_EQ(bench.counters.toggles_wrong, 0u);
  bench.expect_sum(20'000);
  bench.expect_truth();
  for (const proto::Block& block : bench.sink.blocks) {
    const auto truth_ns =
        StreamBench::kStartUtcNs + static_cast<std::int64_t>(block.first_id.value()) * 500;
    EXPECT_NEAR(static_cast<double>(block.time.utc_ns(block.first_id) - truth_ns), 0, 1000);
    EXPECT_EQ(block.time.source, proto::TimeSource::kHostArrival);
  }
}

TEST(Js110Stream, ALossIsOneGapOfWholePackets) {
  for (const std::uint64_t lost :
       {1ull, 2ull, 63ull, 1000ull, 32'767ull, 32'768ull, 65'535ull, 65'537ull, 200'000ull}) {
    SCOPED_TRACE(lost);
    StreamBench bench;
    bench.send(0, 1000);
    bench.send(1000 + lost, 2000 + lost);
    bench.stream.flush(bench.sink);
    ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
    EXPECT_EQ(bench.sink.float_gaps[0].ids, packets(1000, 1000 + lost));
    EXPECT_EQ(bench.sink.float_gaps[0].signals.size(), 3u);
    EXPECT_EQ(bench.counters.packets_lost, lost);
    EXPECT_EQ(bench.sink.segments.size(), 1u);
    bench.expect_sum(2000 + lost);
    bench.expect_truth();
  }
}

TEST(Js110Stream, TheIndexWrapsWithoutALoss) {
  StreamBench bench;
  bench.word_of = [](std::uint64_t) { return pack_word({3, 5000, 4000, false}); };
  bench.send(0, 3 * 65'536 + 100);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.counters.packets_lost, 0u);
}

// The host was stopped: what the instrument kept comes late, then there is a hole, then all is
// prompt again.
TEST(Js110Stream, ALossAfterAStallIsMeasuredByTheClock) {
  for (const std::int64_t stall_ms : {20, 200, 1900, 3500}) {
    SCOPED_TRACE(stall_ms);
    StreamBench bench;
    bench.send(0, 30'000);
    bench.late_ns = stall_ms * 1'000'000;
    bench.send(30'000, 30'256);  // they were kept
    bench.late_ns = 0;
    const auto missed = static_cast<std::uint64_t>(stall_ms * 1'000'000 / kPacketNs);
    bench.send(30'256 + missed, 31'000 + missed);
    bench.stream.flush(bench.sink);
    ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
    EXPECT_EQ(bench.sink.float_gaps[0].ids, packets(30'256, 30'256 + missed));
    EXPECT_EQ(bench.sink.segments.size(), 1u);
    bench.expect_truth();
  }
}

TEST(Js110Stream, OldPacketsAfterALongStopAreInOrder) {
  StreamBench bench;
  bench.send(0, 1000);
  bench.late_ns = 10'000'000'000;
  bench.send(1000, 1256);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_EQ(bench.counters.packets_lost, 0u);
}

// A host that is held up for seconds says nothing of the instrument's clock.
TEST(Js110Stream, ALossAfterALongStretchOfLatePacketsIsMeasuredByTheClock) {
  for (const std::int64_t late_ms : {300, 2500, 4500, 9000}) {
    SCOPED_TRACE(late_ms);
    StreamBench bench;
    bench.word_of = [](std::uint64_t) { return pack_word({3, 5000, 4000, false}); };
    bench.send(0, 30'000);
    bench.late_ns = late_ms * 1'000'000;
    bench.send(30'000, 80'000);  // 3 s
    bench.late_ns = 0;
    const auto missed = static_cast<std::uint64_t>(late_ms * 1'000'000 / kPacketNs);
    bench.send(80'000 + missed, 81'000 + missed);
    bench.stream.flush(bench.sink);
    ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
    EXPECT_EQ(bench.sink.float_gaps[0].ids, packets(80'000, 80'000 + missed));
  }
}

TEST(Js110PacketOrder, ASlowCrystalIsFollowedForADay) {
  PacketOrder order;
  const auto arrival_ns = [](std::uint64_t number) {
    return static_cast<std::int64_t>(static_cast<long double>(number) * kPacketNs * 1.0001L);
  };
  constexpr std::uint64_t kDay = 86'400'000'000'000 / kPacketNs;
  for (std::uint64_t number = 0; number < kDay; number += 64) {
    order.take(number, arrival_ns(number));
  }
  const std::uint64_t next = *order.next() + 1000;
  EXPECT_EQ(order.number_of(static_cast<std::uint16_t>(next), arrival_ns(next)), next);
}

TEST(Js110Stream, APacketThatIsNotWholeIsMissing) {
  const std::vector<PacketHeader> spoiled = {
      {.buffer_type = 0x80}, {.buffer_type = 0}, {.status = 1}, {.length = 511}, {.length = 0}};
  for (const PacketHeader& header : spoiled) {
    StreamBench bench;
    bench.send(0, 100);
    bench.send_bytes(bench.packet(100, header), 101);
    bench.send(101, 1000);
    bench.stream.flush(bench.sink);
    ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
    EXPECT_EQ(bench.sink.float_gaps[0].ids, packets(100, 101));
    EXPECT_EQ(bench.counters.packets_malformed, 1u);
    bench.expect_sum(1000);
    bench.expect_truth();
  }
}

TEST(Js110Stream, ATornTransferCostsItsLastPacket) {
  StreamBench bench;
  bench.send(0, 100);
  const auto torn = join({bench.packet(100), bench.packet(101)});
  bench.send_bytes(std::span(torn).first(700), 102);
  bench.send(102, 1000);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.float_gaps.size(), 1u);
  EXPECT_EQ(bench.sink.float_gaps[0].ids, packets(101, 102));
  bench.expect_truth();
}

TEST(Js110Stream, ARepeatedPacketIsLeftOut) {
  StreamBench bench;
  bench.send(0, 100);
  for (std::uint64_t number = 100; number < 110; ++number) {
    bench.send_bytes(join({bench.packet(number), bench.packet(number)}), number + 1);
  }
  bench.send(110, 1000);
  bench.stream.flush(bench.sink);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.counters.packets_stray, 10u);
  bench.expect_sum(1000);
  bench.expect_truth();
}

TEST(Js110Stream, AStreamThatBeganAnewIsANewSegment) {
  StreamBench bench;
  bench.send(0, 30'000);
  // At 30,000 the instrument restarts; its packets come at the same pace.
  for (std::uint64_t number = 0; number < 10'000; number += 2) {
    const auto pair = join({bench.packet(number), bench.packet(number + 1)});
    bench.send_bytes(pair, 30'000 + number + 2);
  }
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 2u);
  EXPECT_EQ(bench.sink.segments[1].first_id, SampleId(0));
  EXPECT_EQ(bench.counters.index_restarts, 1u);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  bench.expect_sum(40'000);
  bench.expect_truth();
}

TEST(Js110Stream, WhatIsLeftOfAnEarlierStartIsNotTaken) {
  StreamBench bench;
  for (std::uint64_t number = 40'000; number < 40'030; ++number) {
    bench.send_bytes(bench.packet(number), 0);
  }
  bench.send(0, 1000);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_EQ(bench.sink.segments[0].first_id, SampleId(0));
  EXPECT_EQ(bench.counters.packets_stale, 30u);
  bench.expect_sum(1000);
  bench.expect_truth();
}

TEST(Js110Stream, AStreamWhoseFirstPacketsAreLostBeginsLater) {
  StreamBench bench;
  bench.send(5, 5000);
  bench.stream.flush(bench.sink);
  ASSERT_EQ(bench.sink.segments.size(), 1u);
  EXPECT_LT(bench.sink.segments[0].first_id.value(), 2000 * kPacketWords);
  EXPECT_GT(bench.sink.segments[0].first_id.value(), 1500 * kPacketWords);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  bench.expect_truth();
}

TEST(Js110Stream, MissingWordsAreNoNumbersAndSayWhy) {
  StreamBench bench({"current_range", "gpi0"});
  bench.word_of = [](std::uint64_t id) {
    return id >= 70'000 && id < 70'300 ? kMissingWord : StreamBench::plain_word(id);
  };
  bench.send(0, 2000);
  bench.stream.flush(bench.sink);
  EXPECT_TRUE(bench.sink.float_gaps.empty());
  EXPECT_EQ(bench.counters.words_missing, 300u);
  EXPECT_EQ(bench.counters.toggles_wrong, 0u);
  ASSERT_EQ(bench.sink.code_gaps.size(), 1u);
  EXPECT_EQ(bench.sink.code_gaps[0].ids, (IdRange{SampleId(70'000), SampleId(70'299)}));
  EXPECT_EQ(bench.sink.code_gaps[0].signals, std::vector<std::string>{"gpi0"});
  EXPECT_EQ(bench.sink.missing_codes(1), 300u);
  bench.expect_truth();
}

TEST(Js110Stream, InputsAreTheLowestBits) {
  StreamBench bench({"gpi1", "gpi0"});
  bench.word_of = [](std::uint64_t id) {
    const bool gpi0 = id / 100 % 2 != 0;
    const bool gpi1 = id / 7000 % 2 != 0;
    return pack_word({3, static_cast<std::uint16_t>(5000 | (gpi0 ? 1 : 0)),
                      static_cast<std::uint16_t>(4000 | (gpi1 ? 1 : 0)), id % 2 != 0});
  };
  bench.send(0, 2000);
  bench.stream.flush(bench.sink);
  for (const proto::Block& block : bench.sink.blocks) {
    for (const proto::CodeColumn& column : block.codes) {
      std::uint64_t id = block.first_id.value();
      for (const proto::CodeRun& run : column.runs) {
        for (const std::uint64_t end = id + run.run_length; id < end; ++id) {
          ASSERT_EQ(run.code, column.signal_index == 2 ? id / 7000 % 2 : id / 100 % 2);
        }
      }
    }
  }
}

TEST(Js110Stream, AStepOfTheHostClockIsANewSegmentWithoutALoss) {
  for (const std::int64_t step_ns : {-86'400'000'000'000, 86'400'000'000'000}) {
    StreamBench bench;
    bench.send(0, 40'000);
    bench.host_step_ns = step_ns;
    bench.send(40'000, 90'000);
    bench.stream.flush(bench.sink);
    EXPECT_EQ(bench.sink.segments.size(), 2u);
    EXPECT_EQ(bench.counters.clock_steps, 1u);
    EXPECT_TRUE(bench.sink.float_gaps.empty());
    bench.expect_sum(90'000);
    const proto::Block& last = bench.sink.blocks.back();
    EXPECT_NEAR(
        static_cast<double>(last.time.utc_ns(last.end_id()) - bench.arrival_of(90'000).utc_ns), 0,
        50e6);
  }
}

// 10 nA is 7 counts of the finest range. A host that truncates each sample to 2^-31 A is 2 % off.
TEST(Js110Stream, AChargeOfTenNanoamperesIsExact) {
  const auto word_at = [](std::uint64_t id) {
    const std::uint16_t raw = id % 3 == 0 ? 2825 : 2826;
    return pack_word({6, raw, 4000, id % 2 != 0});
  };
  StreamBench bench;
  bench.word_of = word_at;
  bench.send(0, 50'000);
  bench.stream.flush(bench.sink);
  proto::ExactAccumulator accumulator;
  for (const proto::Block& block : bench.sink.blocks) {
    accumulator.add(block.current.values, block.voltage.values);
  }
  const Calibration calibration = bench_calibration();
  proto::ExactSum truth;
  double truncated = 0;
  for (std::uint64_t id = 0; id < 50'000 * kPacketWords; ++id) {
    const float value = calibration.current[6].apply(unpack_word(word_at(id)).current_raw);
    truth.add(value);
    truncated += static_cast<double>(static_cast<std::int64_t>(value * 0x1p31)) * 0x1p-31;
  }
  EXPECT_EQ(accumulator.sums().current, truth);
  const double mean_a = truth.to_double() / static_cast<double>(accumulator.valid_count());
  EXPECT_NEAR(mean_a, 10e-9, 1e-9);
  EXPECT_GT(1 - truncated / truth.to_double(), 0.01) << "the test has no teeth";
}

}  // namespace
}  // namespace drivers::js110
