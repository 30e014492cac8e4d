// SPDX-License-Identifier: Apache-2.0
// status_from_json(): what the CLI reads back, from this daemon or from a newer one.
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/status/status_json.h"

namespace agent {
namespace {

using Json = nlohmann::json;

// Absent: not such a time, or one that the writer could not write again (year 0 to 9999).
std::optional<std::int64_t> parse_time(const std::string& text) {
  const char* const shape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  if (text.size() != std::strlen(shape)) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t digits) {
    return std::stoi(text.substr(at, digits));
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  const bool in_range = parts.tm_mon >= 0 && parts.tm_mon < 12 && parts.tm_mday >= 1 &&
                        parts.tm_mday <= 31 && parts.tm_hour < 24 && parts.tm_min < 60 &&
                        parts.tm_sec < 60;
  if (!in_range) return std::nullopt;
  return static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000 + number(20, 6);
}

// Absent: the number does not fit. A whole number may be written as 5.0 or 1e3.
template <class T>
std::optional<T> number_from(const Json& json) {
  if constexpr (std::is_floating_point_v<T>) {
    return json.get<T>();
  } else {
    if (json.is_number_unsigned()) {
      const auto value = json.get<std::uint64_t>();
      return std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
    }
    if (json.is_number_integer()) {
      const auto value = json.get<std::int64_t>();
      return std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
    }
    constexpr double kExactMax = 9007199254740992.0;  // 2^53
    const auto value = json.get<double>();
    if (!(value >= -kExactMax && value <= kExactMax)) return std::nullopt;
    const auto whole = static_cast<std::int64_t>(value);
    return std::in_range<T>(whole) ? std::optional(static_cast<T>(whole)) : std::nullopt;
  }
}

// Reads members of one object; what is missing or of another type leaves the target alone.
class Object {
 public:
  explicit Object(const Json& json) : json_(json) {}

  template <class T>
  const Object& get(const char* name, T& target) const {
    const auto at = json_.find(name);
    if (at == json_.end()) return *this;
    if constexpr (std::is_same_v<T, std::string>) {
      if (at->is_string()) target = at->template get<std::string>();
    } else if (at->is_number()) {
      target = number_from<T>(*at).value_or(target);
    }
    return *this;
  }
  const Object& get(const char* name, bool& target) const {
    const auto at = json_.find(name);
    if (at != json_.end() && at->is_boolean()) target = at->get<bool>();
    return *this;
  }
  const Object& get(const char* name, std::optional<double>& target) const {
    const auto at = json_.find(name);
    if (at != json_.end() && at->is_number()) target = at->get<double>();
    return *this;
  }
  const Object& get(const char* name, std::vector<std::string>& target) const {
    const auto at = json_.find(name);
    if (at == json_.end() || !at->is_array()) return *this;
    for (const Json& item : *at) {
      if (item.is_string()) target.push_back(item.get<std::string>());
    }
    return *this;
  }
  const Object& time(const char* name, std::optional<std::int64_t>& target) const {
    std::string text;
    get(name, text);
    target = parse_time(text);
    return *this;
  }
  const Object& time(const char* name, std::int64_t& target) const {
    std::optional<std::int64_t> parsed;
    time(name, parsed);
    target = parsed.value_or(0);
    return *this;
  }
  template <class Function>
  const Object& each(const char* name, Function function) const {
    const auto at = json_.find(name);
    if (at == json_.end() || !at->is_array()) return *this;
    for (const Json& item : *at) {
      if (item.is_object()) function(Object(item));
    }
    return *this;
  }
  template <class Function>
  const Object& child(const char* name, Function function) const {
    const auto at = json_.find(name);
    if (at != json_.end() && at->is_object()) function(Object(*at));
    return *this;
  }
  const Json& json() const { return json_; }

 private:
  const Json& json_;
};

InstrumentStatus parse_instrument(const Object& in) {
  InstrumentStatus out;
  PipelineStatus& pipeline = out.pipeline;
  std::string name;
  in.get("instrument", name);
  const auto slash = name.find('/');
  out.id.model = name.substr(0, slash);
  if (slash != std::string::npos) out.id.serial = name.substr(slash + 1);
  in.get("state", out.state)
      .time("state_since", out.state_since_utc_us)
      .get("explanation", out.explanation)
      .time("released_until", out.released_until_utc_us)
      .get("firmware", out.firmware)
      .get("discovered", out.discovered)
      .get("float_signals", out.float_signals)
      .get("value_rate_hz", out.value_rate_hz)
      .get("telemetry_rate_hz", out.telemetry_rate_hz)
      .get("waveform_rate", out.waveform_rate)
      .get("values_total", pipeline.values_total)
      .get("values_lost_total", pipeline.values_lost_total)
      .get("gaps_total", pipeline.gaps_total)
      .time("last_gap_at", pipeline.last_gap_utc_us)
      .get("last_gap_reason", pipeline.last_gap_reason)
      .time("last_sample_at", pipeline.last_sample_utc_us)
      .get("time_source", pipeline.time_source)
      .get("time_uncertainty_s", pipeline.time_uncertainty_s)
      .get("ids_in_memory", pipeline.ids_in_memory)
      .get("memory_bytes", out.memory_bytes)
      .get("memory_bytes_max", out.memory_bytes_max)
      .get("opens_total", out.opens_total)
      .get("losses_total", out.losses_total)
      .get("transfers_total", out.bus.transfers)
      .get("transfers_failed_total", out.bus.transfers_failed)
      .get("claims_repeated_total", out.bus.claims_repeated)
      .get("current_a", pipeline.current_a)
      .get("voltage_v", pipeline.voltage_v)
      .get("power_w", pipeline.power_w);
  in.child("gaps_by_reason", [&](const Object& gaps) {
    for (const auto& [reason, count] : gaps.json().items()) {
      gaps.get(reason.c_str(), pipeline.gaps_by_reason[reason]);
    }
  });
  in.child("run", [&](const Object& run) {
    run.get("test_id", pipeline.test_id)
        .get("state", pipeline.run_state)
        .get("step_number", pipeline.step_number)
        .get("cycle_number", pipeline.cycle_number)
        .get("records_total", pipeline.records_total)
        .get("charge_c", pipeline.charge_c)
        .get("energy_j", pipeline.energy_j);
  });
  return out;
}

void parse_spool(const Object& in, SpoolStatus& out) {
  SpoolWriterStatus& writer = out.writer;
  in.get("path", out.path)
      .get("stream", out.stream)
      .get("file_bytes", writer.totals.file_bytes)
      .get("wal_bytes", writer.totals.wal_bytes)
      .get("quota_bytes", writer.totals.quota_bytes)
      .get("disk_full", writer.totals.disk_full)
      .get("latest_unacked", writer.totals.latest_unacked)
      .get("append_bytes_per_s", out.append_bytes_per_s)
      .get("time_to_full_s", out.time_to_full_s)
      .get("commits_total", writer.commits_total)
      .get("appended_rows_total", writer.appended_rows_total)
      .get("evicted_rows_total", writer.evicted_rows_total)
      .get("evicted_unacked_rows_total", out.evicted_unacked_rows_total)
      .get("evicted_unacked_values_total", out.evicted_unacked_values_total)
      .time("last_evicted_unacked_at", out.last_evicted_unacked_utc_us)
      .get("last_commit_ms", writer.last_commit_ms)
      .get("worst_commit_ms", writer.worst_commit_ms)
      .get("last_error", writer.last_error)
      .get("set_aside", out.set_aside)
      .get("damage", out.damage);
  in.child("lanes", [&](const Object& lanes) {
    for (const auto& [name, json] : lanes.json().items()) {
      const auto lane = proto::lane_from(name);
      if (!lane || !json.is_object()) continue;
      buffer::LaneTotals& totals = writer.totals.lanes[*lane];
      Object(json)
          .get("rows", totals.rows)
          .get("records", totals.records)
          .get("bytes", totals.bytes)
          .get("unacked_rows", totals.unacked_rows)
          .get("unacked_records", totals.unacked_records)
          .get("unacked_bytes", totals.unacked_bytes)
          .time("oldest_unacked_at", totals.oldest_unacked_us);
    }
  });
}

void parse_kafka(const Object& in, ForwarderStatus& out) {
  in.get("state", out.state)
      .get("explanation", out.explanation)
      .get("delivery", out.delivery)
      .get("brokers", out.brokers)
      .get("delivered_records_total", out.delivered_records_total)
      .get("delivered_bytes_total", out.delivered_bytes_total)
      .get("transactions_total", out.transactions_total)
      .get("retried_total", out.retried_total)
      .get("rebuilds_total", out.rebuilds_total)
      .get("in_flight_records", out.in_flight_records)
      .get("backoff_s", out.backoff_s)
      .time("last_ack_at", out.last_ack_utc_us)
      .get("last_error", out.last_error)
      .get("topic_warnings", out.topic_warnings);
  in.each("quarantined", [&](const Object& batch) {
    QuarantinedBatch& one = out.quarantined.emplace_back();
    batch.get("ce_id", one.ce_id).get("reason", one.reason);
  });
}

}  // namespace

std::optional<AgentStatus> status_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", Json()) != 1) return std::nullopt;
  AgentStatus out;
  std::string health;
  Object(json)
      .get("agent_id", out.agent_id)
      .get("version", out.version)
      .get("pid", out.pid)
      .time("started_at", out.started_utc_us)
      .time("updated_at", out.updated_utc_us)
      .get("uptime_s", out.uptime_s)
      .get("health", health)
      .get("restart_needed", out.restart_needed)
      .get("reload_error", out.reload_error)
      .get("stuck_threads", out.stuck_threads)
      .each("reasons",
            [&](const Object& in) {
              HealthReason& reason = out.reasons.emplace_back();
              std::string severity;
              in.get("severity", severity)
                  .get("code", reason.code)
                  .get("object", reason.object)
                  .get("message", reason.message)
                  .get("remedy", reason.remedy);
              reason.severity = health_from(severity).value_or(Health::kDegraded);
            })
      .each("instruments",
            [&](const Object& in) { out.instruments.push_back(parse_instrument(in)); })
      .child("spool", [&](const Object& in) { parse_spool(in, out.spool); })
      .child("kafka", [&](const Object& in) { parse_kafka(in, out.kafka); })
      .child("metrics",
             [&](const Object& in) {
               in.get("listen", out.metrics.listen).get("error", out.metrics.error);
             })
      .child("process", [&](const Object& in) {
        in.get("resident_memory_bytes", out.process.resident_memory_bytes)
            .get("descriptors", out.process.descriptors)
            .get("threads", out.process.threads)
            .get("cpu_s", out.process.cpu_s);
      });
  if (out.agent_id.empty()) return std::nullopt;
  out.health = health_from(health).value_or(Health::kDegraded);
  return out;
}

}  // namespace agent
