// SPDX-License-Identifier: Apache-2.0
// The loop over samples, private to proto. See sample_kernel.cc for why its sums are exact.
#pragma once

#include <span>

#include "proto/summary.h"

namespace proto {

// kSumsOnly fills no more than the counts of the summary.
enum class ChunkWork { kSumsOnly, kSumsAndMoments };

Summary add_chunk(std::span<const float> current, std::span<const float> voltage, ExactSums& sums,
                  ChunkWork work);
// The same without AVX2; tests compare the two, bit for bit.
Summary add_chunk_portable(std::span<const float> current, std::span<const float> voltage,
                           ExactSums& sums, ChunkWork work);

}  // namespace proto
