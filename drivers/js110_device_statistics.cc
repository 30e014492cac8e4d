// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_device_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "drivers/js110_samples.h"

namespace drivers::js110 {
namespace {

struct Extent {
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  void add(double value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

std::int64_t fixed_point(double value, int fraction_bits) {
  return std::llrint(std::ldexp(value, fraction_bits));
}

std::int32_t small_fixed_point(double value, int fraction_bits) {
  return static_cast<std::int32_t>(fixed_point(value, fraction_bits));
}

// Of a sum of one window, toward zero.
std::int64_t mean(std::int64_t sum_q31, int fraction_bits) {
  const Int128 scaled = fraction_bits >= 31
                            ? static_cast<Int128>(sum_q31) << (fraction_bits - 31)
                            : static_cast<Int128>(sum_q31) / (Int128{1} << (31 - fraction_bits));
  return static_cast<std::int64_t>(scaled / static_cast<Int128>(kSamplesPerUpdate));
}

// Samples of 2^-31 units to seconds of 2^-27, toward zero.
std::int64_t integral_q27(Int128 sum_q31) {
  return static_cast<std::int64_t>(sum_q31 / (Int128{16} * kSampleRateHz));
}

}  // namespace

void SensorStatisticsMaker::clear() {
  next_window_ = 0;
  charge_q31_ = energy_q31_ = 0;
  statistics_ = {};
}

SensorStatistics SensorStatisticsMaker::take(std::uint64_t samples, const WordSettings& settings) {
  statistics_.samples_per_update = static_cast<std::int32_t>(kSamplesPerUpdate);
  statistics_.samples_per_second = static_cast<std::int32_t>(kSampleRateHz);
  statistics_.samples_this = 0;
  const std::uint64_t complete = samples / kSamplesPerUpdate;
  if (complete > next_window_ + kWindowsMax) next_window_ = complete - kWindowsMax;
  for (; next_window_ < complete; ++next_window_) {
    add_window(next_window_ * kSamplesPerUpdate, settings);
    statistics_.samples_this = static_cast<std::int32_t>(kSamplesPerUpdate);
    statistics_.samples_total += kSamplesPerUpdate;
  }
  return statistics_;
}

void SensorStatisticsMaker::add_window(std::uint64_t first, const WordSettings& settings) {
  Extent amperes;
  Extent volts;
  Extent watts;
  std::int64_t current_q31 = 0;
  std::int64_t voltage_q31 = 0;
  std::int64_t power_q31 = 0;
  PacketWordArray words;
  Samples samples;
  const std::uint64_t end = first + kSamplesPerUpdate;
  for (std::uint64_t at = first; at < end;) {
    const std::uint64_t offset = at % kPacketWords;
    const std::uint64_t count = std::min<std::uint64_t>(kPacketWords - offset, end - at);
    words_.fill(at / kPacketWords, settings, words);
    convert(std::as_bytes(std::span(words)), calibration_, settings.voltage_range, samples);
    for (std::uint64_t k = offset; k < offset + count; ++k) {
      const double current = static_cast<double>(samples.current[k]);
      const double voltage = static_cast<double>(samples.voltage[k]);
      amperes.add(current);
      volts.add(voltage);
      watts.add(current * voltage);
      current_q31 += fixed_point(current, 31);
      voltage_q31 += fixed_point(voltage, 31);
      power_q31 += fixed_point(current * voltage, 31);
    }
    at += count;
  }
  statistics_.current_q27 = {static_cast<std::int32_t>(mean(current_q31, 27)),
                             small_fixed_point(amperes.min, 27),
                             small_fixed_point(amperes.max, 27)};
  statistics_.voltage_q17 = {static_cast<std::int32_t>(mean(voltage_q31, 17)),
                             small_fixed_point(volts.min, 17), small_fixed_point(volts.max, 17)};
  statistics_.power_mean_q34 = mean(power_q31, 34);
  statistics_.power_q21 = {small_fixed_point(watts.min, 21), small_fixed_point(watts.max, 21)};
  charge_q31_ += current_q31;
  energy_q31_ += power_q31;
  statistics_.charge_q27 = integral_q27(charge_q31_);
  statistics_.energy_q27 = integral_q27(energy_q31_);
}

}  // namespace drivers::js110
