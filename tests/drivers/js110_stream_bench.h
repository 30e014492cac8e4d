// SPDX-License-Identifier: Apache-2.0
// Feeds a js110::Stream with packets as an instrument sends them: each word tells its own number,
// so that a test sees at once when one is in the wrong place.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "drivers/js110_stream.h"
#include "drivers/little_endian.h"
#include "tests/drivers/js110_golden.h"
#include "tests/drivers/recording_sink.h"

namespace drivers::js110 {

inline Calibration bench_calibration() {
  Calibration calibration = golden_calibration();
  calibration.current[kRangeOff] = {};
  return calibration;
}

class StreamBench {
 public:
  static constexpr std::int64_t kStartUtcNs = 1'750'000'000'000'000'000;
  static constexpr std::uint64_t kTransferPackets = 64;

  explicit StreamBench(const std::vector<std::string>& codes = {"current_range"},
                       bool keep_words = false)
      : stream(*select_signals(codes), counters, keep_words) {
    stream.reset(bench_calibration());
  }

  // Its range changes within packets.
  static std::uint32_t plain_word(std::uint64_t id) {
    return pack_word({.range = static_cast<std::uint8_t>(id / 1000 % 7),
                      .current_raw = static_cast<std::uint16_t>(id % 16'381),
                      .voltage_raw = static_cast<std::uint16_t>(id / 3 % 16'384),
                      .toggle = id % 2 != 0});
  }

  std::vector<std::byte> packet(std::uint64_t number, const PacketHeader& header = {}) const {
    std::vector<std::byte> bytes(kPacketBytes);
    PacketHeader own = header;
    own.index = static_cast<std::uint16_t>(number);
    std::ranges::copy(pack_header(own), bytes.begin());
    for (std::size_t k = 0; k < kPacketWords; ++k) {
      store_at(bytes, kPacketHeaderBytes + 4 * k, word_of(number * kPacketWords + k));
    }
    return bytes;
  }

  // The packets [from, to) in full transfers, each on time.
  void send(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t at = from; at < to;) {
      const std::uint64_t end = std::min(to, at + kTransferPackets);
      std::vector<std::byte> transfer;
      for (; at < end; ++at) {
        const auto bytes = packet(at);
        transfer.insert(transfer.end(), bytes.begin(), bytes.end());
      }
      send_bytes(transfer, end);
    }
  }
  // A transfer that arrives when packet `end` begins.
  void send_bytes(std::span<const std::byte> transfer, std::uint64_t end) {
    stream.on_transfer(transfer, arrival_of(end), sink);
  }
  Arrival arrival_of(std::uint64_t packet) const {
    const std::int64_t ns = static_cast<std::int64_t>(packet) * kPacketNs + late_ns;
    return {.monotonic_ns = 1'000'000'000 + ns, .utc_ns = kStartUtcNs + ns + host_step_ns};
  }

  // Every value and range in its place.
  void expect_truth() const {
    const Calibration calibration = bench_calibration();
    for (const proto::Block& block : sink.blocks) {
      ASSERT_EQ(block.current.ids_per_value, 1u);
      std::uint64_t id = block.first_id.value();
      for (const proto::CodeRun& run : block.codes[0].runs) {
        for (const std::uint64_t end = id + run.run_length; id < end; ++id) {
          const std::uint32_t word = word_of(id);
          const Sample sample = unpack_word(word);
          const std::size_t at = id - block.first_id.value();
          const float current = block.current.values[at];
          if (word == kMissingWord) {
            ASSERT_EQ(run.code, kRangeMissing);
            ASSERT_NE(current, current);
            continue;
          }
          ASSERT_EQ(run.code, sample.range) << "id " << id;
          ASSERT_EQ(current, calibration.current[sample.range].apply(sample.current_raw));
          ASSERT_EQ(block.voltage.values[at], calibration.voltage[0].apply(sample.voltage_raw));
        }
      }
    }
  }
  // Ids handed over and missing are all that there were.
  void expect_sum(std::uint64_t packets) const {
    EXPECT_EQ(sink.values() + sink.ids_in_float_gaps(), packets * kPacketWords);
  }

  std::function<std::uint32_t(std::uint64_t)> word_of = plain_word;
  std::int64_t late_ns = 0;
  std::int64_t host_step_ns = 0;
  Counters counters;
  RecordingSink sink;
  Stream stream;
};

}  // namespace drivers::js110
