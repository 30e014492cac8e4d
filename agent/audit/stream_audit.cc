// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/stream_audit.h"

#include <algorithm>

namespace agent {
namespace {

constexpr std::size_t kFindingsMax = 20;

void find(StreamFindings& result, std::string text) {
  if (result.findings.size() < kFindingsMax) result.findings.push_back(std::move(text));
}

std::string place(const std::string& stream, proto::Lane lane, const Interval& sequences) {
  return "stream " + stream.substr(0, 8) + " lane " + std::string(proto::to_string(lane)) +
         ": sequences " + std::to_string(sequences.first) + ".." + std::to_string(sequences.last);
}

}  // namespace

bool StreamAudit::add(const std::string& stream, proto::Lane lane, proto::Sequence sequence) {
  LaneSequences& at = streams_[stream][lane];
  const bool repeated = at.seen.insert(Interval{sequence.value(), sequence.value()}) != 0;
  if (repeated) {
    ++at.repeated;
    at.came_again.insert(Interval{sequence.value(), sequence.value()});
  }
  return !repeated;
}

void StreamAudit::add_named_loss(const std::string& stream, proto::Lane lane, Interval sequences) {
  streams_[stream][lane].named_lost.insert(sequences);
}

void StreamAudit::add_chain(const std::string& agent_id, const std::string& stream,
                            const std::optional<std::string>& previous,
                            const std::map<proto::Lane, proto::Sequence>& previous_last) {
  chains_[stream] = Chain{agent_id, previous};
  if (!previous) return;
  for (const auto& [lane, sequence] : previous_last) {
    LaneSequences& at = streams_[*previous][lane];
    at.last_said = std::max(at.last_said, sequence.value());
  }
}

std::map<std::string, std::uint64_t> StreamAudit::order() const {
  std::map<std::string, std::uint64_t> order;
  // Depth in the chain; a stream whose predecessor was not read is a root.
  std::vector<std::pair<std::uint64_t, std::string>> by_depth;
  for (const auto& [stream, chain] : chains_) {
    std::uint64_t steps = 0;
    for (auto at = chains_.find(stream); at != chains_.end() && steps <= chains_.size(); ++steps) {
      if (!at->second.previous) break;
      at = chains_.find(*at->second.previous);
    }
    by_depth.emplace_back(steps, stream);
  }
  std::sort(by_depth.begin(), by_depth.end());
  for (const auto& [steps, stream] : by_depth) order.emplace(stream, order.size());
  return order;
}

StreamFindings StreamAudit::finish() const {
  StreamFindings result;
  std::map<std::string, std::string> successor_of;
  for (const auto& [stream, chain] : chains_) {
    if (!chain.previous) continue;
    const auto [other, first] = successor_of.emplace(*chain.previous, stream);
    if (!first) {
      find(result, "stream " + chain.previous->substr(0, 8) + " has two successors, " +
                       other->second.substr(0, 8) + " and " + stream.substr(0, 8) +
                       ": was a spool restored from a copy?");
    }
  }
  for (const auto& [stream, lanes] : streams_) {
    bool any = false;
    for (const auto& [lane, at] : lanes) {
      const auto hull = at.seen.hull();
      any = any || hull.has_value();
      result.records += at.seen.count();
      result.duplicates += at.repeated;
      for (const Interval& again : at.came_again.intervals()) {
        find(result, place(stream, lane, again) + " came more than once");
      }
      const std::uint64_t last = std::max(hull ? hull->last : 0, at.last_said);
      if (last == 0) continue;
      IntervalSet accounted = at.seen;
      accounted.insert(at.named_lost);
      for (const Interval& hole : accounted.holes_within({1, last})) {
        result.missing += hole.count();
        find(result, place(stream, lane, hole) + " are missing");
      }
    }
    if (any) ++result.streams;
    if (any && chains_.count(stream) == 0) {
      find(result, "stream " + stream.substr(0, 8) + " has no agent_started event");
    }
  }
  return result;
}

}  // namespace agent
