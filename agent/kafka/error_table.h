// SPDX-License-Identifier: Apache-2.0
// What the forwarder does about each error code of librdkafka and the broker, and what an operator
// is told. Total: a test walks rd_kafka_get_err_descs(). No row says "drop".
#pragma once

#include <span>
#include <string_view>

namespace agent {

enum class KafkaAction {
  kRetry,    // the same bytes again, after backoff; a transaction is aborted first if it must be
  kRebuild,  // this producer is finished: purge, destroy, new one, resume from the oldest unacked
  kQuarantine,  // the broker will never take this record: set it aside, the rest flows
  kHold,        // a person must act; sending stops, acquisition does not; tried again slowly
};

struct KafkaErrorEntry {
  int code = 0;  // rd_kafka_resp_err_t
  KafkaAction action = KafkaAction::kRetry;
  std::string_view sentence;  // what happened
  std::string_view remedy;    // what to do; empty: nothing, it heals by itself
};

std::string_view to_string(KafkaAction action);  // retry, rebuild, quarantine, hold

// A code that no table knows (a newer broker) is retried and says so.
const KafkaErrorEntry& kafka_error(int code);

// Codes that librdkafka itself raises (negative), and those that brokers answer with.
std::span<const KafkaErrorEntry> client_error_table();
std::span<const KafkaErrorEntry> broker_error_table();

}  // namespace agent
