// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/error_table.h"

#include <algorithm>

namespace agent {

std::string_view to_string(KafkaAction action) {
  switch (action) {
    case KafkaAction::kRetry:
      return "retry";
    case KafkaAction::kRebuild:
      return "rebuild";
    case KafkaAction::kQuarantine:
      return "quarantine";
    case KafkaAction::kHold:
      return "hold";
  }
  return "?";
}

const KafkaErrorEntry& kafka_error(int code) {
  static constexpr KafkaErrorEntry kUnknown{
      0, KafkaAction::kRetry, "an error code that this version does not know",
      "it is tried again; if it stays, report it with the broker's version and log"};
  for (const auto table : {client_error_table(), broker_error_table()}) {
    const auto at = std::ranges::find(table, code, &KafkaErrorEntry::code);
    if (at != table.end()) return *at;
  }
  return kUnknown;
}

}  // namespace agent
