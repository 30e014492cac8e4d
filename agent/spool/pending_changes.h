// SPDX-License-Identifier: Apache-2.0
// What waits for the next commit besides the queue's entries: acks and single state changes. The
// newest of each kind wins, also over what a failed commit gives back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "buffer/spool.h"

namespace agent {

// Not thread-safe.
class PendingChanges {
 public:
  void ack(const buffer::LaneAck& ack);
  void ack_latest(const buffer::LatestAck& ack);
  void set_state(buffer::StateChange change);
  bool empty() const { return acks_.empty() && latest_.empty() && state_.empty(); }

  // What a commit could not make durable; `*this` is newer.
  void give_back(PendingChanges older);

  std::vector<buffer::LaneAck> acks() const;
  std::vector<buffer::LatestAck> latest_acks() const;
  std::vector<buffer::StateChange> state() const;

 private:
  std::map<proto::Lane, buffer::Position> acks_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> latest_;  // (topic, key) -> version
  std::map<std::string, std::optional<std::string>> state_;
};

}  // namespace agent
