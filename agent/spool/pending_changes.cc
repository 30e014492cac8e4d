// SPDX-License-Identifier: Apache-2.0
#include "agent/spool/pending_changes.h"

#include <algorithm>

namespace agent {

void PendingChanges::ack(const buffer::LaneAck& ack) {
  buffer::Position& through = acks_[ack.lane];
  through = std::max(through, ack.through);
}

void PendingChanges::ack_latest(const buffer::LatestAck& ack) {
  std::uint64_t& version = latest_[{ack.topic, ack.key}];
  version = std::max(version, ack.version);
}

void PendingChanges::set_state(buffer::StateChange change) {
  state_[std::move(change.key)] = std::move(change.value);
}

void PendingChanges::give_back(PendingChanges older) {
  for (const auto& ack : older.acks()) this->ack(ack);
  for (const auto& ack : older.latest_acks()) ack_latest(ack);
  state_.merge(older.state_);  // keeps what is here already
}

std::vector<buffer::LaneAck> PendingChanges::acks() const {
  std::vector<buffer::LaneAck> acks;
  for (const auto& [lane, through] : acks_) acks.push_back({lane, through});
  return acks;
}

std::vector<buffer::LatestAck> PendingChanges::latest_acks() const {
  std::vector<buffer::LatestAck> acks;
  for (const auto& [name, version] : latest_) acks.push_back({name.first, name.second, version});
  return acks;
}

std::vector<buffer::StateChange> PendingChanges::state() const {
  std::vector<buffer::StateChange> changes;
  for (const auto& [key, value] : state_) changes.push_back({key, value});
  return changes;
}

}  // namespace agent
