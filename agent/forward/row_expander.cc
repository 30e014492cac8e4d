// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/row_expander.h"

#include <algorithm>
#include <span>
#include <utility>

#include "proto/cloud_event.h"
#include "proto/crc32c.h"
#include "proto/decode_errc.h"
#include "proto/topics.h"

namespace agent {
namespace {

constexpr std::int64_t kUsPerMs = 1000;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// A topic is ours by its suffix, whatever prefix it was sealed with.
const proto::TopicSpec& spec_of(const std::string& topic, proto::Lane lane) {
  const auto by_suffix = std::ranges::find_if(
      proto::kTopics, [&](const proto::TopicSpec& spec) { return topic.ends_with(spec.suffix); });
  if (by_suffix != proto::kTopics.end()) return *by_suffix;
  return *std::ranges::find(proto::kTopics, lane, &proto::TopicSpec::lane);
}

}  // namespace

std::string OutgoingRow::ce_id() const {
  return proto::ce_id(meta.stream, meta.facts.lane, meta.seq_first);
}

struct RowExpander::RecordFacts {
  proto::Sequence sequence;
  std::int64_t start_utc_us = 0;
  std::int64_t end_utc_us = 0;
  std::uint32_t crc32c = 0;
  std::span<const std::byte> value;
  std::int64_t now_utc_us = 0;
};

void RowExpander::add(OutgoingRow& row, const RecordFacts& facts) const {
  const proto::TopicSpec& spec = spec_of(row.meta.facts.topic, row.id.lane);
  proto::CloudEvent event;
  event.lane = row.id.lane;
  event.type = spec.ce_type;
  event.content_type = spec.content_type;
  event.agent_id = agent_id_;
  event.stream = row.meta.stream;
  event.sequence = facts.sequence;
  event.first_utc_us = facts.start_utc_us;
  event.subject = row.meta.facts.key;
  event.crc32c = facts.crc32c;
  event.backfill = facts.now_utc_us - facts.end_utc_us > live_age_.count() * kUsPerMs;
  OutgoingRecord record;
  record.topic = row.meta.facts.topic;
  record.key = row.meta.facts.key;
  record.value = facts.value;
  record.timestamp_ms = facts.end_utc_us / kUsPerMs;
  record.headers = proto::to_headers(event);
  row.records.push_back(std::move(record));
  row.size_bytes += facts.value.size();
}

proto::Result<std::unique_ptr<OutgoingRow>> RowExpander::expand(buffer::Row row,
                                                                std::int64_t now_utc_us) const {
  auto out = std::make_unique<OutgoingRow>();
  out->meta = std::move(row.meta);
  const buffer::RowMeta& meta = out->meta;
  out->id = {meta.facts.lane, meta.position.value()};
  out->seq_next = proto::Sequence(meta.seq_first.value() + meta.facts.count);
  if (meta.facts.lane == proto::Lane::kWaveform) {
    out->payload = std::move(row.payload);
    add(*out, {meta.seq_first, meta.facts.t_first_us, meta.facts.t_last_us, meta.crc32c,
               out->payload, now_utc_us});
    return out;
  }
  auto group = proto::decode_record_group(row.payload);
  if (!group) return tl::unexpected(group.error());
  if (group->size() != meta.facts.count) {
    return proto::fail(proto::DecodeErrc::kMalformed,
                       "read record group: " + std::to_string(group->size()) + " records of " +
                           std::to_string(meta.facts.count));
  }
  out->group = std::move(*group);
  out->records.reserve(out->group.size());
  proto::Sequence sequence = meta.seq_first;
  for (const proto::GroupedRecord& record : out->group) {
    add(*out, {sequence, record.start_utc_us, record.end_utc_us, record.crc32c,
               bytes_of(record.value), now_utc_us});
    sequence = sequence.next();
  }
  return out;
}

std::unique_ptr<OutgoingRow> RowExpander::expand(buffer::LatestValue value,
                                                 std::int64_t now_utc_us) const {
  auto out = std::make_unique<OutgoingRow>();
  out->id = {proto::Lane::kState, value.version};
  out->latest = buffer::LatestAck{value.topic, value.key, value.version};
  out->meta.facts.lane = proto::Lane::kState;
  out->meta.facts.topic = std::move(value.topic);
  out->meta.facts.key = std::move(value.key);
  out->meta.facts.t_first_us = out->meta.facts.t_last_us = value.utc_us;
  out->meta.position = buffer::Position(value.version);
  out->meta.stream = stream_;
  out->meta.seq_first = proto::Sequence(value.version);
  out->seq_next = out->meta.seq_first.next();
  out->value = std::move(value.value);
  const auto bytes = bytes_of(out->value);
  add(*out,
      {out->meta.seq_first, value.utc_us, value.utc_us, proto::crc32c(bytes), bytes, now_utc_us});
  return out;
}

}  // namespace agent
