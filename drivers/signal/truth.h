// SPDX-License-Identifier: Apache-2.0
// The exact truth of an id range: what a perfect recorder must have summed up.
#pragma once

#include <cstdint>

#include "drivers/signal/sample_source.h"
#include "proto/exact_sum.h"
#include "proto/gap.h"

namespace drivers {

struct Truth {
  std::uint64_t sample_count = 0;  // values whose first id lies in the range
  proto::ExactSum current;         // A, summed over values
  proto::ExactSum voltage;
  proto::ExactSum power;  // exact products, W

  std::uint64_t values_per_second = 1'000'000;  // of the instrument's own time

  double charge_c() const { return current.divided_by(values_per_second); }
  double energy_j() const { return power.divided_by(values_per_second); }
};

// Range mode automatic without limits, which is how the product drives an instrument.
Truth compute_truth(const SampleSource& source, proto::IdRange ids);

}  // namespace drivers
