// SPDX-License-Identifier: Apache-2.0
// The forwarder thread: reads the spool from its cursor, produces in lane priority, commits
// transactions that carry the progress record, acks. Survives every Kafka error; drops nothing
// (design.md 7).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/kafka/backoff.h"
#include "agent/spool/spool_writer.h"
#include "proto/clock.h"
#include "proto/ids.h"
#include "proto/result.h"

namespace agent {

enum class Delivery { kExactlyOnce, kAtLeastOnce };

// A batch that the wire will not carry: the daemon tells downstream with an event. `state` marks
// the batch as dealt with and must be pushed in the same SpoolEntry as the event's row.
struct ForwarderEvent {
  enum class Kind {
    kBatchQuarantined,  // the broker will never take this record; it stays readable in the spool
    kRowCorrupt,        // the row fails its checksum: a Gap (corrupt) of the ids in `row`
  };
  Kind kind = Kind::kBatchQuarantined;
  buffer::RowMeta row;
  std::string ce_id;  // of the record, or of the row's first record
  std::string reason;
  buffer::StateChange state;
};

struct ForwarderOptions {
  std::string spool_path;
  std::string agent_id;
  proto::StreamId stream;  // the spool's current one: OpenReport::stream
  std::string topic_prefix = "bench.";
  Delivery delivery = Delivery::kExactlyOnce;
  std::vector<std::pair<std::string, std::string>>
      kafka;  // checked librdkafka settings, brokers included
  // The same, read anew with its secrets; from the forwarder's thread. Absent: `kafka` stays.
  std::function<proto::Result<std::vector<std::pair<std::string, std::string>>>()> read_kafka;
  std::chrono::milliseconds transaction_interval{200};
  std::uint64_t transaction_bytes_max = 4 << 20;
  std::uint64_t rate_max_bytes_per_s = 0;  // 0: no cap
  std::chrono::milliseconds live_age{10'000};
  BackoffOptions backoff;
  std::uint64_t window_bytes_max = 8 << 20;  // sent and not yet acked
  std::uint32_t window_rows_max = 64;
  // On the forwarder's thread. Absent: the state is set without an event (tests).
  std::function<void(const ForwarderEvent&)> on_event;
};

struct QuarantinedBatch {
  std::string ce_id;
  std::string reason;
};

struct ForwarderStatus {
  // "no broker configured", "connecting", "unreachable" (as connecting, but the connection failed),
  // "delivering", "backing off", "held", "stopped"
  std::string state;
  std::string explanation;  // what to do, when the state asks for it
  std::string delivery;     // exactly_once, at_least_once
  std::string brokers;
  std::uint64_t delivered_records_total = 0;
  std::uint64_t delivered_bytes_total = 0;
  std::uint64_t transactions_total = 0;
  std::uint64_t retried_total = 0;
  std::uint64_t rebuilds_total = 0;
  std::uint64_t renewals_total = 0;  // of them, by reload(), and connected since
  std::uint64_t in_flight_records = 0;
  double backoff_s = 0;
  std::optional<std::int64_t> last_ack_utc_us;
  std::string last_error;
  std::string reload_error;  // why the last reload() is not in use; empty: it is
  std::vector<QuarantinedBatch> quarantined;
  std::vector<std::string> topic_warnings;  // missing topic, retention shorter than promised ...
  std::uint64_t heartbeat = 0;
};

class Forwarder {
 public:
  Forwarder(ForwarderOptions options, SpoolWriter& spool, const proto::Clock& clock);
  ~Forwarder();  // stops

  void start();
  // Ends the transaction in hand if that takes no longer than `grace`, else leaves it to the next
  // start.
  void stop(std::chrono::milliseconds grace);
  // From any thread; returns at once. Settings, secrets and files are read anew. Where they differ
  // from those in use, a producer is made of them and takes over as after a restart: what is in
  // doubt is settled, nothing is lost or sent twice. One that cannot be made leaves the old one.
  void reload();
  ForwarderStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agent
