// SPDX-License-Identifier: Apache-2.0
// Statistics of a window of samples, computed from every sample: exact sums of i, v and i*v, and
// count, mean, min, max, std. Windows merge: the parts' summaries give the whole's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "proto/exact_sum.h"

namespace proto {

// Of one signal. Meaningless while count is 0.
struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double m2 = 0;  // sum of squared distances from the mean
  double min = 0;
  double max = 0;

  void merge(const Moments& other);
  bool operator==(const Moments&) const = default;
  double std() const;  // of the population: m2 is divided by count; 0 while count is 0
};

struct Summary {
  Moments current;
  Moments voltage;
  Moments power;                    // of the products i*v in double, which holds each exactly
  std::uint64_t invalid_count = 0;  // samples of which i or v was NaN or infinite: in no figure

  std::uint64_t valid_count() const { return current.count; }
  void merge(const Summary& other);
  bool operator==(const Summary&) const = default;
};

// The most samples that summarize_chunk() takes at once.
inline constexpr std::size_t kChunkSamplesMax = 1024;

// At most kChunkSamplesMax samples, equal sizes. Adds the samples to `sums`.
Summary summarize_chunk(std::span<const float> current, std::span<const float> voltage,
                        ExactSums& sums);
// Any number of samples.
Summary summarize(std::span<const float> current, std::span<const float> voltage, ExactSums& sums);

}  // namespace proto
