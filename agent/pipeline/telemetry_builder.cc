// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/telemetry_builder.h"

#include <algorithm>
#include <utility>

namespace agent {
namespace {

constexpr std::uint64_t kSecondsPerHour = 3600;
constexpr std::int64_t kStampStepBackMax_us = 1'000'000;

proto::ExactSum positive_part(const proto::ExactSum& sum) {
  return sum.is_negative() ? proto::ExactSum() : sum;
}

// Never -0: JSON and databases tell the two zeros apart.
double positive_zero(double value) { return value == 0 ? 0.0 : value; }

// Timestamps of a test increase strictly, also where a new segment's map puts its first ids a
// little before the last ones of the old; a clock that was set back by more is not hidden.
std::int64_t stamp(std::int64_t end_utc_us, std::int64_t previous_utc_us) {
  const std::int64_t back_us = previous_utc_us - end_utc_us;
  return back_us >= 0 && back_us < kStampStepBackMax_us ? previous_utc_us + 1 : end_utc_us;
}

}  // namespace

TelemetryBuilder::TelemetryBuilder(const Rates& rates, bool current_inverted,
                                   std::vector<std::string> duty_signals)
    : rates_(rates),
      inverted_(current_inverted),
      duty_signals_(std::move(duty_signals)),
      duties_(duty_signals_.size()) {}

void TelemetryBuilder::add_duty(std::size_t index, const DutyCount& count) {
  duties_[index].ones += count.ones;
  duties_[index].known += count.known;
}

std::optional<proto::TelemetryRecord> TelemetryBuilder::finish(const IntervalFacts& facts,
                                                               TestProgress& progress) {
  if (summary_.valid_count() == 0) {
    clear();
    return std::nullopt;
  }
  proto::TelemetryRecord record;
  record.device_id = facts.device_id;
  record.test_id = progress.test_id;
  record.cycle_number = progress.cycle_number;
  record.step_number = progress.step_number;
  record.step = progress.step;
  record.record_number = proto::RecordNumber(++progress.last_record);
  record.end_utc_us = stamp(facts.end_utc_us, progress.last_end_utc_us);
  progress.last_end_utc_us = record.end_utc_us;
  record.duration_s = rates_.seconds(facts.span.ids());
  record.segment = facts.segment;
  record.sample_id_first = facts.span.begin;
  record.sample_id_last = facts.span.end - 1;
  record.sample_count = arrived_values();
  record.samples_missing = missing_ids_ / rates_.ids_per_value;
  record.samples_invalid = summary_.invalid_count;
  record.metadata_json = facts.metadata_json;
  fill_means(record);
  fill_step(record, facts.span, progress);
  fill_auxiliary(record);
  clear();
  return record;
}

void TelemetryBuilder::fill_means(proto::TelemetryRecord& record) const {
  const std::uint64_t count = summary_.valid_count();
  record.voltage_v = sums_.voltage.divided_by(count);
  record.current_a = (inverted_ ? -sums_.current : sums_.current).divided_by(count);
  record.power_w = (inverted_ ? -sums_.power : sums_.power).divided_by(count);
}

void TelemetryBuilder::fill_step(proto::TelemetryRecord& record, const IdSpan& span,
                                 TestProgress& progress) const {
  const proto::ExactSum charge = inverted_ ? -sums_.current : sums_.current;
  const proto::ExactSum energy = inverted_ ? -sums_.power : sums_.power;
  const std::uint64_t per_second = rates_.value_rate_hz;
  const std::uint64_t per_hour = per_second * kSecondsPerHour;
  record.charge_c = charge.divided_by(per_second);
  record.energy_j = energy.divided_by(per_second);
  const proto::ExactSum charge_in = positive_part(charge);
  const proto::ExactSum charge_out = positive_part(-charge);
  const proto::ExactSum energy_in = positive_part(energy);
  const proto::ExactSum energy_out = positive_part(-energy);
  record.capacity_charged_ah = charge_in.divided_by(per_hour);
  record.capacity_discharged_ah = charge_out.divided_by(per_hour);
  record.energy_charged_wh = energy_in.divided_by(per_hour);
  record.energy_discharged_wh = energy_out.divided_by(per_hour);

  const RecordValues previous =
      progress.previous.value_or(RecordValues{record.voltage_v, record.current_a, record.power_w});
  record.voltage_delta_v = record.voltage_v - previous.voltage_v;
  record.current_delta_a = record.current_a - previous.current_a;
  record.power_delta_w = record.power_w - previous.power_w;
  progress.previous = RecordValues{record.voltage_v, record.current_a, record.power_w};

  StepSums& step = progress.step_sums;
  step.charge_in += charge_in;
  step.charge_out += charge_out;
  step.energy_in += energy_in;
  step.energy_out += energy_out;
  step.ids += span.ids();
  progress.charge += charge;
  progress.energy += energy;
  record.step_duration_s = rates_.seconds(step.ids);
  record.step_capacity_charged_ah = step.charge_in.divided_by(per_hour);
  record.step_capacity_discharged_ah = step.charge_out.divided_by(per_hour);
  record.step_energy_charged_wh = step.energy_in.divided_by(per_hour);
  record.step_energy_discharged_wh = step.energy_out.divided_by(per_hour);
}

void TelemetryBuilder::fill_auxiliary(proto::TelemetryRecord& record) const {
  const auto add = [&](const char* quantity, const char* unit, const proto::Moments& moments,
                       bool inverted) {
    const double min = inverted ? -moments.max : moments.min;
    const double max = inverted ? -moments.min : moments.max;
    const std::string name = quantity;
    record.auxiliary.emplace_back(name + "_min__" + unit, positive_zero(min));
    record.auxiliary.emplace_back(name + "_max__" + unit, positive_zero(max));
    record.auxiliary.emplace_back(name + "_std__" + unit, moments.std());
  };
  add("voltage", "V", summary_.voltage, false);
  add("current", "A", summary_.current, inverted_);
  add("power", "W", summary_.power, inverted_);
  for (std::size_t i = 0; i < duties_.size(); ++i) {
    if (duties_[i].known == 0) continue;
    const auto known = static_cast<double>(duties_[i].known);
    record.auxiliary.emplace_back(duty_signals_[i] + "_duty",
                                  static_cast<double>(duties_[i].ones) / known);
  }
}

void TelemetryBuilder::clear() {
  sums_ = proto::ExactSums();
  summary_ = proto::Summary();
  std::fill(duties_.begin(), duties_.end(), DutyCount());
  missing_ids_ = 0;
}

}  // namespace agent
