// SPDX-License-Identifier: Apache-2.0
// Makes event rows: numbers the events of this stream, and packs them for the spool.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "buffer/row.h"
#include "proto/ids.h"
#include "proto/record_group.h"
#include "proto/side_records.h"

namespace agent {

// Thread-safe. One per agent: the daemon's own events and those of all pipelines share the counter.
class EventFactory {
 public:
  EventFactory(const proto::StreamId& stream, std::string agent_id,
               const std::string& topic_prefix);

  const proto::StreamId& stream() const { return stream_; }

  // Gives the events their event_id (that field is overwritten) and packs them, in order, into rows
  // of the event lane: one row per stretch of events with the same key.
  std::vector<buffer::NewRow> rows(std::vector<proto::EventRecord> events);

 private:
  const proto::StreamId stream_;
  const std::string agent_id_;
  const std::string topic_;
  std::mutex mutex_;
  std::uint64_t counter_ = 0;        // guarded by mutex_
  proto::RecordGroupWriter writer_;  // guarded by mutex_
};

}  // namespace agent
