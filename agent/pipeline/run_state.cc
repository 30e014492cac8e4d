// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/run_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/pipeline/pipeline_errc.h"
#include "proto/check.h"

namespace agent {
namespace {

constexpr std::string_view kIdlePrefix = "idle-";
constexpr int kOwnStepTypesFrom = 100;
constexpr std::array<std::string_view, 3> kStepTypes = {"Rest", "Charge", "Discharge"};

// "20261124T120000Z-9a3f".
std::string suggested_test_id(std::int64_t utc_us) {
  const std::time_t seconds = utc_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z-{}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     proto::StreamId::random().to_hex().substr(0, 4));
}

}  // namespace

proto::Result<void> check_step_type(const proto::StepType& type) {
  const auto known = std::find(kStepTypes.begin(), kStepTypes.end(), type.name);
  const bool ok = known != kStepTypes.end()
                      ? type.id == known - kStepTypes.begin()
                      : proto::is_wire_id(type.name) && type.id >= kOwnStepTypesFrom;
  if (ok) return {};
  return proto::fail(PipelineErrc::kInvalidStepType,
                     fmt::format("begin step of type {}/{}", type.name, type.id));
}

RunState::RunState(const PipelineOptions& options, const proto::StreamId& stream)
    : options_(options), idle_test_id_(std::string(kIdlePrefix) + stream.to_hex().substr(0, 8)) {
  progress_.test_id = idle_test_id_;
  idle_ = progress_;
  metadata_json_ = make_metadata();
}

void RunState::restore(std::optional<OpenRun> run, TestProgress progress, std::string metadata_json,
                       std::deque<std::string> used_test_ids) {
  used_test_ids_ = std::move(used_test_ids);
  if (run.has_value()) {
    run_ = std::move(run);
    progress_ = std::move(progress);
    metadata_json_ = metadata_json.empty() ? make_metadata() : std::move(metadata_json);
  } else if (progress.test_id == idle_test_id_) {
    progress_ = std::move(progress);
  }
}

proto::Result<std::string> RunState::check_start(const StartRun& request,
                                                 std::int64_t utc_us) const {
  if (run_.has_value()) {
    return proto::fail(PipelineErrc::kAlreadyRunning,
                       fmt::format("start run (open: {})", progress_.test_id));
  }
  const auto used = [this](const std::string& id) {
    return std::find(used_test_ids_.begin(), used_test_ids_.end(), id) != used_test_ids_.end();
  };
  std::string test_id = request.test_id;
  while (test_id.empty() || (request.test_id.empty() && used(test_id))) {
    test_id = suggested_test_id(utc_us);
  }
  if (!proto::is_wire_id(test_id) || test_id.starts_with(kIdlePrefix)) {
    return proto::fail(PipelineErrc::kInvalidId, fmt::format("start run \"{}\"", test_id));
  }
  for (const auto& [name, id] :
       {std::pair{"recipe_id", &request.recipe_id}, std::pair{"part_id", &request.part_id}}) {
    if (id->has_value() && !proto::is_wire_id(**id)) {
      return proto::fail(PipelineErrc::kInvalidId,
                         fmt::format("start run {} with {} \"{}\"", test_id, name, **id));
    }
  }
  for (const auto* text :
       {&request.recipe, &request.part, &request.algorithm, &request.algorithm_version}) {
    if (text->has_value() && (*text)->find('\0') != std::string::npos) {
      return proto::fail(PipelineErrc::kInvalidText, fmt::format("start run {}", test_id));
    }
  }
  for (const auto& [name, value] : request.labels) {
    if ((name + value).find('\0') != std::string::npos) {
      return proto::fail(PipelineErrc::kInvalidText, fmt::format("start run {}", test_id));
    }
  }
  if (used(test_id)) {
    return proto::fail(PipelineErrc::kTestIdUsed, fmt::format("start run {}", test_id));
  }
  return test_id;
}

void RunState::start(const StartRun& request, const std::string& test_id, std::int64_t utc_us) {
  WS_CHECK(!run_.has_value());
  idle_ = std::exchange(progress_, TestProgress());
  progress_.test_id = test_id;
  run_ = OpenRun{request, utc_us};
  run_->request.test_id = test_id;
  used_test_ids_.push_back(test_id);
  if (used_test_ids_.size() > kUsedTestIdsMax) used_test_ids_.pop_front();
  metadata_json_ = make_metadata();
}

// Each idle stretch is a step of the idle test, so that its step accumulators do not span a run.
void RunState::stop() {
  WS_CHECK(run_.has_value());
  run_.reset();
  progress_ = std::exchange(idle_, TestProgress());
  if (progress_.test_id.empty()) progress_.test_id = idle_test_id_;
  if (progress_.last_record > 0) ++progress_.step_number;
  begin_step();
}

void RunState::next_step(std::optional<proto::StepType> type, bool step_begins_here) {
  if (!step_begins_here) ++progress_.step_number;
  begin_step();
  progress_.step = std::move(type);
}

// A step never spans two cycles: its accumulators would be counted in both.
void RunState::next_cycle(bool step_begins_here, bool cycle_begins_here) {
  if (cycle_begins_here) return;
  ++progress_.cycle_number;
  if (step_begins_here) return;
  ++progress_.step_number;
  begin_step();
}

void RunState::begin_step() {
  progress_.step_sums = StepSums();
  metadata_json_ = make_metadata();
}

std::string RunState::make_metadata() const {
  using Json = nlohmann::ordered_json;
  const auto text = [](const std::optional<std::string>& value) {
    return value.has_value() ? Json(*value) : Json(nullptr);
  };
  const StartRun none;
  const StartRun& run = run_.has_value() ? run_->request : none;
  Json labels = Json::object();
  for (const auto& [name, value] : run.labels) labels[name] = value;
  Json metadata = {{"agent_id", options_.agent_id},
                   {"site", text(options_.site)},
                   {"bench", text(options_.bench)},
                   {"part_id", text(run.part_id)},
                   {"recipe_id", text(run.recipe_id)},
                   {"algorithm", text(run.algorithm)},
                   {"algorithm_version", text(run.algorithm_version)},
                   {"current_sign", options_.current_inverted ? "inverted" : "measured"},
                   {"labels", std::move(labels)},
                   {"version", options_.version}};
  return metadata.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace agent
