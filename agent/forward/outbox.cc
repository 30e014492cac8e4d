// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/outbox.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"
#include "proto/cloud_event.h"

namespace agent {
namespace {

constexpr std::uint32_t kValuesPerRead = 256;

std::string ce_id_of(const buffer::RowMeta& meta) {
  if (!meta.facts_damaged) return proto::ce_id(meta.stream, meta.facts.lane, meta.seq_first);
  return std::string(proto::to_string(meta.facts.lane)) + " row " +
         std::to_string(meta.position.value());
}

bool delivered(const buffer::RowMeta& meta, const Progress& progress) {
  if (meta.facts_damaged) return false;
  const auto next = progress.next(meta.stream, meta.facts.lane);
  return meta.seq_first.value() + meta.facts.count <= next.value();
}

}  // namespace

Outbox::Outbox(SpoolPort& spool, SendWindow& window, RowExpander expander,
               ForwarderListener listener)
    : spool_(spool),
      window_(window),
      expander_(std::move(expander)),
      listener_(std::move(listener)),
      lanes_{Lane(proto::kFifoLanes[0]), Lane(proto::kFifoLanes[1]), Lane(proto::kFifoLanes[2])} {}

proto::Result<void> Outbox::load() {
  const auto saved = spool_.state_with_prefix(kQuarantinePrefix);
  if (!saved) return tl::unexpected(saved.error());
  quarantine_.load(*saved);
  for (Lane& lane : lanes_) {
    const auto watermark = spool_.watermark(lane.feed.lane());
    if (!watermark) return tl::unexpected(watermark.error());
    lane.acked_through = std::max(lane.acked_through, *watermark);
  }
  restart();
  return {};
}

void Outbox::restart() {
  for (Lane& lane : lanes_) lane.feed.restart(lane.acked_through);
  values_.clear();
  taken_version_ = acked_version_;
}

proto::Result<void> Outbox::gather(std::uint64_t bytes_max) {
  if (const auto values = gather_values(); !values) return values;
  for (Lane& lane : lanes_) {
    if (const auto filled = lane.feed.fill(spool_, bytes_max); !filled) return filled;
    if (lane.feed.size_bytes() >= bytes_max) break;
    bytes_max -= lane.feed.size_bytes();
  }
  return {};
}

// A value that cannot be read holds up the values behind it, not the rows.
proto::Result<void> Outbox::gather_values() {
  auto values = spool_.unsent_latest(kValuesPerRead);
  values_.clear();
  trouble_ = values ? std::string() : values.error().message();
  if (!values) return {};
  for (buffer::LatestValue& value : *values) {
    if (value.version > taken_version_) values_.push_back(std::move(value));
  }
  return {};
}

std::uint64_t Outbox::ready_bytes() const {
  std::uint64_t bytes = 0;
  for (const Lane& lane : lanes_) bytes += lane.feed.size_bytes();
  return bytes;
}

std::optional<RowId> Outbox::next(const Progress& progress) {
  for (Lane& lane : lanes_) {
    if (next_in(lane, progress)) {
      return RowId{lane.feed.lane(), lane.feed.front().row.meta.position.value()};
    }
    // The state lane comes right after the events.
    if (lane.feed.lane() == proto::Lane::kEvent && next_value(progress)) {
      return RowId{proto::Lane::kState, values_.front().version};
    }
  }
  return std::nullopt;
}

// Whether the lane's front is to be sent.
bool Outbox::next_in(Lane& lane, const Progress& progress) {
  while (!lane.feed.empty()) {
    const FeedRow& front = lane.feed.front();
    const buffer::RowMeta& meta = front.row.meta;
    const RowId id{lane.feed.lane(), meta.position.value()};
    const bool aside = quarantine_.contains(id);
    if (aside && !dealt_with(id)) return false;
    if (aside || delivered(meta, progress)) {
      window_.skip(id);
      lane.feed.take();
      continue;
    }
    if (front.damage.empty()) return true;
    ForwarderEvent event;
    event.kind = ForwarderEvent::Kind::kRowCorrupt;
    event.row = meta;
    event.ce_id = ce_id_of(meta);
    event.reason = front.damage;
    set_aside(std::move(event), id);
  }
  return false;
}

bool Outbox::next_value(const Progress& progress) {
  while (!values_.empty()) {
    const buffer::LatestValue& value = values_.front();
    const RowId id{proto::Lane::kState, value.version};
    const bool aside = quarantine_.contains(id);
    if (aside && !dealt_with(id)) return false;
    const bool sent = value.version < progress.next(expander_.stream(), id.lane).value();
    if (!aside && !sent) return true;
    spool_.ack_latest({value.topic, value.key, value.version});
    taken_version_ = value.version;
    values_.pop_front();
  }
  return false;
}

std::unique_ptr<OutgoingRow> Outbox::take(const RowId& id, std::int64_t now_utc_us) {
  if (id.lane == proto::Lane::kState) {
    taken_version_ = id.number;
    buffer::LatestValue value = std::move(values_.front());
    values_.pop_front();
    return expander_.expand(std::move(value), now_utc_us);
  }
  const auto lane = std::ranges::find_if(
      lanes_, [&](const Lane& candidate) { return candidate.feed.lane() == id.lane; });
  WS_CHECK(lane != lanes_.end());
  FeedRow front = lane->feed.take();
  buffer::RowMeta meta = front.row.meta;
  auto row = expander_.expand(std::move(front.row), now_utc_us);
  if (!row) {
    lane->feed.put_back({{std::move(meta), {}}, row.error().message()});
    return nullptr;
  }
  return std::move(*row);
}

// The entry is durable before anything passes the row: else a crash would forget that it was left
// out.
bool Outbox::dealt_with(const RowId& id) {
  if (quarantine_.settled(id)) return true;
  const auto state = spool_.state(Quarantine::key_of(id));
  if (!state || !*state) return false;
  quarantine_.settle(id);
  return true;
}

void Outbox::set_aside(ForwarderEvent event, const RowId& id) {
  event.state = quarantine_.add(id, event.kind, {event.ce_id, event.reason});
  if (listener_) {
    listener_(event);
  } else {
    spool_.set_state(event.state);
  }
}

void Outbox::quarantine(const OutgoingRow& row, const std::string& reason) {
  ForwarderEvent event;
  event.row = row.meta;
  event.ce_id = row.ce_id();
  event.reason = reason;
  set_aside(std::move(event), row.id);
}

void Outbox::on_acked(const WindowAcks& acks) {
  for (const buffer::LaneAck& ack : acks.lanes) {
    for (Lane& lane : lanes_) {
      if (lane.feed.lane() != ack.lane) continue;
      lane.acked_through = std::max(lane.acked_through, ack.through);
      lane.feed.acked(spool_, ack.through);
    }
    spool_.ack(ack);
  }
  for (const buffer::LatestAck& ack : acks.latest) {
    acked_version_ = std::max(acked_version_, ack.version);
    spool_.ack_latest(ack);
  }
}

bool Outbox::all_durable() {
  bool all = values_.empty();
  for (Lane& lane : lanes_) {
    const auto watermark = spool_.watermark(lane.feed.lane());
    if (!watermark) return false;
    all = all && lane.feed.empty() && *watermark >= lane.acked_through;
    for (buffer::StateChange& change : quarantine_.forget_corrupt(lane.feed.lane(), *watermark)) {
      spool_.set_state(std::move(change));
    }
  }
  return all;
}

}  // namespace agent
