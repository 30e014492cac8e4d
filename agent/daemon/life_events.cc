// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/life_events.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/version.h"

namespace agent {
namespace {

proto::EventRecord event_at(std::int64_t now_us, proto::EventType type, std::string message) {
  proto::EventRecord event;
  event.utc_us = now_us;
  event.event_type = type;
  event.message = std::move(message);
  return event;
}

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::vector<proto::EventRecord> start_events(const buffer::OpenReport& opened,
                                             std::int64_t now_us) {
  std::vector<proto::EventRecord> events;
  proto::EventRecord& started = events.emplace_back(
      event_at(now_us, "agent_started", fmt::format("wattspoold {} started", version())));
  started.context_json = json_text({{"version", std::string(version())}});
  started.chain = {opened.stream, opened.previous_stream, opened.previous_last_sequence};
  if (!opened.set_aside.empty()) {
    proto::EventRecord& salvaged = events.emplace_back(
        event_at(now_us, "spool_salvaged",
                 "a damaged spool was set aside as " + opened.set_aside + ": " + opened.damage));
    salvaged.severity = proto::Severity::kError;
    salvaged.context_json = json_text({{"set_aside", opened.set_aside}, {"damage", opened.damage}});
  }
  return events;
}

proto::EventRecord stop_event(std::int64_t now_us) {
  return event_at(now_us, "agent_stopped", fmt::format("wattspoold {} stopped", version()));
}

proto::EventRecord overflow_event(std::uint64_t quota_bytes, std::int64_t now_us) {
  proto::EventRecord event =
      event_at(now_us, "spool_overflow", "the spool is full: the oldest unsent data is evicted");
  event.severity = proto::Severity::kError;
  event.context_json = json_text({{"quota_bytes", quota_bytes}});
  return event;
}

}  // namespace agent
