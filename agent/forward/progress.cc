// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/progress.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace agent {

AgentInstance make_agent_instance(const std::string& agent_id, std::int64_t started_utc_us) {
  std::array<char, 256> host{};
  // A name that does not fit is cut, and then not always ended.
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return {agent_id, proto::StreamId::random().to_hex(), host.data(), started_utc_us};
}

Progress::Progress(AgentInstance instance) : instance_(std::move(instance)) {}

void Progress::merge(const proto::ProgressRecord& found) {
  for (const auto& [stream, lanes] : found.next_sequence) {
    for (const auto& [lane, next] : lanes) advance(stream, lane, next);
  }
}

proto::Sequence Progress::next(const proto::StreamId& stream, proto::Lane lane) const {
  const auto lanes = next_.find(stream);
  if (lanes == next_.end()) return proto::Sequence(1);
  const auto at = lanes->second.find(lane);
  return at == lanes->second.end() ? proto::Sequence(1) : at->second;
}

void Progress::advance(const proto::StreamId& stream, proto::Lane lane, proto::Sequence next) {
  proto::Sequence& known = next_[stream][lane];
  known = std::max(known, next);
}

void Progress::keep_only(const std::set<proto::StreamId>& streams) {
  std::erase_if(next_, [&](const auto& at) { return !streams.contains(at.first); });
}

proto::ProgressRecord Progress::record() const {
  proto::ProgressRecord record;
  record.agent_id = instance_.agent_id;
  record.instance_id = instance_.instance_id;
  record.host = instance_.host;
  record.started_utc_us = instance_.started_utc_us;
  record.next_sequence = next_;
  return record;
}

}  // namespace agent
