// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/topic_plan.h"

#include <algorithm>
#include <charconv>

namespace agent {
namespace {

// The largest batch that the agent seals, with headers and room.
constexpr std::int64_t kMessageBytesMin = 1'000'000;
// Below this an ordinary long weekend without network would be deleted on arrival.
constexpr std::int64_t kRetentionWarnMs = 7 * proto::kDayMs;

std::optional<std::int64_t> number(const TopicState& state, const std::string& key) {
  const auto at = state.config.find(key);
  if (at == state.config.end()) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = at->second.data() + at->second.size();
  const auto parsed = std::from_chars(at->second.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

TopicPlan plan_topic(const proto::TopicSpec& spec, const std::string& prefix,
                     const TopicSizing& sizing, std::int32_t brokers) {
  TopicPlan plan;
  plan.name = prefix + std::string(spec.suffix);
  plan.partitions = sizing.partitions;
  plan.replication = sizing.replication > 0 ? sizing.replication : std::clamp(brokers, 1, 3);
  plan.config["cleanup.policy"] = spec.cleanup_policy;
  plan.config["min.insync.replicas"] = plan.replication >= 3 ? "2" : "1";
  plan.config[kTimestampAfterMax] = "9223372036854775807";
  plan.config["max.message.bytes"] = "1048588";
  if (spec.retention_ms >= 0) {
    plan.config["retention.ms"] = std::to_string(sizing.retention_ms.value_or(spec.retention_ms));
  }
  if (spec.cleanup_policy.find("compact") != std::string_view::npos) {
    // Progress grows by five records a second and agent: small segments keep its reading short.
    const bool progress = spec.topic == proto::Topic::kProgress;
    plan.config["segment.bytes"] = progress ? "8388608" : "67108864";
    plan.config["segment.ms"] = progress ? "3600000" : "86400000";
    plan.config["min.cleanable.dirty.ratio"] = progress ? "0.1" : "0.5";
  }
  return plan;
}

std::vector<std::string> topic_warnings(const proto::TopicSpec& spec, const TopicState& state) {
  std::vector<std::string> warnings;
  if (!state.exists || state.config.empty()) return warnings;
  const auto retention = number(state, "retention.ms");
  const auto policy = state.config.find("cleanup.policy");
  const bool deletes =
      policy == state.config.end() || policy->second.find("delete") != std::string::npos;
  if (deletes && spec.retention_ms < 0) {
    warnings.push_back(state.name + ": cleanup.policy is " + policy->second +
                       ": the newest state per key is deleted by time; set it to " +
                       std::string(spec.cleanup_policy));
  } else if (deletes && retention && *retention >= 0 && *retention < kRetentionWarnMs) {
    warnings.push_back(
        state.name + ": retention.ms is " + std::to_string(*retention) +
        ": records of an outage longer than that are deleted on arrival; set it to " +
        std::to_string(spec.retention_ms));
  }
  if (policy != state.config.end() && spec.cleanup_policy == "delete" &&
      policy->second.find("compact") != std::string::npos) {
    warnings.push_back(state.name + ": cleanup.policy is " + policy->second +
                       ": compaction removes records; set it to delete");
  }
  const auto after = number(state, kTimestampAfterMax);
  if (after && *after < proto::kDayMs) {
    warnings.push_back(state.name + ": " + kTimestampAfterMax + " is " + std::to_string(*after) +
                       ": records of a bench whose clock is further ahead are refused; set it to "
                       "9223372036854775807");
  }
  const auto size = number(state, "max.message.bytes");
  if (size && *size < kMessageBytesMin) {
    warnings.push_back(state.name + ": max.message.bytes is " + std::to_string(*size) +
                       ": larger batches go to quarantine; set it to 1048588");
  }
  return warnings;
}

}  // namespace agent
