// SPDX-License-Identifier: Apache-2.0
// Charge and energy per device: exact from full-rate waveforms, and as summed from telemetry.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/exact_sum.h"
#include "proto/waveform.h"

namespace agent {

struct EnergyTotals {
  bool has_waveform = false;  // full-rate rows came
  std::uint64_t samples = 0;  // both values finite
  std::uint64_t samples_invalid = 0;
  proto::ExactAccumulator::Sums exact;
  std::uint64_t sample_rate_hz = 0;
  double telemetry_charge_c = 0;
  double telemetry_energy_j = 0;

  double charge_c() const;  // of the waveform lane; correctly rounded
  double energy_j() const;
};

class EnergyAudit {
 public:
  // Pairs the current and voltage rows of a decoded full-rate value; other rows are passed over.
  void add(const proto::DecodedWaveform& waveform);
  void add_telemetry(double charge_c, double energy_j);
  EnergyTotals totals();

 private:
  proto::ExactAccumulator accumulator_;
  EnergyTotals totals_;
  // Neumaier sums: 10^7 records must not add up to a visible error.
  double charge_correction_ = 0;
  double energy_correction_ = 0;
};

}  // namespace agent
