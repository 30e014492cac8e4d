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

  // At 1 MSPS of the instrument's own time.
  double charge_c() const { return current.divided_by(1'000'000); }
  double energy_j() const { return power.divided_by(1'000'000); }
};

// Range mode automatic without limits, which is how the product drives an instrument.
Truth compute_truth(const SampleSource& source, proto::IdRange ids);

}  // namespace drivers
