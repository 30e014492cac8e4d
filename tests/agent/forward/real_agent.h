// SPDX-License-Identifier: Apache-2.0
// One agent of a test with everything real: spool, writer, forwarder's thread.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "agent/forward/forwarder.h"
#include "proto/record_group.h"
#include "proto/topics.h"

namespace agent {

using std::chrono::milliseconds;

inline bool wait_for(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

inline proto::Topic topic_of(proto::Lane lane) {
  if (lane == proto::Lane::kTelemetry) return proto::Topic::kTelemetry;
  return lane == proto::Lane::kWaveform ? proto::Topic::kWaveform : proto::Topic::kEvent;
}

// One agent's spool, writer and forwarder.
class RealAgent {
 public:
  RealAgent(const std::string& folder, ForwarderOptions options)
      : path_(folder + "/spool.db"), options_(std::move(options)) {
    std::filesystem::create_directories(folder);
    options_.spool_path = path_;
    open();
  }
  ~RealAgent() { close(); }

  void open() {
    auto spool = buffer::Spool::open({.path = path_}, clock_);
    ASSERT_TRUE(spool) << spool.error().message();
    options_.stream = (*spool)->open_report().stream;
    queue_ = std::make_unique<SpoolQueue>(64u << 20);
    writer_ = std::make_unique<SpoolWriter>(std::move(*spool), *queue_, SpoolWriterOptions{});
    writer_->start();
    forwarder_ = std::make_unique<Forwarder>(options_, *writer_, clock_);
    forwarder_->start();
  }
  void close() {
    forwarder_.reset();  // without grace
    writer_.reset();
  }

  void append(proto::Lane lane, int rows, std::size_t value_bytes = 200) {
    SpoolEntry entry;
    for (int i = 0; i < rows; ++i) {
      buffer::NewRow& row = entry.rows.emplace_back();
      const std::int64_t now_us = clock_.utc_ns() / 1000;
      row.facts.lane = lane;
      row.facts.topic = proto::topic_name(options_.topic_prefix, topic_of(lane));
      row.facts.key = "js220-000001/t-1";
      row.facts.t_first_us = row.facts.t_last_us = now_us;
      std::string value = std::to_string(++made_[lane]) + " ";
      value.resize(std::max(value.size(), value_bytes), 'x');
      if (lane == proto::Lane::kWaveform) {
        const auto bytes = std::as_bytes(std::span(value));
        row.payload.assign(bytes.begin(), bytes.end());
      } else {
        const proto::GroupedRecord record{now_us, now_us, 0, value};
        row.payload = group_.encode(std::span(&record, 1));
      }
    }
    queue_->push(std::move(entry));
  }
  void set_latest(const std::string& value) {
    SpoolEntry entry;
    entry.latest.push_back({proto::topic_name(options_.topic_prefix, proto::Topic::kDevice),
                            "js220-000001", value, clock_.utc_ns() / 1000, 0});
    queue_->push(std::move(entry));
  }

  bool all_acked() const {
    const auto totals = writer_->status().totals;
    for (const auto& [lane, lane_totals] : totals.lanes) {
      if (lane_totals.unacked_rows > 0) return false;
    }
    return totals.latest_unacked == 0;
  }
  ForwarderStatus status() const { return forwarder_->status(); }
  Forwarder& forwarder() { return *forwarder_; }
  std::uint64_t made(proto::Lane lane) { return made_[lane]; }
  std::uint64_t appended() const { return writer_->status().appended_rows_total; }

 private:
  proto::SystemClock clock_;
  std::string path_;
  ForwarderOptions options_;
  std::unique_ptr<SpoolQueue> queue_;
  std::unique_ptr<SpoolWriter> writer_;
  std::unique_ptr<Forwarder> forwarder_;
  proto::RecordGroupWriter group_;
  std::map<proto::Lane, std::uint64_t> made_;
};

}  // namespace agent
