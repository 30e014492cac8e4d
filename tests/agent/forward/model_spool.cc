// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/forward/model_spool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "buffer/spool_errc.h"
#include "proto/cloud_event.h"
#include "proto/crc32c.h"
#include "proto/record_group.h"
#include "proto/topics.h"

namespace agent {
namespace {

std::string topic_of(proto::Lane lane) {
  switch (lane) {
    case proto::Lane::kTelemetry:
      return proto::topic_name("bench.", proto::Topic::kTelemetry);
    case proto::Lane::kWaveform:
      return proto::topic_name("bench.", proto::Topic::kWaveform);
    default:
      return proto::topic_name("bench.", proto::Topic::kEvent);
  }
}

}  // namespace

std::vector<std::string> ModelSpool::append(proto::Lane lane, std::uint32_t records,
                                            std::int64_t end_utc_us, std::size_t value_bytes,
                                            const std::string& run) {
  LaneRows& rows = lanes_[lane];
  Stored stored;
  buffer::RowMeta& meta = stored.row.meta;
  meta.facts.lane = lane;
  meta.facts.count = lane == proto::Lane::kWaveform ? 1 : records;
  meta.facts.topic = topic_of(lane);
  meta.facts.key = "js220-000001/" + run;
  meta.facts.t_first_us = end_utc_us - 1000;
  meta.facts.t_last_us = end_utc_us;
  meta.position = buffer::Position(++rows.last_position);
  meta.stream = stream_;
  meta.seq_first = proto::Sequence(rows.next_sequence);
  std::vector<proto::GroupedRecord> group;
  for (std::uint32_t i = 0; i < meta.facts.count; ++i) {
    const proto::Sequence sequence(rows.next_sequence++);
    stored.ce_ids.push_back(proto::ce_id(stream_, lane, sequence));
    proto::GroupedRecord record;
    record.start_utc_us = end_utc_us - 1000;
    record.end_utc_us = end_utc_us;
    record.value = "{\"n\":" + std::to_string(++made_) + "}";
    record.value.resize(std::max(record.value.size(), value_bytes), ' ');
    group.push_back(std::move(record));
  }
  if (lane == proto::Lane::kWaveform) {
    const auto bytes = std::as_bytes(std::span(group.front().value));
    stored.row.payload.assign(bytes.begin(), bytes.end());
  } else {
    proto::RecordGroupWriter writer;
    stored.row.payload = writer.encode(group);
  }
  meta.crc32c = proto::crc32c(stored.row.payload);
  meta.payload_bytes = stored.row.payload.size();
  return rows.rows.emplace(meta.position.value(), std::move(stored)).first->second.ce_ids;
}

void ModelSpool::set_latest(const std::string& topic, const std::string& key,
                            const std::string& value, std::int64_t utc_us) {
  latest_[{topic, key}] = {topic, key, value, utc_us, ++last_version_};
}

void ModelSpool::commit() {
  for (const buffer::LaneAck& ack : pending_acks_) {
    LaneRows& rows = lanes_[ack.lane];
    EXPECT_GE(ack.through.value(), rows.watermark) << "an ack went back";
    EXPECT_LE(ack.through.value(), rows.last_position);
    rows.watermark = std::max(rows.watermark, ack.through.value());
  }
  for (const buffer::LatestAck& ack : pending_latest_) {
    const auto at = latest_.find({ack.topic, ack.key});
    if (at != latest_.end() && at->second.version == ack.version) latest_.erase(at);
  }
  for (buffer::StateChange& change : pending_state_) {
    if (change.value) {
      state_[change.key] = *change.value;
    } else {
      state_.erase(change.key);
    }
  }
  pending_acks_.clear();
  pending_latest_.clear();
  pending_state_.clear();
}

void ModelSpool::crash() {
  pending_acks_.clear();
  pending_latest_.clear();
  pending_state_.clear();
  pins_.clear();
  stream_ = proto::StreamId::random();
  for (auto& [lane, rows] : lanes_) rows.next_sequence = 1;
}

void ModelSpool::damage(proto::Lane lane, std::uint64_t position, bool facts_too) {
  Stored& stored = lanes_.at(lane).rows.at(position);
  stored.damaged = true;
  stored.row.meta.facts_damaged = facts_too;
  if (facts_too) stored.row.meta.seq_first = proto::Sequence(987654321);
}

std::vector<std::string> ModelSpool::evict(proto::Lane lane, std::size_t count) {
  LaneRows& rows = lanes_[lane];
  std::vector<std::string> lost;
  for (auto at = rows.rows.begin(); at != rows.rows.end() && count > 0;) {
    const auto pin = pins_.find(lane);
    const bool kept =
        pin != pins_.end() && at->first >= pin->second.first && at->first <= pin->second.second;
    if (kept) {
      ++at;
      continue;
    }
    if (at->first > rows.watermark) {
      lost.insert(lost.end(), at->second.ce_ids.begin(), at->second.ce_ids.end());
    }
    at = rows.rows.erase(at);
    --count;
  }
  return lost;
}

bool ModelSpool::all_acked() const {
  if (!latest_.empty()) return false;
  return std::ranges::all_of(lanes_, [](const auto& lane) {
    const auto& rows = lane.second.rows;
    return rows.empty() || rows.rbegin()->first <= lane.second.watermark;
  });
}

std::uint64_t ModelSpool::rows(proto::Lane lane) const {
  const auto at = lanes_.find(lane);
  return at == lanes_.end() ? 0 : at->second.last_position;
}

proto::Result<std::vector<buffer::Row>> ModelSpool::read(proto::Lane lane, buffer::Position after,
                                                         const buffer::ReadLimits& limits) {
  if (read_error) return tl::unexpected(*read_error);
  const LaneRows& rows = lanes_[lane];
  std::vector<buffer::Row> out;
  std::uint64_t bytes = 0;
  for (auto at = rows.rows.upper_bound(after.value()); at != rows.rows.end(); ++at) {
    if (at->second.damaged) {
      if (!out.empty()) break;
      return proto::fail(buffer::SpoolErrc::kRowCorrupt,
                         "read spool: row " + std::to_string(at->first));
    }
    if (!out.empty() && bytes + at->second.row.payload.size() > limits.bytes_max) break;
    bytes += at->second.row.payload.size();
    out.push_back(at->second.row);
    if (out.size() >= limits.rows_max) break;
  }
  return out;
}

proto::Result<std::vector<buffer::RowMeta>> ModelSpool::read_meta(proto::Lane lane,
                                                                  buffer::Position after,
                                                                  std::uint32_t rows_max) {
  const LaneRows& rows = lanes_[lane];
  std::vector<buffer::RowMeta> out;
  for (auto at = rows.rows.upper_bound(after.value());
       at != rows.rows.end() && out.size() < rows_max; ++at) {
    out.push_back(at->second.row.meta);
  }
  return out;
}

proto::Result<std::vector<buffer::LatestValue>> ModelSpool::unsent_latest(
    std::uint32_t values_max) {
  std::vector<buffer::LatestValue> values;
  for (const auto& [key, value] : latest_) values.push_back(value);
  std::ranges::sort(values, {}, &buffer::LatestValue::version);
  if (values.size() > values_max) values.resize(values_max);
  return values;
}

proto::Result<buffer::Position> ModelSpool::watermark(proto::Lane lane) {
  return buffer::Position(lanes_[lane].watermark);
}

proto::Result<std::optional<std::string>> ModelSpool::state(const std::string& key) {
  const auto at = state_.find(key);
  if (at == state_.end()) return std::nullopt;
  return at->second;
}

proto::Result<std::map<std::string, std::string>> ModelSpool::state_with_prefix(
    const std::string& prefix) {
  std::map<std::string, std::string> found;
  for (const auto& [key, value] : state_) {
    if (key.starts_with(prefix)) found[key] = value;
  }
  return found;
}

}  // namespace agent
