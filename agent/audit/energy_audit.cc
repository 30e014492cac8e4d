// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/energy_audit.h"

#include <cmath>

namespace agent {
namespace {

void add_compensated(double& sum, double& correction, double value) {
  const double next = sum + value;
  correction += std::fabs(sum) >= std::fabs(value) ? (sum - next) + value : (value - next) + sum;
  sum = next;
}

bool is_full_rate(const proto::DecodedRow& row, const char* signal) {
  return row.signal == signal && row.min.empty() && !row.values.empty();
}

}  // namespace

double EnergyTotals::charge_c() const {
  return sample_rate_hz == 0 ? 0.0 : exact.current.divided_by(sample_rate_hz);
}

double EnergyTotals::energy_j() const {
  return sample_rate_hz == 0 ? 0.0 : exact.power.divided_by(sample_rate_hz);
}

void EnergyAudit::add(const proto::DecodedWaveform& waveform) {
  for (const proto::DecodedRow& current : waveform.rows) {
    if (!is_full_rate(current, "current")) continue;
    for (const proto::DecodedRow& voltage : waveform.rows) {
      if (!is_full_rate(voltage, "voltage") || voltage.first_sample != current.first_sample ||
          voltage.values.size() != current.values.size()) {
        continue;
      }
      accumulator_.add(current.values, voltage.values);
      totals_.has_waveform = true;
      totals_.sample_rate_hz = static_cast<std::uint64_t>(std::llround(current.rate_hz));
    }
  }
}

void EnergyAudit::add_telemetry(double charge_c, double energy_j) {
  add_compensated(totals_.telemetry_charge_c, charge_correction_, charge_c);
  add_compensated(totals_.telemetry_energy_j, energy_correction_, energy_j);
}

EnergyTotals EnergyAudit::totals() {
  totals_.samples = accumulator_.valid_count();
  totals_.samples_invalid = accumulator_.invalid_count();
  totals_.exact = accumulator_.take();  // and the counts begin afresh
  EnergyTotals result = totals_;
  result.telemetry_charge_c += charge_correction_;
  result.telemetry_energy_j += energy_correction_;
  return result;
}

}  // namespace agent
