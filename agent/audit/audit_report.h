// SPDX-License-Identifier: Apache-2.0
// The two renderings of an audit: one table for people, one JSON document for programs.
#pragma once

#include <ostream>

#include "agent/audit/audit_model.h"

namespace agent {

struct AuditNotes {
  bool transactions =
      true;  // false: the broker keeps no committed state; order of isolation not checked
  bool complete = true;  // false: the broker no longer had the first records of a topic
};

// Sums over devices of one lane.
struct LaneSum {
  std::uint64_t total = 0;
  std::uint64_t delivered = 0;
  std::uint64_t in_gaps = 0;
  std::uint64_t missing = 0;
  std::uint64_t twice = 0;
};
LaneSum sum_of(const AuditResult& result, proto::Lane lane);

void print_text(const AuditResult& result, const AuditNotes& notes, std::ostream& out);
// {"schema": 1, ...}; documented in agent/audit/README.md.
void print_json(const AuditResult& result, const AuditNotes& notes, std::ostream& out);

}  // namespace agent
