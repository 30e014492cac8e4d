// SPDX-License-Identifier: Apache-2.0
// The headers of one Kafka record: CloudEvents 1.0, binary mode (wire.md 2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/ids.h"
#include "proto/lane.h"

namespace proto {

using Header = std::pair<std::string, std::string>;

struct CloudEvent {
  Lane lane = Lane::kEvent;
  std::string type;          // "wattspool.telemetry.v1"
  std::string content_type;  // "application/json", "application/vnd.apache.arrow.stream"
  std::string agent_id;
  StreamId stream;
  Sequence sequence;
  std::int64_t first_utc_us = 0;  // ce_time
  std::string subject;            // "<device_id>/<test_id>" or "<agent_id>"
  std::uint32_t crc32c = 0;       // of the exact value bytes
  bool backfill = false;
};

std::vector<Header> to_headers(const CloudEvent& event);
// "<stream>/<lane>/<sequence>": the dedup key.
std::string ce_id(const StreamId& stream, Lane lane, Sequence sequence);

// The reading side (audit). Absent when a mandatory header is missing or malformed.
std::optional<CloudEvent> from_headers(const std::vector<Header>& headers);

// RFC 3339, UTC, exactly six digits: "2026-11-24T12:00:00.000000Z".
std::string rfc3339_us(std::int64_t utc_us);
// Reads exactly that form.
std::optional<std::int64_t> utc_us_from(std::string_view rfc3339);

}  // namespace proto
