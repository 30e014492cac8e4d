// SPDX-License-Identifier: Apache-2.0
// The spool as the forwarder sees it, in memory: acks and state are pending until commit(), and a
// crash forgets them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/forward/delivery_ports.h"

namespace agent {

class ModelSpool final : public SpoolPort {
 public:
  ModelSpool() { stream_ = proto::StreamId::random(); }

  // Durable at once. Returns the ce_ids of its records.
  std::vector<std::string> append(proto::Lane lane, std::uint32_t records, std::int64_t end_utc_us,
                                  std::size_t value_bytes = 20, const std::string& run = "t-1");
  void set_latest(const std::string& topic, const std::string& key, const std::string& value,
                  std::int64_t utc_us);
  void commit();
  // A kill: what was pending is lost, the next opening has a new stream.
  void crash();
  const proto::StreamId& stream() const { return stream_; }

  void damage(proto::Lane lane, std::uint64_t position, bool facts_too);
  // Drops the oldest rows that are not pinned, as a full ring does; the ce_ids of unacked ones.
  std::vector<std::string> evict(proto::Lane lane, std::size_t rows);
  bool pinned(proto::Lane lane) const { return pins_.contains(lane); }
  bool all_acked() const;
  std::uint64_t rows(proto::Lane lane) const;
  const std::map<std::string, std::string>& durable_state() const { return state_; }

  proto::Result<std::vector<buffer::Row>> read(proto::Lane lane, buffer::Position after,
                                               const buffer::ReadLimits& limits) override;
  proto::Result<std::vector<buffer::RowMeta>> read_meta(proto::Lane lane, buffer::Position after,
                                                        std::uint32_t rows_max) override;
  proto::Result<std::vector<buffer::LatestValue>> unsent_latest(std::uint32_t values_max) override;
  proto::Result<buffer::Position> watermark(proto::Lane lane) override;
  proto::Result<std::optional<std::string>> state(const std::string& key) override;
  proto::Result<std::map<std::string, std::string>> state_with_prefix(
      const std::string& prefix) override;
  void ack(const buffer::LaneAck& ack) override { pending_acks_.push_back(ack); }
  void ack_latest(const buffer::LatestAck& ack) override { pending_latest_.push_back(ack); }
  void pin(proto::Lane lane, buffer::Position from, buffer::Position through) override {
    pins_[lane] = {from.value(), through.value()};
  }
  void unpin(proto::Lane lane) override { pins_.erase(lane); }
  void set_state(buffer::StateChange change) override {
    pending_state_.push_back(std::move(change));
  }

  std::optional<proto::Error> read_error;  // of the next reads

 private:
  struct Stored {
    buffer::Row row;
    bool damaged = false;
    std::vector<std::string> ce_ids;
  };
  struct LaneRows {
    std::map<std::uint64_t, Stored> rows;
    std::uint64_t last_position = 0;
    std::uint64_t next_sequence = 1;
    std::uint64_t watermark = 0;
  };
  proto::StreamId stream_;
  std::map<proto::Lane, LaneRows> lanes_;
  std::map<std::pair<std::string, std::string>, buffer::LatestValue> latest_;
  std::uint64_t last_version_ = 0;
  std::map<std::string, std::string> state_;
  std::map<proto::Lane, std::pair<std::uint64_t, std::uint64_t>> pins_;
  std::vector<buffer::LaneAck> pending_acks_;
  std::vector<buffer::LatestAck> pending_latest_;
  std::vector<buffer::StateChange> pending_state_;
  std::uint64_t made_ = 0;
};

}  // namespace agent
