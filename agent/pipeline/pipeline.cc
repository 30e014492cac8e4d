// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/pipeline/gap_events.h"
#include "agent/pipeline/pipeline_errc.h"
#include "agent/pipeline/pipeline_impl.h"
#include "proto/check.h"
#include "proto/topics.h"

namespace agent {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// Longest wait of a merged gap of invalid samples for its end.
constexpr std::int64_t kInvalidAgeMax_ns = 1'000 * kNsPerMs;
// The run topic's newest value is renewed while a run is open.
constexpr std::int64_t kRunStateAge_ns = 60'000 * kNsPerMs;

const proto::Signal* find_signal(const proto::DeviceInfo& info, std::string_view name) {
  const auto found = std::find_if(info.signals.begin(), info.signals.end(),
                                  [&](const proto::Signal& signal) { return signal.name == name; });
  return found == info.signals.end() ? nullptr : &*found;
}

std::string to_word(proto::TimeSource source) {
  switch (source) {
    case proto::TimeSource::kInstrument:
      return "instrument";
    case proto::TimeSource::kHostArrival:
      return "host_arrival";
    case proto::TimeSource::kUnsynchronised:
      break;
  }
  return "unsynchronised";
}

bool is_one_bit(const proto::Signal& signal) { return signal.name.starts_with("gpi"); }

}  // namespace

Pipeline::Impl::Impl(const PipelineOptions& options, const proto::InstrumentId& id,
                     const SavedState& saved, const PipelineLinks& links)
    : options_(options),
      id_(id),
      device_id_(id.device_id()),
      clock_(links.clock),
      events_(links.events),
      run_state_(options_, links.events.stream()),
      sender_(id, links),
      group_(proto::topic_name(options.topic_prefix, proto::Topic::kTelemetry)),
      waveform_writer_(options.zstd_level),
      host_(links.clock) {
  restore(saved);
}

void Pipeline::Impl::restore(const SavedState& saved) {
  const std::string prefix = state_prefix(id_);
  const auto text = [&](std::string_view key) {
    const auto found = saved.find(prefix + std::string(key));
    return found == saved.end() ? std::string() : found->second;
  };
  PipelineNow now = now_from_text(text(kNowKey)).value_or(PipelineNow());
  std::optional<SavedRun> run = run_from_text(text(kRunKey));
  auto tests = tests_from_text(text(kTestsKey)).value_or(std::deque<std::string>());
  if (run.has_value() && now.progress.test_id != run->run.request.test_id) {
    now.progress = TestProgress();
    now.progress.test_id = run->run.request.test_id;
  }
  step_has_ids_ = cycle_has_ids_ = now.progress.last_record > 0;
  const std::string metadata = run.has_value() ? run->metadata_json : "";
  run_state_.restore(run.has_value() ? std::optional(run->run) : std::nullopt, now.progress,
                     metadata, std::move(tests));
  now.progress = run_state_.progress();
  sender_.resume(std::move(now));
}

proto::Result<void> Pipeline::Impl::open(const proto::DeviceInfo& info) {
  const proto::Signal* current = find_signal(info, "current");
  const auto rates =
      make_rates(options_, info.sample_id_rate_hz, current == nullptr ? 0 : current->ids_per_value);
  if (!rates) return tl::make_unexpected(rates.error());
  if (live_.has_value()) end_segment();
  std::vector<std::string> duty_signals;
  std::vector<std::optional<std::size_t>> duty_of_signal;
  for (const proto::Signal& signal : info.signals) {
    duty_of_signal.push_back(is_one_bit(signal) ? std::optional(duty_signals.size())
                                                : std::nullopt);
    if (is_one_bit(signal)) duty_signals.push_back(signal.name);
  }
  opened_.emplace(Opened{info, *rates,
                         TelemetryBuilder(*rates, options_.current_inverted, duty_signals),
                         WaveformBuilder(*rates, info), duty_of_signal});
  cutter_ = IntervalCutter(rates->interval_ids);

  EventEntry entry = sender_.entry();
  proto::EventRecord connected = event("device_connected", id_.to_string() + " is connected");
  connected.context_json = nlohmann::ordered_json{
      {"firmware", info.firmware},
      {"hardware", info.hardware},
      {"calibration",
       info.calibration}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  entry.events.push_back(std::move(connected));
  const std::int64_t now_us = clock_.utc_ns() / 1000;
  proto::DeviceRecord device;
  device.info = info;
  device.agent_id = options_.agent_id;
  device.site = options_.site;
  device.bench = options_.bench;
  device.bench_class = options_.bench_class;
  device.profile = options_.profile;
  device.updated_utc_us = now_us;
  entry.latest.push_back({proto::topic_name(options_.topic_prefix, proto::Topic::kDevice),
                          device_id_, proto::to_json(device), now_us, 0});
  sender_.send(std::move(entry));
  return {};
}

void Pipeline::Impl::lose(const proto::Error& error, proto::GapReason reason) {
  if (live_.has_value()) {
    // An instrument that the sleeping host did not serve resets itself, or is found silent.
    const bool by_itself = reason == proto::GapReason::kDisconnect;
    if (by_itself && host_.take_sleep()) reason = proto::GapReason::kSuspend;
    end_segment();
    lost_reason_ = reason;
  }
  if (!opened_.has_value()) return;
  opened_.reset();
  EventEntry entry = sender_.entry();
  proto::EventRecord lost = event("device_lost", error.message());
  lost.severity = proto::Severity::kWarning;
  lost.context_json =
      nlohmann::ordered_json{{"reason", std::string(proto::to_string(reason))}}.dump();
  entry.events.push_back(std::move(lost));
  sender_.send(std::move(entry));
}

// Everything that was seen leaves memory, and the books of both lanes are closed at its end.
void Pipeline::Impl::end_segment() {
  finish();
  live_.reset();
}

void Pipeline::Impl::begin_segment(const drivers::SegmentStart& start) {
  WS_CHECK(opened_.has_value());
  const bool was_live = live_.has_value();
  if (was_live) {
    lost_reason_ = why_new_segment(start);
    if (lost_reason_ == proto::GapReason::kUsbLoss && host_.take_sleep()) {
      lost_reason_ = proto::GapReason::kSuspend;
    }
    end_segment();
  }
  EventEntry entry = sender_.entry();
  if (entry.now.tail.has_value()) join(entry, start, was_live);

  SegmentTail tail;
  tail.stream = events_.stream();
  tail.segment = start.segment;
  tail.time = start.time;
  tail.test_id = run_state_.progress().test_id;
  tail.ids_per_value = opened_->rates.ids_per_value;
  entry.now.tail = tail;
  entry.now.lanes.clear();
  entry.now.lanes[proto::Lane::kTelemetry].begin(start.first_id);
  if (has_waveform()) entry.now.lanes[proto::Lane::kWaveform].begin(start.first_id);
  sender_.send(std::move(entry));
  live_ = Live{start.segment,  start.time,       start.first_id,
               start.first_id, proto::Summary(), start.first_id};
  host_.mark();
  cutter_.begin(start.first_id);
  lost_reason_ = proto::GapReason::kDisconnect;
}

// A driver begins a segment within one connection when the counter jumped, or when the time did.
// Both maps know the first id, so a pause (of the host, the program or the bus) is no step: the old
// map has gone on over it.
proto::GapReason Pipeline::Impl::why_new_segment(const drivers::SegmentStart& start) const {
  const bool is_forward = start.first_id >= live_->position;
  const std::int64_t off_ns =
      start.time.utc_ns(start.first_id) - live_->time.utc_ns(start.first_id);
  if (is_forward && std::llabs(off_ns) <= HostClock::kStepMinNs) return proto::GapReason::kUsbLoss;
  // Without a hole the counter cannot have jumped. With one it may have; then the host's clocks
  // say.
  const bool is_next = is_forward && start.first_id.value() - live_->position.value() <
                                         static_cast<std::uint64_t>(live_->time.rate_hz);
  return is_next || host_.step_ns() != 0 ? proto::GapReason::kClockStep
                                         : proto::GapReason::kUsbLoss;
}

void Pipeline::Impl::add_clock_step(EventEntry& entry, double step_s) const {
  proto::EventRecord step = event("clock_step", "the host clock stepped; a new segment begins");
  step.severity = proto::Severity::kWarning;
  step.value = step_s;
  entry.events.push_back(std::move(step));
}

void Pipeline::Impl::join(EventEntry& entry, const drivers::SegmentStart& start, bool was_live) {
  const SegmentTail tail = *entry.now.tail;
  // A step while nothing was read is not part of the gap: the head is told in the old time.
  const std::int64_t step_ns = was_live ? 0 : host_.step_ns();
  SegmentHead head = {start.first_id, start.time};
  head.time.reference_utc_ns -= step_ns;
  proto::SampleId seen_end;
  for (const auto& [lane, ledger] : entry.now.lanes) {
    seen_end = std::max(
        {seen_end, ledger.next, ledger.named.empty() ? seen_end : ledger.named.spans().back().end});
  }
  // Within one connection the driver has watched the counter; the host clock need not agree.
  const bool went_on = was_live ? start.first_id >= seen_end
                                : counter_went_on(tail, head, seen_end, clock_.utc_ns() - step_ns);
  const std::map<proto::Lane, LaneLedger> lanes = entry.now.lanes;
  for (const auto& [lane, ledger] : lanes) {
    for (proto::Gap& gap : gaps_between(tail, head, ledger, went_on)) {
      gap.reason = lost_reason_;
      sender_.name_gap(entry, lane, std::move(gap));
    }
  }
  if (lost_reason_ == proto::GapReason::kClockStep) {
    const std::int64_t off_ns =
        start.time.utc_ns(start.first_id) - tail.time.utc_ns(start.first_id);
    add_clock_step(entry, static_cast<double>(went_on ? off_ns : host_.step_ns()) / 1e9);
  } else if (step_ns != 0) {
    add_clock_step(entry, static_cast<double>(step_ns) / 1e9);
  }
}

void Pipeline::Impl::tick() {
  host_.observe();
  const std::int64_t now_ns = clock_.monotonic_ns();
  const auto is_due = [&](std::int64_t since_ns, std::int64_t age_ms) {
    return now_ns - since_ns >= age_ms * kNsPerMs;
  };
  if (!group_.empty() && is_due(group_.since_ns(), options_.json_seal_age_ms)) seal_telemetry();
  if (!invalid_.empty() && now_ns - invalid_since_ns_ >= kInvalidAgeMax_ns) name_invalid();
  if (opened_.has_value() && !opened_->waveform.empty() &&
      is_due(waveform_since_ns_, options_.waveform_seal_age_ms)) {
    seal_waveform();
  }
  if (run_state_.is_running() && now_ns - run_state_sent_ns_ >= kRunStateAge_ns) {
    EventEntry entry = sender_.entry();
    add_run_state(entry, "running");
    sender_.send(std::move(entry));
  }
}

void Pipeline::Impl::finish() {
  if (!live_.has_value()) return;
  cut_interval(live_->position);
  cut_window();
  name_invalid();
  seal_telemetry();
  seal_waveform();
  EventEntry entry = sender_.entry();
  for (const auto& [lane, ledger] : sender_.now().lanes) {
    sender_.close_lane(entry, lane, live_->position);
  }
  if (!entry.events.empty()) sender_.send(std::move(entry));
}

PipelineStatus Pipeline::Impl::status() const {
  const TestProgress& progress = run_state_.progress();
  PipelineStatus status;
  status.test_id = progress.test_id;
  status.run_state = run_state_.is_running() ? "running" : "idle";
  status.step_number = progress.step_number;
  status.cycle_number = progress.cycle_number;
  status.records_total = progress.last_record;
  status.values_total = values_total_;
  status.values_lost_total = sender_.totals().values_lost;
  status.gaps_total = sender_.totals().gaps;
  status.gaps_by_reason = sender_.totals().by_reason;
  status.last_gap_utc_us = sender_.totals().last_utc_us;
  status.last_gap_reason = sender_.totals().last_reason;
  status.current_a = last_values_.current_a;
  status.voltage_v = last_values_.voltage_v;
  status.power_w = last_values_.power_w;
  if (opened_.has_value()) {
    status.charge_c = progress.charge.divided_by(opened_->rates.value_rate_hz);
    status.energy_j = progress.energy.divided_by(opened_->rates.value_rate_hz);
  }
  if (!live_.has_value()) return status;
  status.last_sample_utc_us = live_->time.utc_ns(live_->position) / 1000;
  const bool is_set = HostClock::is_set(live_->time.reference_utc_ns);
  status.time_source = to_word(is_set ? live_->time.source : proto::TimeSource::kUnsynchronised);
  status.time_uncertainty_s = static_cast<double>(live_->time.uncertainty_ns) / 1e9;
  for (const auto& [lane, ledger] : sender_.now().lanes) {
    std::uint64_t open = 0;
    for (const IdSpan& span : ledger.open_before(live_->position)) open += span.ids();
    status.ids_in_memory = std::max(status.ids_in_memory, open);
  }
  return status;
}

Pipeline::Pipeline(const PipelineOptions& options, const proto::InstrumentId& id,
                   const SavedState& saved, const PipelineLinks& links)
    : impl_(std::make_unique<Impl>(options, id, saved, links)) {}
Pipeline::~Pipeline() = default;

std::string Pipeline::state_prefix(const proto::InstrumentId& id) {
  return kStatePrefix + id.device_id() + "/";
}

proto::Result<void> Pipeline::on_opened(const proto::DeviceInfo& info) { return impl_->open(info); }
void Pipeline::on_lost(const proto::Error& error, proto::GapReason reason) {
  impl_->lose(error, reason);
}
void Pipeline::on_segment(const drivers::SegmentStart& start) { impl_->begin_segment(start); }
void Pipeline::on_block(const proto::Block& block) { impl_->add_block(block); }
void Pipeline::on_gap(const proto::Gap& gap) { impl_->add_gap(gap); }
void Pipeline::on_tick() { impl_->tick(); }
void Pipeline::finish() { impl_->finish(); }
PipelineStatus Pipeline::status() const { return impl_->status(); }

}  // namespace agent
