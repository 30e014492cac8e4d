// SPDX-License-Identifier: Apache-2.0
// Runs, steps, cycles and markers: each is a border at the next sample not yet processed.
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "agent/pipeline/pipeline_errc.h"
#include "agent/pipeline/pipeline_impl.h"
#include "proto/topics.h"

namespace agent {
namespace {

auto no_run(const char* what) { return proto::fail(PipelineErrc::kNoRun, what); }

}  // namespace

std::int64_t Pipeline::Impl::border_utc_us() const {
  return (live_.has_value() ? live_->time.utc_ns(live_->position) : clock_.utc_ns()) / 1000;
}

proto::EventRecord Pipeline::Impl::event(proto::EventType type, std::string message) const {
  proto::EventRecord event;
  event.utc_us = clock_.utc_ns() / 1000;
  event.device_id = device_id_;
  event.test_id = run_state_.progress().test_id;
  event.event_type = type;
  event.message = std::move(message);
  return event;
}

// Seals what lies before the border. A step border within 10 us of the interval's start moves to
// that start; a test border never moves, because the waveform's rows end at it, too.
EventEntry Pipeline::Impl::begin_border(bool of_test) {
  if (!live_.has_value()) return sender_.entry();
  const std::uint64_t open_ids = live_->position.value() - cutter_.start().value();
  if (of_test || open_ids >= opened_->rates.border_ids) cut_interval(live_->position);
  name_invalid();
  seal_telemetry();
  if (of_test) {
    cut_window();
    seal_waveform();
  }
  EventEntry entry = sender_.entry();
  sender_.close_lane(entry, proto::Lane::kTelemetry, cutter_.start());
  if (of_test && has_waveform()) {
    sender_.close_lane(entry, proto::Lane::kWaveform, live_->position);
  }
  run_state_.progress().values_lost = entry.now.progress.values_lost;
  return entry;
}

void Pipeline::Impl::end_border(EventEntry entry, bool of_test) {
  entry.now.progress = run_state_.progress();
  if (live_.has_value()) {
    entry.now.tail->test_id = run_state_.progress().test_id;
    entry.now.tail->time = live_->time;
  }
  const std::string prefix = state_prefix(id_);
  std::optional<std::string> run;
  if (run_state_.is_running()) {
    run = to_text(SavedRun{*run_state_.run(), run_state_.metadata_json()});
  }
  entry.state.push_back({prefix + std::string(kRunKey), std::move(run)});
  if (of_test) {
    entry.state.push_back({prefix + std::string(kTestsKey), to_text(run_state_.used_test_ids())});
  }
  sender_.send(std::move(entry));
}

void Pipeline::Impl::add_run_state(EventEntry& entry, const char* state) {
  const OpenRun& run = *run_state_.run();
  const StartRun& request = run.request;
  const TestProgress& progress = run_state_.progress();
  proto::RunRecord record;
  record.device_id = device_id_;
  record.test_id = progress.test_id;
  record.state = state;
  record.started_utc_us = run.started_utc_us;
  if (record.state != "running") record.ended_utc_us = border_utc_us();
  record.recipe_id = request.recipe_id;
  record.recipe = request.recipe;
  record.part_id = request.part_id;
  record.part = request.part;
  record.algorithm = request.algorithm;
  record.algorithm_version = request.algorithm_version;
  record.labels = request.labels;
  record.output_rate_hz = options_.telemetry_rate_hz;
  record.current_sign = options_.current_inverted ? "inverted" : "measured";
  if (progress.last_record > 0) {
    record.first_record_number = proto::RecordNumber(1);
    record.last_record_number = proto::RecordNumber(progress.last_record);
  }
  record.records_total = progress.last_record;
  record.samples_lost = entry.now.progress.values_lost;
  if (opened_.has_value()) {
    record.input_rate_hz = static_cast<double>(opened_->rates.value_rate_hz);
    record.charge_c = progress.charge.divided_by(opened_->rates.value_rate_hz);
    record.energy_j = progress.energy.divided_by(opened_->rates.value_rate_hz);
  }
  record.updated_utc_us = clock_.utc_ns() / 1000;
  run_state_sent_ns_ = clock_.monotonic_ns();
  entry.latest.push_back({proto::topic_name(options_.topic_prefix, proto::Topic::kRun),
                          device_id_ + "/" + progress.test_id, proto::to_json(record),
                          record.updated_utc_us, 0});
}

RunReply Pipeline::Impl::reply(const char* state) const {
  const TestProgress& progress = run_state_.progress();
  return {device_id_,           progress.test_id,      state,
          progress.step_number, progress.cycle_number, proto::RecordNumber(progress.last_record),
          border_utc_us()};
}

proto::Result<RunReply> Pipeline::Impl::run(const StartRun& command) {
  const auto checked = run_state_.check_start(command, clock_.utc_ns() / 1000);
  if (!checked) return tl::make_unexpected(checked.error());
  const std::string& test_id = *checked;
  EventEntry entry = begin_border(true);
  run_state_.start(command, test_id, border_utc_us());
  step_has_ids_ = cycle_has_ids_ = false;
  entry.now.progress.values_lost = 0;
  proto::EventRecord started = event("test_started", "run " + test_id + " started");
  started.utc_us = border_utc_us();
  started.context_json = run_state_.metadata_json();
  entry.events.push_back(std::move(started));
  add_run_state(entry, "running");
  end_border(std::move(entry), true);
  return reply("running");
}

proto::Result<RunReply> Pipeline::Impl::run(const StopRun&) {
  if (!run_state_.is_running()) return no_run("stop run");
  EventEntry entry = begin_border(true);
  const RunReply stopped = reply("stopped");
  proto::EventRecord event_stopped = event("test_stopped", "run " + stopped.test_id + " stopped");
  event_stopped.utc_us = stopped.utc_us;
  if (stopped.record_number.value() > 0) event_stopped.record_number = stopped.record_number;
  entry.events.push_back(std::move(event_stopped));
  add_run_state(entry, "stopped");
  run_state_.stop();
  step_has_ids_ = cycle_has_ids_ = false;
  end_border(std::move(entry), true);
  return stopped;
}

proto::Result<RunReply> Pipeline::Impl::run(const MarkRun& command) {
  if (!run_state_.is_running()) return no_run("mark run");
  if (command.message.find('\0') != std::string::npos) {
    return proto::fail(PipelineErrc::kInvalidText, "mark run");
  }
  EventEntry entry = sender_.entry();
  proto::EventRecord marker = event("marker", command.message);
  marker.utc_us = border_utc_us();
  marker.value = command.value;
  marker.record_number = proto::RecordNumber(run_state_.progress().last_record + 1);
  entry.events.push_back(std::move(marker));
  sender_.send(std::move(entry));
  return reply("running");
}

proto::Result<RunReply> Pipeline::Impl::run(const NextStep& command) {
  if (!run_state_.is_running()) return no_run("begin step");
  if (command.type.has_value()) {
    if (const auto ok = check_step_type(*command.type); !ok) {
      return tl::make_unexpected(ok.error());
    }
  }
  EventEntry entry = begin_border(false);
  run_state_.next_step(command.type, !step_has_ids_);
  step_has_ids_ = false;
  const TestProgress& progress = run_state_.progress();
  proto::EventRecord changed =
      event("step_changed", "step " + std::to_string(progress.step_number) + " begins");
  changed.utc_us = border_utc_us();
  changed.record_number = proto::RecordNumber(progress.last_record + 1);
  entry.events.push_back(std::move(changed));
  add_run_state(entry, "running");
  end_border(std::move(entry), false);
  return reply("running");
}

proto::Result<RunReply> Pipeline::Impl::run(const NextCycle&) {
  if (!run_state_.is_running()) return no_run("begin cycle");
  EventEntry entry = begin_border(false);
  run_state_.next_cycle(!step_has_ids_, !cycle_has_ids_);
  step_has_ids_ = cycle_has_ids_ = false;
  const TestProgress& progress = run_state_.progress();
  proto::EventRecord changed =
      event("cycle_changed", "cycle " + std::to_string(progress.cycle_number) + " begins");
  changed.utc_us = border_utc_us();
  changed.record_number = proto::RecordNumber(progress.last_record + 1);
  entry.events.push_back(std::move(changed));
  add_run_state(entry, "running");
  end_border(std::move(entry), false);
  return reply("running");
}

proto::Result<RunReply> Pipeline::execute(const RunCommand& command) {
  return std::visit([this](const auto& known) { return impl_->run(known); }, command);
}

}  // namespace agent
