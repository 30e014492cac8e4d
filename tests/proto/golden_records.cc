// SPDX-License-Identifier: Apache-2.0
#include "golden_records.h"

#include "proto/side_records.h"
#include "proto/telemetry_record.h"

namespace proto::golden {
namespace {

constexpr std::int64_t kStartUs = 1'735'689'600'000'000;  // 2025-01-01T00:00:00Z
constexpr std::int64_t kNoonUs = 1'795'521'600'000'000;   // 2026-11-24T12:00:00Z
const StreamId kStream = *StreamId::from_hex("00112233445566778899aabbccddeeff");
const StreamId kOldStream = *StreamId::from_hex("ffeeddccbbaa99887766554433221100");

const char* const kMetadata =
    R"({"agent_id":"bench-07","site":"graz","bench":"7","part_id":"cell-12",)"
    R"("recipe_id":"formation-3","algorithm":"none","algorithm_version":"1.0",)"
    R"("current_sign":"measured","labels":{"operator":"Zoë \"Z\" Łukasz"},"version":"0.1.0"})";

std::vector<NamedValue> summary_of(double v, double a, double w) {
  return {{"voltage_min__V", v},  {"voltage_max__V", v}, {"voltage_std__V", 0},
          {"current_min__A", a},  {"current_max__A", a}, {"current_std__A", 0},
          {"power_min__W", w},    {"power_max__W", w},   {"power_std__W", 0},
          {"temperature__C", 25}, {"gpi0_duty", 0.5}};
}

struct Phase {
  StepType step;
  double current_a;
  int tenths_of_volt[5];
};

const Phase kPhases[] = {{{"Rest", 0}, 0, {30, 30, 30, 30, 30}},
                         {{"Charge", 1}, 1, {32, 34, 36, 38, 40}},
                         {{"Discharge", 2}, -1, {38, 36, 34, 32, 30}}};

// Fills what follows from voltage, current and duration by the rectangle rule.
void derive(TelemetryRecord& record, const TelemetryRecord* previous, bool step_begins) {
  record.power_w = record.voltage_v * record.current_a;
  record.charge_c = record.current_a * record.duration_s;
  record.energy_j = record.power_w * record.duration_s;
  const double ah = record.charge_c / 3600;
  const double wh = record.energy_j / 3600;
  (ah > 0 ? record.capacity_charged_ah : record.capacity_discharged_ah) = ah > 0 ? ah : -ah;
  (wh > 0 ? record.energy_charged_wh : record.energy_discharged_wh) = wh > 0 ? wh : -wh;
  if (previous != nullptr) {
    record.voltage_delta_v = record.voltage_v - previous->voltage_v;
    record.current_delta_a = record.current_a - previous->current_a;
    record.power_delta_w = record.power_w - previous->power_w;
  }
  const TelemetryRecord none;
  const TelemetryRecord& before = step_begins ? none : *previous;
  record.step_duration_s = before.step_duration_s + record.duration_s;
  record.step_capacity_charged_ah = before.step_capacity_charged_ah + record.capacity_charged_ah;
  record.step_capacity_discharged_ah =
      before.step_capacity_discharged_ah + record.capacity_discharged_ah;
  record.step_energy_charged_wh = before.step_energy_charged_wh + record.energy_charged_wh;
  record.step_energy_discharged_wh = before.step_energy_discharged_wh + record.energy_discharged_wh;
  record.auxiliary = summary_of(record.voltage_v, record.current_a, record.power_w);
}

TelemetryRecord record_at(std::uint64_t index) {
  constexpr std::uint64_t kIds = 200'000;  // 0.1 s of a 2 MHz counter
  TelemetryRecord record;
  record.device_id = "js220-001234";
  record.test_id = "20250101T000000Z-5eed";
  record.record_number = RecordNumber(index + 1);
  record.end_utc_us = kStartUs + static_cast<std::int64_t>(index + 1) * 100'000;
  record.duration_s = 0.1;
  record.segment = SegmentId(1);
  record.sample_id_first = SampleId(1'000'000 + index * kIds);
  record.sample_id_last = record.sample_id_first + (kIds - 1);
  record.sample_count = kIds / 2;
  record.metadata_json = kMetadata;
  return record;
}

std::vector<TelemetryRecord> vector_records() {
  std::vector<TelemetryRecord> records;
  for (std::uint32_t cycle = 1; cycle <= 2; ++cycle) {
    for (std::uint32_t phase = 0; phase < 3; ++phase) {
      for (std::size_t i = 0; i < 5; ++i) {
        TelemetryRecord record = record_at(records.size());
        record.cycle_number = cycle;
        record.step_number = 3 * (cycle - 1) + phase + 1;
        record.step = kPhases[phase].step;
        record.voltage_v = kPhases[phase].tenths_of_volt[i] / 10.0;
        record.current_a = kPhases[phase].current_a;
        derive(record, records.empty() ? nullptr : &records.back(), i == 0);
        records.push_back(std::move(record));
      }
    }
  }
  return records;
}

template <class Records>
std::string lines(const Records& records) {
  std::string text;
  for (const auto& record : records) text += to_json(record) + "\n";
  return text;
}

}  // namespace

std::string telemetry_vector() { return lines(vector_records()); }

std::string telemetry_edges() {
  TelemetryRecord idle = record_at(0);
  idle.test_id = "idle-00112233";
  idle.voltage_v = -0.0;
  idle.current_a = 1.4013e-45;
  idle.duration_s = 5e-7;
  idle.metadata_json = R"({"agent_id":"bench-07","current_sign":"inverted"})";
  idle.auxiliary.clear();

  TelemetryRecord large = record_at(1);
  large.cycle_number = 4'294'967'295;
  large.step = StepType{"Pulse \xFF test", 100};
  large.record_number = RecordNumber((1ULL << 53) - 1);
  large.end_utc_us = 9'007'199'254'740'991;  // in the year 2255
  large.voltage_v = 1e22;
  large.voltage_delta_v = 5e-324;  // the quotient is no double: null
  large.capacity_charged_ah = 0.1;
  large.duration_s = 10;
  large.sample_id_last = SampleId((1ULL << 53) - 1);
  large.samples_missing = 252;
  large.samples_invalid = 3;
  large.metadata_json = "{\"labels\":{\"part\":\"Zelle\\u0041 電池\"}}";

  TelemetryRecord small_step = record_at(30);
  small_step.voltage_delta_v = -0.25;
  small_step.capacity_discharged_ah = 1e-9;
  return lines(std::vector{idle, large, small_step});
}

std::string events() {
  EventRecord started;
  started.event_id = kStream.to_hex() + "/1";
  started.utc_us = kNoonUs;
  started.event_type = "agent_started";
  started.message = "started, version 0.1.0";
  started.chain = StreamChain{
      kStream, kOldStream, {{Lane::kEvent, Sequence(12)}, {Lane::kTelemetry, Sequence(3456)}}};
  EventRecord first = started;
  first.event_id = kOldStream.to_hex() + "/1";
  first.chain = StreamChain{kOldStream, std::nullopt, {}};

  EventRecord gap;
  gap.event_id = kStream.to_hex() + "/2";
  gap.utc_us = kNoonUs + 1;
  gap.device_id = "js220-001234";
  gap.test_id = "t-0001";
  gap.event_type = "gap";
  gap.severity = Severity::kWarning;
  gap.record_number = RecordNumber(17);
  gap.message = "126 values of current and voltage never arrived";
  gap.gap = GapDetail{};
  gap.gap->gap.segment = SegmentId(2);
  gap.gap->gap.signals = {"current", "voltage"};
  gap.gap->gap.ids = IdRange{SampleId(4'000'000), SampleId(4'000'251)};
  gap.gap->gap.duration_s = 0.000126;
  gap.gap->stream = kStream;
  gap.gap->samples_lost = 126;

  EventRecord evicted = gap;
  evicted.event_id = kStream.to_hex() + "/3";
  evicted.severity = Severity::kError;
  evicted.gap->gap.reason = GapReason::kEvicted;
  evicted.gap->lane = Lane::kWaveform;
  evicted.gap->stream = kOldStream;
  evicted.gap->sequence_first = Sequence(1);
  evicted.gap->sequence_last = Sequence(40);

  EventRecord restart = gap;
  restart.event_id = kStream.to_hex() + "/4";
  restart.gap->gap.reason = GapReason::kRestart;
  restart.gap->gap.ids.reset();
  restart.gap->gap.duration_s = 2;
  restart.gap->gap.duration_uncertainty_s = 0.25;

  EventRecord threshold;
  threshold.event_id = kStream.to_hex() + "/5";
  threshold.utc_us = kNoonUs + 2;
  threshold.device_id = "js220-001234";
  threshold.event_type = "threshold_on";
  threshold.message = "line\nbreak, \"quotes\" and a NUL: \xEF\xBF\xBD";
  threshold.value = 2;
  threshold.threshold = 1.5;
  threshold.context_json = R"({"signal":"current"})";
  return lines(std::vector{first, started, gap, evicted, restart, threshold});
}

std::string runs() {
  RunRecord running;
  running.device_id = "js220-001234";
  running.test_id = "t-0001";
  running.state = "running";
  running.started_utc_us = kNoonUs;
  running.input_rate_hz = 1e6;
  running.output_rate_hz = 10;
  running.current_sign = "measured";
  running.updated_utc_us = kNoonUs;
  RunRecord stopped = running;
  stopped.state = "stopped";
  stopped.ended_utc_us = kNoonUs + 60'000'000;
  stopped.recipe_id = "formation-3";
  stopped.recipe = "C/10 to 4.2 V";
  stopped.part_id = "cell-12";
  stopped.part = "18650, batch \"B\"";
  stopped.algorithm = "duty-cycling";
  stopped.algorithm_version = "2.1";
  stopped.labels = {{"operator", "Zoë"}, {"", ""}};
  stopped.first_record_number = RecordNumber(1);
  stopped.last_record_number = RecordNumber(600);
  stopped.records_total = 600;
  stopped.samples_lost = 126;
  stopped.charge_c = -12.5;
  stopped.energy_j = -41;
  stopped.updated_utc_us = kNoonUs + 60'000'000;
  return lines(std::vector{running, stopped});
}

std::string devices() {
  DeviceRecord bare;
  bare.info.id = {"js220", "001234"};
  bare.info.firmware = "1.3.0";
  bare.info.hardware = "1.0.5";
  bare.agent_id = "bench-07";
  bare.updated_utc_us = kNoonUs;
  DeviceRecord full = bare;
  full.info.calibration = "2025-06-01";
  full.info.signals = {{"current", "A", 1e6, 2}, {"voltage", "V", 1e6, 2}, {"gpi0", "", 2e6, 1}};
  full.site = "graz";
  full.bench = "7";
  full.bench_class = "battery";
  full.profile = "cell";
  return lines(std::vector{bare, full});
}

std::string agents() {
  AgentRecord calm;
  calm.agent_id = "bench-07";
  calm.version = "0.1.0";
  calm.utc_us = kNoonUs;
  calm.state = "healthy";
  calm.uptime_s = 60;
  calm.spool_quota_bytes = 10'737'418'240;
  AgentRecord busy = calm;
  busy.state = "degraded";
  busy.spool_bytes = 4'294'967'296;
  busy.oldest_unsent_age_s = 3'600;
  busy.time_to_full_s = 11'400.5;
  busy.delivered_total = 123'456'789;
  busy.retried_total = 3;
  busy.rebuilds_total = 1;
  busy.samples_lost_total = 126;
  busy.backoff_s = 12.75;
  busy.last_error = "broker 127.0.0.1:9092: Connection refused";
  return lines(std::vector{calm, busy});
}

std::string progress() {
  ProgressRecord record;
  record.agent_id = "bench-07";
  record.instance_id = "6f1e";
  record.host = "bench-07.lab";
  record.started_utc_us = kNoonUs;
  ProgressRecord moved = record;
  moved.next_sequence = {{kOldStream, {{Lane::kTelemetry, Sequence(3457)}}},
                         {kStream, {{Lane::kEvent, Sequence(6)}, {Lane::kWaveform, Sequence(1)}}}};
  return lines(std::vector{record, moved});
}

std::vector<GroupedRecord> group() {
  std::vector<GroupedRecord> records;
  for (const TelemetryRecord& record : vector_records()) {
    records.push_back({record.end_utc_us - 100'000, record.end_utc_us, 0, to_json(record)});
  }
  return records;
}

}  // namespace proto::golden
