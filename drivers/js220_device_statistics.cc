// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace drivers::js220 {
namespace {

constexpr SignalStatistics kNothing{.sum = 0,
                                    .min = std::numeric_limits<std::int64_t>::max(),
                                    .max = std::numeric_limits<std::int64_t>::min(),
                                    .sum_of_squares = 0};

// Ties to even. All values of a source lie within the instrument's range.
std::int64_t fixed_point(double value, int fraction_bits) {
  return std::llrint(std::ldexp(value, fraction_bits));
}

void add_to(SignalStatistics& signal, std::int64_t value) {
  signal.sum += value;
  signal.min = std::min(signal.min, value);
  signal.max = std::max(signal.max, value);
  signal.sum_of_squares += static_cast<Int128>(value) * value;
}

}  // namespace

StatisticsMaker::StatisticsMaker(const SampleSource& source)
    : source_(source), chunk_(std::make_unique<Chunk>()) {}

void StatisticsMaker::start(std::uint64_t counter, std::uint32_t block_values) {
  running_ = true;
  block_values_ = block_values;
  value_ = (counter + kIdsPerValue - 1) / kIdsPerValue;
  clear();
  begin_block();
}

void StatisticsMaker::set_block_values(std::uint32_t block_values) {
  block_values_ = block_values;
  begin_block();
}

void StatisticsMaker::clear() {
  statistics_.integral_sample_id = value_ * kIdsPerValue;
  statistics_.current_integral = 0;
  statistics_.power_integral = 0;
}

void StatisticsMaker::set_range(std::optional<RangeLimits> limits) {
  if (limits != limits_) chunk_index_.reset();
  limits_ = limits;
}

void StatisticsMaker::begin_block() {
  block_value_ = value_;
  statistics_.block_values = block_values_;
  statistics_.block_sample_id = value_ * kIdsPerValue;
  statistics_.current = statistics_.voltage = statistics_.power = kNothing;
}

std::optional<std::uint64_t> StatisticsMaker::due() const {
  if (!running_) return std::nullopt;
  return (block_value_ + block_values_) * kIdsPerValue;
}

std::optional<Statistics> StatisticsMaker::next(std::uint64_t counter) {
  if (!running_) return std::nullopt;
  const std::uint64_t end = counter / kIdsPerValue;
  if (end > value_ + kBehindIdsMax / kIdsPerValue) {
    start(counter, block_values_);
    return std::nullopt;
  }
  const std::uint64_t block_end = block_value_ + block_values_;
  while (value_ < std::min(end, block_end)) add(std::min(end, block_end) - value_);
  if (value_ < block_end) return std::nullopt;
  const Statistics complete = statistics_;
  begin_block();
  return complete;
}

// At most as many as the chunk at hand has.
void StatisticsMaker::add(std::uint64_t values) {
  const std::uint64_t index = value_ / kChunkValues;
  if (chunk_index_ != index) {
    source_.fill(index, limits_.value_or(RangeLimits{}), *chunk_);
    if (!limits_) chunk_->current.fill(0);
    chunk_index_ = index;
  }
  const std::size_t first = value_ % kChunkValues;
  const std::size_t end = std::min<std::uint64_t>(first + values, kChunkValues);
  for (std::size_t k = first; k < end; ++k) {
    const double current = static_cast<double>(chunk_->current[k]);
    const double voltage = static_cast<double>(chunk_->voltage[k]);
    const double power = current * voltage;  // exact: 48 bits
    const std::int64_t amperes = fixed_point(current, kCurrentFractionBits);
    add_to(statistics_.current, amperes);
    add_to(statistics_.voltage, fixed_point(voltage, kVoltageFractionBits));
    add_to(statistics_.power, fixed_point(power, kPowerFractionBits));
    statistics_.current_integral += amperes;
    statistics_.power_integral += fixed_point(power, kIntegralFractionBits);
  }
  value_ += end - first;
}

}  // namespace drivers::js220
