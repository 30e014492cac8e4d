// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/failure.h"

#include "agent/kafka/error_kinds.h"
#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

Failure from_table(int code, std::string_view verb, std::string_view detail) {
  const KafkaErrorEntry& entry = kafka_error(code);
  Failure failure;
  failure.code = code;
  failure.action = entry.action;
  failure.fenced = is_fenced(code);
  failure.explanation = entry.remedy;
  failure.text = std::string(verb) + ": " + std::string(entry.sentence);
  if (!detail.empty()) failure.text += " (" + std::string(detail) + ")";
  return failure;
}

}  // namespace

Failure failure_of(const KafkaOutcome& outcome, std::string_view verb) {
  Failure failure = from_table(outcome.code, verb, outcome.text);
  failure.abortable = outcome.abortable && !outcome.fatal;
  // A dead producer is built anew, unless a person must act first.
  if (outcome.fatal && failure.action != KafkaAction::kHold) {
    failure.action = KafkaAction::kRebuild;
  }
  return failure;
}

Failure failure_of(const DeliveryReport& report, std::string_view record) {
  return from_table(report.error, "deliver " + std::string(record), report.error_text);
}

Failure failure_of(const proto::Error& error) {
  Failure failure;
  failure.text = error.message();
  if (error.code.category() == broker_category()) {
    const KafkaErrorEntry& entry = kafka_error(error.code.value());
    failure.code = error.code.value();
    failure.action = entry.action;
    failure.fenced = is_fenced(failure.code);
    failure.explanation = entry.remedy;
  } else if (error.code.category() == kafka_category() &&
             error.code != make_error_code(KafkaErrc::kIncomplete)) {
    failure.action = KafkaAction::kHold;
    failure.explanation = "check the [kafka] settings with `wattspool config check`";
  }
  return failure;
}

}  // namespace agent
