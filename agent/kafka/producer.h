// SPDX-License-Identifier: Apache-2.0
// The seam between the forwarder and Kafka: what it needs of a producer and no more.
// RdKafkaProducer is the implementation; tests have a scripted one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proto/cloud_event.h"
#include "proto/result.h"

namespace agent {

// Bytes and strings are borrowed until the record's report was served (or the producer is
// destroyed).
struct OutgoingRecord {
  std::string_view topic;
  std::string_view key;
  std::span<const std::byte> value;
  std::int64_t timestamp_ms = 0;
  std::vector<proto::Header> headers;
  std::uint64_t tag = 0;  // comes back in the report
  // Partitions to compute murmur2 against, when a run keeps the count it began with; 0: today's.
  std::int32_t partition_count = 0;
};

enum class Persistence { kPersisted, kNotPersisted, kPossiblyPersisted };

struct DeliveryReport {
  std::uint64_t tag = 0;
  int error = 0;  // rd_kafka_resp_err_t; 0: delivered
  std::string error_text;
  Persistence persistence = Persistence::kPersisted;
};

// Outcome of a call that can fail for Kafka's reasons. `code` is rd_kafka_resp_err_t; see
// error_table.h.
struct KafkaOutcome {
  int code = 0;
  std::string text;
  bool fatal = false;
  bool retriable = false;
  bool abortable = false;
  bool ok() const { return code == 0; }
};

// One thread. Calls do not block longer than the timeout they are given.
class Producer {
 public:
  virtual ~Producer() = default;
  virtual KafkaOutcome init_transactions(std::chrono::milliseconds timeout) = 0;
  virtual KafkaOutcome begin_transaction() = 0;
  virtual KafkaOutcome commit_transaction(std::chrono::milliseconds timeout) = 0;
  virtual KafkaOutcome abort_transaction(std::chrono::milliseconds timeout) = 0;
  virtual KafkaOutcome produce(const OutgoingRecord& record) = 0;
  // Serves delivery reports and error callbacks.
  virtual std::vector<DeliveryReport> poll(std::chrono::milliseconds timeout) = 0;
  virtual KafkaOutcome flush(std::chrono::milliseconds timeout) = 0;
  virtual void purge() = 0;
  // The newest connection-level error ("all brokers down", TLS, SASL), for people. Empty: none
  // since the last success.
  virtual std::string connection_error() const = 0;
  // That error is one that other certificates or credentials would mend: is_refused_access(). This
  // producer will not see them, it has read its files.
  virtual bool access_refused() const = 0;
};

}  // namespace agent
