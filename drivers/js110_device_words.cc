// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_device_words.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "drivers/js110_samples.h"
#include "drivers/signal/noise.h"
#include "proto/check.h"

namespace drivers::js110 {
namespace {

static_assert(kCellIds == kPacketWords);
constexpr std::array<double, kCurrentRanges> kFullScaleA = {10,     2,      180e-3, 18e-3,
                                                            1.8e-3, 180e-6, 18e-6};
constexpr std::int64_t kMadeNs = 1'560'000'000'000'000'000;

std::uint16_t raw_of(double value, const Scale& scale) {
  const double raw = std::nearbyint(value / scale.gain - scale.offset);
  return static_cast<std::uint16_t>(std::clamp(raw, 0.0, static_cast<double>(kRawMax)));
}

std::uint16_t with_lsb(std::uint16_t raw, std::uint8_t source, std::uint8_t inputs) {
  if (source == kLsbNormal) return raw;
  const unsigned bit = source == kLsbGpi1 ? inputs >> 1 & 1u : inputs & 1u;
  return static_cast<std::uint16_t>((raw & ~1u) | bit);
}

// The most sensitive range that holds all of it: no hysteresis, for that would be state.
std::uint8_t range_for(std::span<const float> current, const Calibration& calibration) {
  const auto [low, high] = std::minmax_element(current.begin(), current.end());
  std::uint8_t range = kCurrentRanges - 1;
  while (range > 0 && (static_cast<double>(*high) > kFullScaleA[range] ||
                       *low < calibration.current[range].apply(0))) {
    --range;
  }
  return range;
}

}  // namespace

std::array<std::byte, 16> hardware_serial_of(const std::string& serial) {
  std::uint64_t key = 110;
  for (const char c : serial) key = derive_key(key, static_cast<unsigned char>(c));
  std::array<std::byte, 16> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(draw(key, i));
  return bytes;
}

// The values are those of the vendor's test file: sheet, section 7.3.
Calibration emulated_calibration(const std::string& serial) {
  Calibration calibration{.current = {{{-2806.7177734375, 0.0006828914629295468},
                                       {-2822.66455078125, 0.00016375303675886244},
                                       {-2820.881103515625, 1.462617456127191e-05},
                                       {-2822.6201171875, 1.4937617152099847e-06},
                                       {-2820.462646484375, 1.4970493111832184e-07},
                                       {-2820.58251953125, 1.4983887908215365e-08},
                                       {-2818.677001953125, 1.4984542495710684e-09},
                                       {0, 0}}},
                          .voltage = {{{-1150.5926513671875, 0.0009468112839385867},
                                       {-2041.6751708984375, 0.0002934212679974735}}},
                          .serial_number = {},
                          .made_ns = kMadeNs};
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::byte byte : hardware_serial_of(serial)) {
    calibration.serial_number += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    calibration.serial_number += kDigits[std::to_integer<std::size_t>(byte) & 0xF];
  }
  return calibration;
}

WordMaker::WordMaker(const SampleSource& source, const Calibration& calibration)
    : source_(source), calibration_(calibration), chunk_(std::make_unique<Chunk>()) {}

void WordMaker::fill(std::uint64_t packet, const WordSettings& settings, PacketWordArray& words) {
  const std::uint64_t index = packet / kChunkCells;
  const std::size_t cell = packet % kChunkCells;
  if (chunk_index_ != index) {
    source_.fill(index, RangeLimits{}, *chunk_);
    chunk_index_ = index;
  }
  const auto current = std::span(chunk_->current).subspan(cell * kCellValues, kCellValues);
  const auto voltage = std::span(chunk_->voltage).subspan(cell * kCellValues, kCellValues);
  std::uint8_t range = kRangeOff;
  if (settings.select == kSelectAuto) {
    range = range_for(current, calibration_);
  } else if (settings.select != kSelectOff) {
    range = static_cast<std::uint8_t>(std::countr_zero(settings.select));
  }
  const Scale& volts = calibration_.voltage[settings.voltage_range % kVoltageRanges];
  const std::uint8_t inputs = chunk_->inputs[cell];
  for (std::size_t k = 0; k < kCellValues; ++k) {
    Sample sample{.range = range,
                  .voltage_raw = with_lsb(raw_of(static_cast<double>(voltage[k]), volts),
                                          settings.voltage_gpi, inputs)};
    if (range < kCurrentRanges) {
      sample.current_raw = raw_of(static_cast<double>(current[k]), calibration_.current[range]);
    }
    sample.current_raw = with_lsb(sample.current_raw, settings.current_gpi, inputs);
    words[2 * k] = pack_word(sample);
    sample.toggle = true;
    words[2 * k + 1] = pack_word(sample);
  }
}

Truth compute_truth(const SampleSource& source, const std::string& serial, proto::IdRange ids) {
  Truth truth;
  truth.values_per_second = kSampleRateHz;
  if (ids.last < ids.first) return truth;
  const Calibration calibration = emulated_calibration(serial);
  WordMaker maker(source, calibration);
  PacketWordArray words;
  Samples samples;
  proto::ExactAccumulator accumulator;
  const std::uint64_t end = ids.last.value() + 1;
  for (std::uint64_t id = ids.first.value(); id < end;) {
    const std::uint64_t offset = id % kPacketWords;
    const std::uint64_t count = std::min<std::uint64_t>(kPacketWords - offset, end - id);
    maker.fill(id / kPacketWords, {}, words);
    convert(std::as_bytes(std::span(words)), calibration, 0, samples);
    accumulator.add(std::span(samples.current).subspan(offset, count),
                    std::span(samples.voltage).subspan(offset, count));
    id += count;
  }
  WS_CHECK(accumulator.invalid_count() == 0);  // no word of a source is a missing one
  truth.sample_count = accumulator.valid_count();
  const auto sums = accumulator.take();
  truth.current = sums.current;
  truth.voltage = sums.voltage;
  truth.power = sums.power;
  return truth;
}

}  // namespace drivers::js110
