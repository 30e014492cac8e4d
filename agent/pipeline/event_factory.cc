// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/event_factory.h"

#include <algorithm>
#include <utility>

#include "proto/topics.h"

namespace agent {

EventFactory::EventFactory(const proto::StreamId& stream, std::string agent_id,
                           const std::string& topic_prefix)
    : stream_(stream),
      agent_id_(std::move(agent_id)),
      topic_(proto::topic_name(topic_prefix, proto::Topic::kEvent)) {}

std::vector<buffer::NewRow> EventFactory::rows(std::vector<proto::EventRecord> events) {
  const auto key_of = [this](const proto::EventRecord& event) {
    if (!event.device_id) return agent_id_;
    return event.test_id ? *event.device_id + "/" + *event.test_id : *event.device_id;
  };
  std::vector<buffer::NewRow> rows;
  const std::lock_guard lock(mutex_);
  for (auto first = events.begin(); first != events.end();) {
    const std::string key = key_of(*first);
    const auto end =
        std::find_if(first, events.end(), [&](const auto& event) { return key_of(event) != key; });
    buffer::NewRow row;
    row.facts.lane = proto::Lane::kEvent;
    row.facts.topic = topic_;
    row.facts.key = key;
    row.facts.device_id = first->device_id.value_or("");
    row.facts.count = static_cast<std::uint32_t>(end - first);
    row.facts.t_first_us = first->utc_us;
    std::vector<proto::GroupedRecord> records;
    for (; first != end; ++first) {
      first->event_id = stream_.to_hex() + "/" + std::to_string(++counter_);
      row.facts.t_last_us = first->utc_us;
      records.push_back({.start_utc_us = first->utc_us,
                         .end_utc_us = first->utc_us,
                         .value = proto::to_json(*first)});
    }
    row.payload = writer_.encode(records);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace agent
