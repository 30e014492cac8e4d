// SPDX-License-Identifier: Apache-2.0
#include "agent/control/control_request.h"

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "agent/control/control_errc.h"

namespace agent {
namespace {

using Json = nlohmann::json;

tl::unexpected<proto::Error> invalid(const std::string& field, const std::string& rule) {
  return proto::fail(ControlErrc::kInvalidField, "field \"" + field + "\" " + rule);
}

bool is_text(const Json& json) {
  if (!json.is_string()) return false;
  const auto& text = json.get_ref<const std::string&>();
  return text.size() <= kTextBytesMax && text.find('\0') == std::string::npos;
}

// Reads the members of a request; remembers the first mistake.
class Members {
 public:
  explicit Members(const Json& json) : json_(json) {}

  void text(const char* name, std::string& target) {
    const Json* const value = find(name);
    if (value == nullptr) return;
    if (is_text(*value)) {
      target = value->get<std::string>();
    } else {
      reject(name, "must be a string of at most 1024 bytes");
    }
  }
  void text(const char* name, std::optional<std::string>& target) {
    if (find(name) == nullptr) return;
    text(name, target.emplace());
  }
  void number(const char* name, std::optional<double>& target) {
    const Json* const value = find(name);
    if (value == nullptr) return;
    if (value->is_number() && std::isfinite(value->get<double>())) {
      target = value->get<double>();
    } else {
      reject(name, "must be a finite number");
    }
  }
  void integer(const char* name, int& target) {
    const Json* const value = find(name);
    if (value == nullptr) return;
    if (value->is_number_integer() && *value >= 0 && *value <= 1'000'000) {
      target = value->get<int>();
    } else {
      reject(name, "must be an integer from 0 to 1000000");
    }
  }
  void duration(const char* name, std::optional<std::chrono::milliseconds>& target) {
    const Json* const value = find(name);
    if (value == nullptr) return;
    if (value->is_number_integer() && *value >= 0 && *value <= kReleaseMax.count()) {
      target = std::chrono::milliseconds(value->get<std::int64_t>());
    } else {
      reject(name, "must be an integer of milliseconds, at most a year");
    }
  }
  void labels(const char* name, proto::Labels& target) {
    const Json* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_object() || value->size() > kLabelsMax) {
      reject(name, "must be an object of at most 64 strings");
      return;
    }
    for (const auto& [key, label] : value->items()) {
      if (key.empty() || !is_text(Json(key)) || !is_text(label)) {
        reject(name, "must be an object of at most 64 strings");
        return;
      }
      target[key] = label.get<std::string>();
    }
  }

  // After all members were read: what nobody asked for is a mistake too.
  proto::Result<void> done() const {
    if (error_) return tl::unexpected(*error_);
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        return invalid(key.substr(0, 64), "is not known here");
      }
    }
    return {};
  }

 private:
  const Json* find(const char* name) {
    known_.emplace_back(name);
    const auto at = json_.find(name);
    return at == json_.end() || at->is_null() ? nullptr : &*at;
  }
  void reject(const char* name, const char* rule) {
    if (!error_) error_ = invalid(name, rule).value();
  }

  const Json& json_;
  std::vector<std::string> known_ = {"verb", "action"};
  std::optional<proto::Error> error_;
};

StartRun read_start(Members& members) {
  StartRun start;
  members.text("test_id", start.test_id);
  members.text("recipe_id", start.recipe_id);
  members.text("recipe", start.recipe);
  members.text("part_id", start.part_id);
  members.text("part", start.part);
  members.text("algorithm", start.algorithm);
  members.text("algorithm_version", start.algorithm_version);
  members.labels("labels", start.labels);
  return start;
}

NextStep read_step(Members& members) {
  proto::StepType type;
  members.text("step_type", type.name);
  members.integer("step_id", type.id);
  if (type.name.empty()) return {};
  return {type};
}

MarkRun read_mark(Members& members) {
  MarkRun mark;
  members.text("message", mark.message);
  members.number("value", mark.value);
  return mark;
}

proto::Result<ControlRequest> read_run(const Json& json) {
  const auto action = json.find("action");
  if (action == json.end() || !is_text(*action)) {
    return invalid("action", "must be start, stop, mark, step or cycle");
  }
  Members members(json);
  RunRequest request;
  members.text("instrument", request.instrument);
  const auto& word = action->get_ref<const std::string&>();
  if (word == "start") {
    request.command = read_start(members);
  } else if (word == "stop") {
    request.command = StopRun{};
  } else if (word == "mark") {
    request.command = read_mark(members);
  } else if (word == "step") {
    request.command = read_step(members);
  } else if (word == "cycle") {
    request.command = NextCycle{};
  } else {
    return proto::fail(ControlErrc::kUnknownVerb, "run action \"" + word.substr(0, 64) +
                                                      "\" (start, stop, mark, step, cycle)");
  }
  if (const auto done = members.done(); !done) return tl::unexpected(done.error());
  return request;
}

proto::Result<ControlRequest> read_hold(const Json& json, bool is_release) {
  Members members(json);
  HoldRequest request;
  members.text("instrument", request.instrument);
  if (is_release) {
    ReleaseDevice release;
    members.duration("for_ms", release.duration);
    request.command = release;
  } else {
    request.command = ClaimDevice{};
  }
  if (const auto done = members.done(); !done) return tl::unexpected(done.error());
  return request;
}

// Deep nesting would cost the parser stack; no request needs more than labels do.
bool nests_too_deep(std::string_view line) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > 4) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

proto::Result<ControlRequest> parse_control_request(std::string_view line) {
  if (line.size() > kRequestBytesMax) {
    return proto::fail(ControlErrc::kTooLarge, "request of more than 65536 bytes");
  }
  if (nests_too_deep(line)) return proto::fail(ControlErrc::kMalformed, "request");
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return proto::fail(ControlErrc::kMalformed, "request");
  const auto verb = json.find("verb");
  if (verb == json.end() || !is_text(*verb))
    return invalid("verb", "must be status, run, release or claim");
  const auto& word = verb->get_ref<const std::string&>();
  if (word == "run") return read_run(json);
  if (word == "release" || word == "claim") return read_hold(json, word == "release");
  if (word == "status") {
    Members members(json);
    if (const auto done = members.done(); !done) return tl::unexpected(done.error());
    return StatusRequest{};
  }
  return proto::fail(ControlErrc::kUnknownVerb,
                     "verb \"" + word.substr(0, 64) + "\" (status, run, release, claim)");
}

}  // namespace agent
