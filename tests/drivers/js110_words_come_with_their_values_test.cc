// SPDX-License-Identifier: Apache-2.0
// A driver that keeps the words of a JS110 hands over one for each value, whatever is lost, and all
// that it takes to make the values of them once more.
#include <gtest/gtest.h>

#include <bit>

#include "tests/drivers/js110_driver_bench.h"
#include "tests/drivers/js110_stream_bench.h"

namespace drivers {
namespace {

void expect_words(const RecordingSink& sink,
                  const std::function<std::uint32_t(std::uint64_t)>& word_of) {
  for (const proto::Block& block : sink.blocks) {
    ASSERT_EQ(block.words.size(), block.current.values.size());
    for (std::size_t k = 0; k < block.words.size(); ++k) {
      ASSERT_EQ(block.words[k], word_of(block.first_id.value() + k));
    }
  }
}

TEST(Js110Words, StayWithTheirIdsOverLosses) {
  js110::StreamBench bench({"current_range", "gpi0", "voltage_range"}, true);
  bench.word_of = [](std::uint64_t id) {
    return id % 5'000 - 100 < 3 ? js110::kMissingWord : js110::StreamBench::plain_word(id);
  };
  bench.send(0, 200);
  bench.send(207, 900);
  bench.send(901, 2'000);
  bench.stream.flush(bench.sink);
  EXPECT_EQ(bench.sink.float_gaps.size(), 2u);
  bench.expect_sum(2'000);
  expect_words(bench.sink, bench.word_of);
}

TEST(Js110Words, SayNothingOfTheRangeOfTheVoltageSoItIsRecorded) {
  js110::StreamBench bench({"current_range", "voltage_range"}, true);
  for (std::uint64_t number = 0; number < 640; ++number) {
    const std::uint8_t range = number / 100 % 2;
    bench.send_bytes(bench.packet(number, {.voltage_range = range}), number + 1);
  }
  bench.stream.flush(bench.sink);
  std::uint64_t id = 0;
  const auto calibration = js110::bench_calibration();
  for (const proto::Block& block : bench.sink.blocks) {
    for (const proto::CodeRun& run : block.codes[1].runs) {
      for (std::uint32_t k = 0; k < run.run_length; ++k, ++id) {
        ASSERT_EQ(run.code, id / js110::kPacketWords / 100 % 2);
        const auto raw = js110::unpack_word(bench.word_of(id)).voltage_raw;
        ASSERT_EQ(block.voltage.values[id - block.first_id.value()],
                  calibration.voltage[run.code].apply(raw));
      }
    }
  }
  EXPECT_EQ(id, 640 * js110::kPacketWords);
}

TEST(Js110Words, AreNotThereUnlessTheyAreAskedFor) {
  Js110Bench bench;
  const auto info = bench.open();
  EXPECT_TRUE(info.words.empty());
  EXPECT_TRUE(info.calibration_file.empty());
  ASSERT_TRUE(bench.run(100).has_value());
  bench.driver->flush(bench.sink);
  for (const proto::Block& block : bench.sink.blocks) EXPECT_TRUE(block.words.empty());
}

TEST(Js110Words, ComeWithTheCalibrationOfTheInstrument) {
  Js110Bench bench({.serial = "", .keep_words = true});
  const auto info = bench.open();
  EXPECT_EQ(info.words, "js110");
  EXPECT_EQ(info.calibration_file, encode(js110::emulated_calibration("001234")));
  ASSERT_EQ(info.signals.size(), 4u);
  EXPECT_TRUE(info.signals[0].in_words && info.signals[1].in_words && info.signals[2].in_words);
  EXPECT_EQ(info.signals[3].name, "voltage_range");
  EXPECT_FALSE(info.signals[3].in_words);
  ASSERT_TRUE(bench.run(500).has_value());
  bench.driver->flush(bench.sink);
  bench.expect_truth();
  js110::WordMaker maker(*bench.source, js110::emulated_calibration("001234"));
  js110::PacketWordArray words;
  std::uint64_t in_packet = ~0ull;
  expect_words(bench.sink, [&](std::uint64_t id) {
    if (id / js110::kPacketWords != in_packet) {
      in_packet = id / js110::kPacketWords;
      maker.fill(in_packet, {}, words);
    }
    return words[id % js110::kPacketWords];
  });
}

}  // namespace
}  // namespace drivers
