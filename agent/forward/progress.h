// SPDX-License-Identifier: Apache-2.0
// What is delivered, per stream and lane, as the progress record says it (design.md 7). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "proto/ids.h"
#include "proto/lane.h"
#include "proto/side_records.h"

namespace agent {

// Which life of the agent writes the record.
struct AgentInstance {
  std::string agent_id;
  std::string instance_id;  // random per process start
  std::string host;
  std::int64_t started_utc_us = 0;
};
AgentInstance make_agent_instance(const std::string& agent_id, std::int64_t started_utc_us);

// One thread.
class Progress {
 public:
  explicit Progress(AgentInstance instance);

  // Takes over what the broker remembers; never moves a lane back.
  void merge(const proto::ProgressRecord& found);
  // First sequence of the stream and lane that is not delivered; 1 when nothing is known.
  proto::Sequence next(const proto::StreamId& stream, proto::Lane lane) const;
  // Never moves a lane back. A transaction that may yet be aborted advances a copy.
  void advance(const proto::StreamId& stream, proto::Lane lane, proto::Sequence next);
  // Forgets streams that no longer matter: neither current nor with rows whose ack is not durable.
  void keep_only(const std::set<proto::StreamId>& streams);

  const AgentInstance& instance() const { return instance_; }
  proto::ProgressRecord record() const;

 private:
  AgentInstance instance_;
  std::map<proto::StreamId, std::map<proto::Lane, proto::Sequence>> next_;
};

}  // namespace agent
