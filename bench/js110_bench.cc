// SPDX-License-Identifier: Apache-2.0
// What the sample words of one JS110 cost: calibrated current and voltage, and their exact sums;
// and the whole way from transfers to Blocks, from Blocks to full-rate waveform batches. A share of
// a core is the processor's time for one second of 2 MSPS.
#include <algorithm>
#include <cstring>
#include <random>

#include "agent/pipeline/waveform_builder.h"
#include "bench/driver_meters.h"
#include "bench/scratch_dir.h"
#include "bench/table.h"
#include "drivers/js110_device_words.h"
#include "drivers/js110_stream.h"
#include "drivers/signal/load_source.h"
#include "proto/exact_sum.h"

namespace {

using namespace drivers::js110;
using bench::CountingSink;
using bench::cpu_seconds;
using bench::require;

constexpr std::size_t kPackets = 15'872;  // 1.0 s
constexpr int kRounds = 15;

std::vector<std::byte> record(const std::string& load) {
  drivers::SourceSpec spec;
  spec.load = load;
  const auto source = drivers::make_source(spec);
  require(source.has_value(), "no load " + load);
  WordMaker maker(**source, emulated_calibration("000001"));
  std::vector<std::byte> bytes;
  bytes.reserve(kPackets * kPacketBytes);
  PacketWordArray words;
  for (std::size_t number = 0; number < kPackets; ++number) {
    maker.fill(number, {}, words);
    const auto header = pack_header({.index = static_cast<std::uint16_t>(number)});
    bytes.insert(bytes.end(), header.begin(), header.end());
    const auto data = std::as_bytes(std::span(words));
    bytes.insert(bytes.end(), data.begin(), data.end());
  }
  return bytes;
}

// No packet of one range, no value twice: the worst that can come.
std::vector<std::byte> record_of_all_ranges() {
  auto bytes = record("ble");
  std::mt19937 random(110);
  for (std::size_t at = 0; at < bytes.size(); at += 4) {
    if (at % kPacketBytes < kPacketHeaderBytes) continue;
    const std::uint32_t word = (random() & ~(1u << 17)) | (at / 4 % 2) << 17;
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return bytes;
}

double convert_and_sum(std::span<const std::byte> bytes) {
  const Calibration calibration = emulated_calibration("000001");
  proto::ExactAccumulator accumulator;
  std::vector<float> current;
  std::vector<float> voltage;
  Samples samples;
  const double before_s = cpu_seconds();
  for (std::size_t at = 0; at < bytes.size(); at += kPacketBytes) {
    const auto slot = bytes.subspan(at).first<kPacketBytes>();
    convert(slot.last<kPacketBytes - kPacketHeaderBytes>(), calibration, 0, samples);
    current.insert(current.end(), samples.current.begin(), samples.current.end());
    voltage.insert(voltage.end(), samples.voltage.begin(), samples.voltage.end());
    if (current.size() < 40'000) continue;  // a Block
    accumulator.add(current, voltage);
    current.clear();
    voltage.clear();
  }
  accumulator.add(current, voltage);
  const double used_s = cpu_seconds() - before_s;
  require(accumulator.valid_count() == kPackets * kPacketWords, "samples are missing");
  return used_s;
}

struct Batches {
  std::size_t payload_bytes = 0;
  std::uint64_t ids = 0;
  double used_s = 0;
};

// In batches as the pipeline seals them.
class BatchingSink final : public drivers::DriverSink {
 public:
  explicit BatchingSink(bool words) : builder_(rates(), info(words)) {}
  void on_segment(const drivers::SegmentStart&) override {}
  void on_gap(const proto::Gap&) override { require(false, "a Gap"); }
  void on_block(const proto::Block& block) override {
    const double before_s = cpu_seconds();
    for (const agent::IdSpan& part : builder_.parts_of(block)) {
      if (!builder_.has_room_for(block, part)) seal();
      builder_.add_part(block, part);
    }
    made.used_s += cpu_seconds() - before_s;
    made.ids += block.id_count;
  }
  void seal() {
    proto::WaveformBatch batch;
    batch.rows = builder_.rows(0);
    batch.words = builder_.words();
    payload_.clear();
    writer_.encode(batch, payload_);
    builder_.clear();
    made.payload_bytes += payload_.size();
  }
  Batches made;

 private:
  static agent::Rates rates() {
    agent::Rates rates;
    rates.id_rate_hz = static_cast<double>(kSampleRateHz);
    return rates;
  }
  static proto::DeviceInfo info(bool words) {
    proto::DeviceInfo info;
    const auto selected = select_signals({"current_range", "voltage_range"});
    for (const auto& signal : *selected) info.signals.push_back(describe(signal));
    if (!words) return info;
    info.words = "js110";
    info.calibration_file = encode(emulated_calibration("000001"));
    return info;
  }
  agent::WaveformBuilder builder_;
  proto::WaveformWriter writer_;
  std::vector<std::byte> payload_;
};

void stream_all(std::span<const std::byte> bytes, Stream& stream, drivers::DriverSink& sink) {
  constexpr std::size_t kTransferBytes = 32'768;
  stream.reset(emulated_calibration("000001"));
  for (std::size_t at = 0; at < bytes.size(); at += kTransferBytes) {
    const auto ns = static_cast<std::int64_t>(at / kPacketBytes + 64) * kPacketNs + 1'000'000'000;
    stream.on_transfer(bytes.subspan(at, kTransferBytes), {ns, ns}, sink);
  }
  stream.flush(sink);
}

double transfers_to_blocks(std::span<const std::byte> bytes, bool words) {
  Counters counters;
  Stream stream(*select_signals({"current_range", "voltage_range"}), counters, words);
  CountingSink sink;
  const double before_s = cpu_seconds();
  stream_all(bytes, stream, sink);
  const double used_s = cpu_seconds() - before_s;
  require(sink.values == kPackets * kPacketWords && sink.gaps == 0, "samples are missing");
  return used_s;
}

double transfers_to_floats(std::span<const std::byte> bytes) {
  return transfers_to_blocks(bytes, false);
}
double transfers_to_words(std::span<const std::byte> bytes) {
  return transfers_to_blocks(bytes, true);
}

Batches batches(std::span<const std::byte> bytes, bool words) {
  Counters counters;
  Stream stream(*select_signals({"current_range", "voltage_range"}), counters, words);
  BatchingSink sink(words);
  stream_all(bytes, stream, sink);
  sink.seal();
  return sink.made;
}

double blocks_to_floats(std::span<const std::byte> bytes) { return batches(bytes, false).used_s; }
double blocks_to_words(std::span<const std::byte> bytes) { return batches(bytes, true).used_s; }

double median_percent(double (*measure)(std::span<const std::byte>),
                      std::span<const std::byte> bytes) {
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) rounds.push_back(measure(bytes));
  std::ranges::sort(rounds);
  const double seconds = static_cast<double>(kPackets * kPacketWords) / kSampleRateHz;
  return rounds[rounds.size() / 2] / seconds * 100;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table("JS110", argc, argv);
  const auto ble = record("ble");
  const auto mixed = record_of_all_ranges();
  const auto add = [&table](const std::string& what, double percent,
                            std::optional<bench::Bound> must = bench::at_most(4)) {
    table.add(
        {.figure = what, .value = percent, .unit = "% core", .ratio = {}, .must = must, .aim = {}});
  };
  add("JS110 words -> i, v, exact sums, BLE load", median_percent(convert_and_sum, ble));
  add("JS110 words -> i, v, exact sums, random words", median_percent(convert_and_sum, mixed));
  add("JS110 transfers -> Blocks, BLE load", median_percent(transfers_to_floats, ble));
  add("JS110 transfers -> Blocks with words, BLE load", median_percent(transfers_to_words, ble));
  add("JS110 Blocks -> batches of floats, BLE load", median_percent(blocks_to_floats, ble), {});
  add("JS110 Blocks -> batches of words, BLE load", median_percent(blocks_to_words, ble), {});
  for (const bool words : {true, false}) {
    const Batches made = batches(ble, words);
    table.add({.figure = words ? "JS110 full rate on the wire, words"
                               : "JS110 full rate on the wire, floats",
               .value = static_cast<double>(made.payload_bytes) / static_cast<double>(made.ids) * 2,
               .unit = "MB/s",
               .ratio = {},
               .must = {},
               .aim = {}});
  }
  return table.finish();
}
