// SPDX-License-Identifier: Apache-2.0
// Random sample words of a JS110 through its driver's stream into Blocks, and from there into
// waveform batches in both forms: raw words, and calibrated floats.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "agent/audit/raw_rows.h"
#include "agent/pipeline/waveform_builder.h"
#include "drivers/js110_stream.h"
#include "tests/drivers/js110_golden.h"
#include "tests/drivers/recording_sink.h"

namespace agent::test {

class RawWordsBench {
 public:
  // Without `calibrated` the instrument has no calibration that could be used.
  RawWordsBench(std::uint32_t seed, bool calibrated)
      : random_(seed),
        file_(calibrated ? encode(drivers::js110::golden_calibration()) : std::vector<std::byte>()),
        stream_(selected(), counters_, true) {
    stream_.reset(calibrated ? *drivers::js110::parse_calibration(file_)
                             : drivers::js110::unknown_calibration());
  }

  // What the driver would say when it is opened.
  proto::DeviceInfo info(bool with_words) const {
    proto::DeviceInfo info{.id = {"js110", "000110"},
                           .firmware = "1.3.2",
                           .hardware = "H",
                           .calibration = "",
                           .sample_id_rate_hz = 2e6,
                           .signals = {}};
    for (const auto& signal : selected()) info.signals.push_back(describe(signal));
    if (with_words) {
      info.words = drivers::js110::kWordsLayout;
      info.calibration_file = file_;
    }
    return info;
  }

  // Packets of all ranges and of one, missing words among both, one packet in 50 lost; the range of
  // the voltage changes now and then.
  std::vector<proto::Block> blocks(std::uint64_t packets) {
    using namespace drivers::js110;
    for (std::uint64_t number = 0; number < packets; ++number) {
      if (random_() % 40 == 0) voltage_range_ ^= 1;
      if (number > 0 && random_() % 50 == 0) continue;
      std::vector<std::byte> packet(kPacketBytes);
      const auto header = pack_header(
          {.voltage_range = voltage_range_, .index = static_cast<std::uint16_t>(number)});
      std::ranges::copy(header, packet.begin());
      const std::uint32_t one_range = (random_() & 0x1'0003) | (random_() % 2 << 31);
      for (std::size_t k = 0; k < kPacketWords; ++k) {
        auto word = static_cast<std::uint32_t>(random_());
        if (one_range >> 31 != 0) word = (word & ~0x1'0003u) | (one_range & 0x1'0003);
        if (random_() % 500 == 0) word = kMissingWord;
        std::memcpy(packet.data() + kPacketHeaderBytes + 4 * k, &word, sizeof word);
      }
      const auto ns = static_cast<std::int64_t>(number) * kPacketNs + 1'000'000'000;
      stream_.on_transfer(packet, {ns, 1'750'000'000'000'000'000 + ns}, sink_);
    }
    stream_.flush(sink_);
    return sink_.blocks;
  }

  // Views into the builder.
  static proto::WaveformBatch batch_of(const WaveformBuilder& builder) {
    proto::WaveformBatch batch;
    batch.device_id = "js110-000110";
    batch.test_id = "t-1";
    batch.segment = proto::SegmentId(1);
    batch.agent_id = "bench-07";
    batch.version = "0.1.0";
    batch.rows = builder.rows(0);
    batch.words = builder.words();
    return batch;
  }
  static std::vector<std::byte> encoded(const WaveformBuilder& builder) {
    std::vector<std::byte> bytes;
    proto::WaveformWriter().encode(batch_of(builder), bytes);
    return bytes;
  }

 private:
  static std::vector<drivers::js110::SignalInfo> selected() {
    return *drivers::js110::select_signals({"current_range", "gpi0", "gpi1", "voltage_range"});
  }

  std::mt19937 random_;
  const std::vector<std::byte> file_;
  std::uint8_t voltage_range_ = 0;
  drivers::js110::Counters counters_;
  drivers::js110::Stream stream_;
  drivers::RecordingSink sink_;
};

inline Rates js110_full_rate() {
  Rates rates;
  rates.id_rate_hz = 2e6;
  rates.ids_per_value = 1;
  rates.window_ids = 0;
  return rates;
}

}  // namespace agent::test
