// SPDX-License-Identifier: Apache-2.0
// The writing half of control_request.h: requests of the CLI, replies of the daemon.
#include <nlohmann/json.hpp>

#include "agent/control/control_errc.h"
#include "agent/control/control_request.h"
#include "agent/pipeline/pipeline_errc.h"
#include "proto/cloud_event.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

void add(Json& json, const char* name, const std::optional<std::string>& value) {
  if (value) json[name] = *value;
}

struct CommandWriter {
  Json& json;

  void operator()(const StartRun& start) const {
    json["action"] = "start";
    if (!start.test_id.empty()) json["test_id"] = start.test_id;
    add(json, "recipe_id", start.recipe_id);
    add(json, "recipe", start.recipe);
    add(json, "part_id", start.part_id);
    add(json, "part", start.part);
    add(json, "algorithm", start.algorithm);
    add(json, "algorithm_version", start.algorithm_version);
    if (!start.labels.empty()) json["labels"] = start.labels;
  }
  void operator()(const StopRun&) const { json["action"] = "stop"; }
  void operator()(const MarkRun& mark) const {
    json["action"] = "mark";
    json["message"] = mark.message;
    if (mark.value) json["value"] = *mark.value;
  }
  void operator()(const NextStep& step) const {
    json["action"] = "step";
    if (!step.type) return;
    json["step_type"] = step.type->name;
    json["step_id"] = step.type->id;
  }
  void operator()(const NextCycle&) const { json["action"] = "cycle"; }
};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view control_word(ControlErrc code) {
  switch (code) {
    case ControlErrc::kMalformed:
      return "malformed";
    case ControlErrc::kUnknownVerb:
      return "unknown_verb";
    case ControlErrc::kInvalidField:
      return "invalid_field";
    case ControlErrc::kTooLarge:
      return "too_large";
    case ControlErrc::kUnknownInstrument:
      return "unknown_instrument";
    case ControlErrc::kAlreadyReleased:
      return "already_released";
    case ControlErrc::kNotReleased:
      return "not_released";
    case ControlErrc::kBusy:
      return "busy";
    case ControlErrc::kDaemonAbsent:
      return "daemon_absent";
    case ControlErrc::kDenied:
      return "denied";
    case ControlErrc::kNoAnswer:
      return "no_answer";
  }
  return "failed";
}

std::string_view pipeline_word(PipelineErrc code) {
  switch (code) {
    case PipelineErrc::kAlreadyRunning:
      return "already_running";
    case PipelineErrc::kNoRun:
      return "no_run";
    case PipelineErrc::kTestIdUsed:
      return "test_id_used";
    case PipelineErrc::kInvalidId:
      return "invalid_id";
    case PipelineErrc::kInvalidText:
      return "invalid_text";
    case PipelineErrc::kInvalidStepType:
      return "invalid_step_type";
    case PipelineErrc::kRateDoesNotDivide:
      return "rate_does_not_divide";
  }
  return "failed";
}

}  // namespace

std::string to_json(const ControlRequest& request) {
  Json json;
  if (const auto* const run = std::get_if<RunRequest>(&request)) {
    json["verb"] = "run";
    if (!run->instrument.empty()) json["instrument"] = run->instrument;
    std::visit(CommandWriter{json}, run->command);
  } else if (const auto* const hold = std::get_if<HoldRequest>(&request)) {
    const auto* const release = std::get_if<ReleaseDevice>(&hold->command);
    json["verb"] = release != nullptr ? "release" : "claim";
    if (!hold->instrument.empty()) json["instrument"] = hold->instrument;
    if (release != nullptr && release->duration) json["for_ms"] = release->duration->count();
  } else {
    json["verb"] = "status";
  }
  return dump(json);
}

std::string hold_reply_json(const HoldReply& reply) {
  Json until = nullptr;
  if (reply.released_until_utc_us) until = proto::rfc3339_us(*reply.released_until_utc_us);
  return dump({{"schema", 1},
               {"ok", true},
               {"instrument",
                {{"instrument", reply.id.to_string()},
                 {"device_id", reply.id.device_id()},
                 {"state", reply.state},
                 {"released_until", until}}}});
}

std::string run_reply_json(const RunReply& reply) {
  return dump({{"schema", 1},
               {"ok", true},
               {"run",
                {{"device_id", reply.device_id},
                 {"test_id", reply.test_id},
                 {"state", reply.state},
                 {"step_number", reply.step_number},
                 {"cycle_number", reply.cycle_number},
                 {"record_number", reply.record_number.value()},
                 {"at", proto::rfc3339_us(reply.utc_us)}}}});
}

std::string error_reply_json(const proto::Error& error) {
  return dump({{"schema", 1},
               {"ok", false},
               {"error", {{"code", error_word(error.code)}, {"message", error.message()}}}});
}

std::string_view error_word(const std::error_code& code) {
  if (code.category() == control_category()) {
    return control_word(static_cast<ControlErrc>(code.value()));
  }
  if (code.category() == pipeline_category()) {
    return pipeline_word(static_cast<PipelineErrc>(code.value()));
  }
  return "failed";
}

}  // namespace agent
