// SPDX-License-Identifier: Apache-2.0
// Losses that no pipeline sees: rows that the ring evicts unsent, rows that fail their checksum,
// batches that the broker will never take. Each becomes an event, durable together with the change
// that it speaks of.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/forward/forwarder.h"
#include "agent/pipeline/event_factory.h"
#include "agent/spool/spool_queue.h"
#include "buffer/row.h"
#include "proto/clock.h"
#include "proto/side_records.h"

namespace agent {

// Pure. A range or row whose facts are damaged names its lane only: nothing else can be trusted.
proto::EventRecord evicted_event(const buffer::EvictedRange& range);
proto::EventRecord corrupt_event(const buffer::RowMeta& row, std::int64_t now_us);
proto::EventRecord quarantined_event(const ForwarderEvent& event, std::int64_t now_us);

struct LossTotals {
  std::uint64_t rows = 0;    // evicted before they were delivered
  std::uint64_t values = 0;  // of float signals in them; the waveform lane is not counted again
  std::optional<std::int64_t> last_utc_us;  // when the newest of them went
};

// Thread-safe. The factory and the clock outlive it.
class LossEvents {
 public:
  LossEvents(EventFactory& events, const proto::Clock& clock);

  // The spool's EvictionObserver, on the writer's thread: the rows ride in the commit that evicts.
  std::vector<buffer::NewRow> on_evicted(std::span<const buffer::EvictedRange> ranges);
  // On the forwarder's thread: event and state change in one entry.
  SpoolEntry on_forwarder_event(const ForwarderEvent& event);

  LossTotals totals() const;

 private:
  void count(const buffer::EvictedRange& range);

  EventFactory& events_;
  const proto::Clock& clock_;
  mutable std::mutex mutex_;
  LossTotals totals_;  // guarded by mutex_
  // The newest range that was counted: a commit that is tried again evicts the same ones again.
  std::map<std::pair<proto::Lane, proto::StreamId>, proto::Sequence> counted_;  // guarded by mutex_
};

}  // namespace agent
