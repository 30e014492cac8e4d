// SPDX-License-Identifier: Apache-2.0
// The topics of the wire contract (wire.md 1): names, lanes, policies, sizes. One table that the
// code, `wattspool topics create` and the docs are compared with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/lane.h"

namespace proto {

enum class Topic : std::uint8_t { kTelemetry, kWaveform, kEvent, kRun, kDevice, kAgent, kProgress };

struct TopicSpec {
  Topic topic;
  std::string_view
      suffix;  // "telemetry.v1"; the full name is the configured prefix ("bench.") + suffix
  std::string_view ce_type;  // "wattspool.telemetry.v1"
  std::string_view content_type;
  Lane lane;
  std::string_view cleanup_policy;  // "delete", "compact", "compact,delete"
  std::int64_t retention_ms;        // default; -1: not by time
};

inline constexpr std::int64_t kDayMs = 86'400'000;
inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kArrowStream = "application/vnd.apache.arrow.stream";

inline constexpr std::array<TopicSpec, 7> kTopics = {{
    {Topic::kTelemetry, "telemetry.v1", "wattspool.telemetry.v1", kJson, Lane::kTelemetry, "delete",
     90 * kDayMs},
    {Topic::kWaveform, "waveform.v1", "wattspool.waveform.v1", kArrowStream, Lane::kWaveform,
     "delete", 30 * kDayMs},
    {Topic::kEvent, "event.v1", "wattspool.event.v1", kJson, Lane::kEvent, "delete", 90 * kDayMs},
    {Topic::kRun, "run.v1", "wattspool.run.v1", kJson, Lane::kState, "compact", -1},
    {Topic::kDevice, "device.v1", "wattspool.device.v1", kJson, Lane::kState, "compact", -1},
    {Topic::kAgent, "agent.v1", "wattspool.agent.v1", kJson, Lane::kState, "compact,delete",
     90 * kDayMs},
    {Topic::kProgress, "progress.v1", "wattspool.progress.v1", kJson, Lane::kState, "compact", -1},
}};

constexpr const TopicSpec& spec(Topic topic) { return kTopics[static_cast<std::size_t>(topic)]; }
inline std::string topic_name(std::string_view prefix, Topic topic) {
  return std::string(prefix) + std::string(spec(topic).suffix);
}

}  // namespace proto
