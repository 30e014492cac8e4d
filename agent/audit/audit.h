// SPDX-License-Identifier: Apache-2.0
// `wattspool audit`: reads the topics back and proves from the broker's side that every sample
// arrived once or is in a named gap.
#pragma once

#include <atomic>
#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace agent {

struct AuditOptions {
  std::vector<std::pair<std::string, std::string>> kafka;  // checked librdkafka settings
  std::string topic_prefix = "bench.";
  bool json = false;
  bool follow = false;                     // consume along until stopped, then report
  bool transactions = true;                // read_committed means something on this broker
  bool progress = false;                   // a line on `err` while reading
  std::chrono::seconds stall_timeout{30};  // give up when the broker is silent for this long
};

// Exit codes of the verb. kUnreachable: no answer, because the broker or the records are not there.
enum class AuditExit { kHolds = 0, kViolated = 1, kUnreachable = 3 };

// `stop` ends --follow (set from a signal handler).
AuditExit run_audit(const AuditOptions& options, const std::atomic<bool>& stop, std::ostream& out,
                    std::ostream& err);

}  // namespace agent
