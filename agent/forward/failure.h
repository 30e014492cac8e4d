// SPDX-License-Identifier: Apache-2.0
// Why sending stopped, and what the error table says to do about it.
#pragma once

#include <string>
#include <string_view>

#include "agent/kafka/error_table.h"
#include "agent/kafka/producer.h"
#include "proto/result.h"

namespace agent {

struct Failure {
  int code = 0;  // rd_kafka_resp_err_t; 0: not Kafka's
  KafkaAction action = KafkaAction::kRetry;
  bool fenced = false;
  bool abortable = false;   // the producer can go on once the transaction was aborted
  bool usable = false;      // the producer can go on as it is
  std::string text;         // "<verb>: <what happened> (<detail>)"
  std::string explanation;  // what to do; empty: it heals by itself
};

// `verb` names what was tried: "commit transaction".
Failure failure_of(const KafkaOutcome& outcome, std::string_view verb);
// The broker refused or lost a record.
Failure failure_of(const DeliveryReport& report, std::string_view record);
Failure failure_of(const proto::Error& error);

}  // namespace agent
