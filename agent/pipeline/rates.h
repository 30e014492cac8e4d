// SPDX-License-Identifier: Apache-2.0
// The whole numbers that an instrument's sample clock and the configured rates make.
#pragma once

#include <cstdint>
#include <string_view>

#include "agent/pipeline/pipeline.h"
#include "proto/result.h"

namespace agent {

struct Rates {
  double id_rate_hz = 0;            // SampleIds per second, nominal
  std::uint32_t ids_per_value = 1;  // of current and voltage
  std::uint64_t value_rate_hz = 0;
  std::uint64_t interval_ids = 0;  // telemetry
  std::uint64_t window_ids = 0;    // decimated waveform; 0: not decimated
  std::uint64_t border_ids = 0;    // step borders closer than this are one: 10 us

  double seconds(std::uint64_t ids) const { return static_cast<double>(ids) / id_rate_hz; }
};

// Errors: PipelineErrc::kRateDoesNotDivide.
proto::Result<Rates> make_rates(const PipelineOptions& options, double sample_id_rate_hz,
                                std::uint32_t ids_per_value);

}  // namespace agent
