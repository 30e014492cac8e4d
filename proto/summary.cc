// SPDX-License-Identifier: Apache-2.0
#include "proto/summary.h"

#include <algorithm>
#include <cmath>

#include "proto/check.h"
#include "proto/sample_kernel.h"

namespace proto {

void Moments::merge(const Moments& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto ours = static_cast<double>(count);
  const auto theirs = static_cast<double>(other.count);
  const double distance = other.mean - mean;
  mean += distance * (theirs / (ours + theirs));
  m2 += other.m2 + distance * distance * (ours * theirs / (ours + theirs));
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  count += other.count;
}

double Moments::std() const {
  return count == 0 ? 0 : std::sqrt(std::max(0.0, m2 / static_cast<double>(count)));
}

void Summary::merge(const Summary& other) {
  current.merge(other.current);
  voltage.merge(other.voltage);
  power.merge(other.power);
  invalid_count += other.invalid_count;
}

Summary summarize_chunk(std::span<const float> current, std::span<const float> voltage,
                        ExactSums& sums) {
  WS_CHECK(current.size() == voltage.size() && current.size() <= kChunkSamplesMax);
  return add_chunk(current, voltage, sums, ChunkWork::kSumsAndMoments);
}

Summary summarize(std::span<const float> current, std::span<const float> voltage, ExactSums& sums) {
  WS_CHECK(current.size() == voltage.size());
  Summary summary;
  while (!current.empty()) {
    const std::size_t count = std::min(current.size(), kChunkSamplesMax);
    summary.merge(summarize_chunk(current.first(count), voltage.first(count), sums));
    current = current.subspan(count);
    voltage = voltage.subspan(count);
  }
  return summary;
}

void ExactAccumulator::add(std::span<const float> current, std::span<const float> voltage) {
  WS_CHECK(current.size() == voltage.size());
  while (!current.empty()) {
    const std::size_t count = std::min(current.size(), kChunkSamplesMax);
    const Summary summary =
        add_chunk(current.first(count), voltage.first(count), sums_, ChunkWork::kSumsOnly);
    valid_count_ += summary.valid_count();
    invalid_count_ += summary.invalid_count;
    current = current.subspan(count);
    voltage = voltage.subspan(count);
  }
}

ExactAccumulator::Sums ExactAccumulator::take() {
  const Sums result = sums_;
  *this = ExactAccumulator();
  return result;
}

}  // namespace proto
