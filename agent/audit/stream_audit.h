// SPDX-License-Identifier: Apache-2.0
// Sequences: dense from 1 per (stream, lane), each once; and the chain of streams, by which a loss
// at the end of a stream shows too (wire.md 2).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/audit/interval_set.h"
#include "proto/ids.h"
#include "proto/lane.h"

namespace agent {

struct StreamFindings {
  std::uint64_t streams = 0;
  std::uint64_t records = 0;
  std::uint64_t duplicates = 0;  // records seen again
  std::uint64_t missing = 0;     // sequences that neither came nor are named by a gap event
  std::vector<std::string> findings;
  bool ok() const { return duplicates == 0 && missing == 0 && findings.empty(); }
};

class StreamAudit {
 public:
  // False: this (stream, lane, sequence) was seen before.
  bool add(const std::string& stream, proto::Lane lane, proto::Sequence sequence);
  // A gap event names sequences that will never come (evicted, corrupt).
  void add_named_loss(const std::string& stream, proto::Lane lane, Interval sequences);
  // From an agent_started event. `agent_id` keeps the chains of a fleet apart.
  void add_chain(const std::string& agent_id, const std::string& stream,
                 const std::optional<std::string>& previous,
                 const std::map<proto::Lane, proto::Sequence>& previous_last);

  // Each stream's place: predecessors before successors.
  std::map<std::string, std::uint64_t> order() const;
  StreamFindings finish() const;

 private:
  struct LaneSequences {
    IntervalSet seen;
    IntervalSet named_lost;
    std::uint64_t last_said = 0;  // by the successor's agent_started event
    std::uint64_t repeated = 0;
    IntervalSet came_again;
  };
  struct Chain {
    std::string agent_id;
    std::optional<std::string> previous;
  };
  std::map<std::string, std::map<proto::Lane, LaneSequences>> streams_;
  std::map<std::string, Chain> chains_;
};

}  // namespace agent
