// SPDX-License-Identifier: Apache-2.0
// The agent's own events: it started (the first record of every stream), what it found, it stopped.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "buffer/spool.h"
#include "proto/side_records.h"

namespace agent {

// agent_started, and spool_salvaged when a damaged file was set aside.
std::vector<proto::EventRecord> start_events(const buffer::OpenReport& opened, std::int64_t now_us);
proto::EventRecord stop_event(std::int64_t now_us);
// Unsent rows begin to be evicted; the gaps themselves are told one by one.
proto::EventRecord overflow_event(std::uint64_t quota_bytes, std::int64_t now_us);

}  // namespace agent
