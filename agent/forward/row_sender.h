// SPDX-License-Identifier: Apache-2.0
// Hands rows to the producer as long as window and rate allow, and reads its reports. Finds the one
// record that the broker refuses among those that were refused with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/forward/failure.h"
#include "agent/forward/outbox.h"
#include "agent/forward/partition_memory.h"
#include "agent/forward/rate_limiter.h"
#include "agent/kafka/producer.h"
#include "proto/clock.h"

namespace agent {

// Of records that are no row: the progress record.
inline constexpr std::uint64_t kProgressTag = ~std::uint64_t{0};

// The producer did not take a record.
Failure produce_failure(const KafkaOutcome& outcome, const std::string& record);

// One thread.
class RowSender {
 public:
  struct Parts {
    SpoolPort& spool;
    Outbox& outbox;
    SendWindow& window;
    PartitionMemory& partitions;
    const proto::Clock& clock;
  };
  RowSender(const Parts& parts, std::uint64_t rate_max_bytes_per_s)
      : parts_(parts), limiter_(rate_max_bytes_per_s) {}

  // Sends what fits; `after` advances with each row.
  std::optional<Failure> fill(Producer& producer, Progress& after);
  // The record is in the producer's queue, which is given time to take it.
  KafkaOutcome produce(Producer& producer, const OutgoingRecord& record);
  // Serves reports; true when there was one.
  bool collect(Producer& producer, std::chrono::milliseconds timeout);
  // Whether a report since the last restart said that a record was not delivered.
  bool has_failure() const { return worst_.has_value(); }
  // The worst that reports have said since the last restart, if they have.
  std::optional<Failure> take_failure();
  // What a call failed with becomes what the reports name as its cause.
  void settle(Failure& failure);
  void restart();

  std::int64_t ready_at(std::int64_t now_ns) { return limiter_.ready_at(now_ns); }

 private:
  // Into the window what fits there and may go.
  std::vector<OutgoingRow*> take(Progress& after);
  std::optional<Failure> send(Producer& producer, OutgoingRow& row);
  void note(const DeliveryReport& report, const OutgoingRow* row);

  Parts parts_;
  RateLimiter limiter_;
  // A broker answers for a whole batch of records, so each refused row is sent again alone.
  std::set<RowId> suspects_;
  std::optional<RowId> alone_;  // the suspect that is on its way
  std::optional<Failure> worst_;
};

}  // namespace agent
