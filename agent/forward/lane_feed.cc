// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/lane_feed.h"

#include <algorithm>
#include <utility>

#include "buffer/spool_errc.h"

namespace agent {
namespace {

constexpr std::uint32_t kRowsPerRead = 1024;

}  // namespace

void LaneFeed::restart(buffer::Position after) {
  rows_.clear();
  size_bytes_ = 0;
  acked_through_ = after;
  read_through_ = after;
}

FeedRow LaneFeed::take() {
  FeedRow row = std::move(rows_.front());
  rows_.pop_front();
  size_bytes_ -= row.row.meta.payload_bytes;
  return row;
}

void LaneFeed::put_back(FeedRow row) {
  size_bytes_ += row.row.meta.payload_bytes;
  rows_.push_front(std::move(row));
}

proto::Result<void> LaneFeed::fill(SpoolPort& spool, std::uint64_t bytes_max) {
  bool grown = false;
  while (size_bytes_ < bytes_max) {
    const auto more = read_some(spool, bytes_max - size_bytes_);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    grown = true;
  }
  return grown ? pin(spool) : proto::Result<void>();
}

// Whether there was something.
proto::Result<bool> LaneFeed::read_some(SpoolPort& spool, std::uint64_t bytes_max) {
  auto rows = spool.read(lane_, read_through_, {kRowsPerRead, bytes_max});
  if (rows) {
    for (buffer::Row& row : *rows) {
      read_through_ = row.meta.position;
      size_bytes_ += row.meta.payload_bytes;
      rows_.push_back({std::move(row), {}});
    }
    return !rows->empty();
  }
  if (rows.error().code != make_error_code(buffer::SpoolErrc::kRowCorrupt)) {
    return tl::unexpected(rows.error());
  }
  auto metas = spool.read_meta(lane_, read_through_, 1);
  if (!metas) return tl::unexpected(metas.error());
  if (metas->empty()) return false;  // evicted meanwhile
  FeedRow damaged;
  damaged.row.meta = std::move(metas->front());
  damaged.damage = rows.error().message();
  read_through_ = damaged.row.meta.position;
  size_bytes_ += damaged.row.meta.payload_bytes;
  rows_.push_back(std::move(damaged));
  return true;
}

// Between the read and the pin a commit may have evicted the oldest rows and told downstream so;
// those must not be sent any more. Behind the pin none goes.
proto::Result<void> LaneFeed::pin(SpoolPort& spool) {
  spool.pin(lane_, acked_through_.next(), read_through_);
  pinned_ = true;
  if (rows_.empty()) return {};
  const buffer::Position first = rows_.front().row.meta.position;
  const auto metas = spool.read_meta(lane_, buffer::Position(first.value() - 1), 1);
  if (!metas) return tl::unexpected(metas.error());
  const buffer::Position oldest = metas->empty() ? read_through_.next() : metas->front().position;
  while (!rows_.empty() && rows_.front().row.meta.position < oldest) take();
  return {};
}

void LaneFeed::acked(SpoolPort& spool, buffer::Position through) {
  acked_through_ = std::max(acked_through_, through);
  if (pinned_ && acked_through_ >= read_through_) {
    spool.unpin(lane_);
    pinned_ = false;
  }
}

}  // namespace agent
