// SPDX-License-Identifier: Apache-2.0
// A pipeline on a virtual clock between a scripted driver and a spool that is a list of entries:
// entries can be refused, and the newest ones lost with a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/pipeline/pipeline.h"
#include "proto/waveform.h"

namespace agent::test {

using Json = nlohmann::ordered_json;

class VirtualClock final : public proto::Clock {
 public:
  std::int64_t utc_ns() const override { return utc_ns_; }
  std::int64_t monotonic_ns() const override { return monotonic_ns_; }
  std::int64_t boottime_ns() const override { return monotonic_ns_ + asleep_ns_; }
  void set_utc(std::int64_t utc_ns) { utc_ns_ = utc_ns; }
  void sleep(std::int64_t ns) {
    utc_ns_ += ns;
    asleep_ns_ += ns;
  }
  void advance(std::int64_t ns) {
    utc_ns_ += ns;
    monotonic_ns_ += ns;
  }

 private:
  std::int64_t utc_ns_ = 0;
  std::int64_t monotonic_ns_ = 5'000'000'000;
  std::int64_t asleep_ns_ = 0;
};

struct Sample {
  float current = 0;
  float voltage = 0;
};

inline StartRun run_named(std::string test_id) {
  StartRun start;
  start.test_id = std::move(test_id);
  return start;
}

class PipelineBench {
 public:
  static constexpr std::int64_t kStart_ns = 1'735'689'600'000'000'000;  // 2025-01-01T00:00:00Z

  // Two ids per value.
  explicit PipelineBench(double value_rate_hz = 1000);

  PipelineOptions options;
  proto::DeviceInfo info;
  VirtualClock clock;
  bool queue_is_full = false;
  std::function<void(const SpoolEntry&)> tap;  // sees each entry
  bool keeps_rows = true;                      // else only the entries' state is kept

  // A process starts: a new stream, and what the entries so far say.
  void start();
  // kill -9: the newest entries had not been committed.
  void crash(std::size_t entries_lost = 0);
  void connect() { ASSERT_OK(pipeline->on_opened(info).has_value()); }
  // A segment at the counter's position; the host's clock agrees with it.
  void begin_segment();
  void start_connected() {
    start();
    connect();
    begin_segment();
  }

  void add(std::size_t values, const std::function<Sample(std::uint64_t value_index)>& sample);
  void add(std::size_t values, Sample sample) {
    add(values, [&](std::uint64_t) { return sample; });
  }
  void lose(std::size_t values);  // a gap inside the segment
  // The counter and the clock go on without the pipeline.
  void pass(std::size_t values);
  RunReply run(const RunCommand& command);

  proto::SampleId position() const { return position_; }
  proto::StreamId stream() const { return stream_; }
  proto::SegmentId segment() const { return segment_; }
  proto::TimeMap time() const { return time_; }
  void set_counter(proto::SampleId id);
  std::string test_id() const { return pipeline->status().test_id; }

  // What was delivered, in order.
  std::vector<buffer::NewRow> rows(proto::Lane lane) const;
  std::vector<std::string> texts(proto::Lane lane) const;  // JSON lanes: the bytes that are sent
  std::vector<Json> records() const;                       // telemetry
  std::vector<Json> events(const std::string& type = "") const;
  std::vector<proto::DecodedRow> waveform() const;
  std::map<std::string, Json> latest() const;  // by key, newest
  const std::vector<SpoolEntry>& entries() const { return entries_; }
  SavedState state() const;

  std::unique_ptr<EventFactory> factory;
  std::unique_ptr<Pipeline> pipeline;

 private:
  static void ASSERT_OK(bool ok);
  std::vector<Json> json_of(proto::Lane lane) const;

  std::vector<SpoolEntry> entries_;
  std::uint8_t streams_ = 0;
  proto::StreamId stream_;
  proto::SegmentId segment_;
  proto::SampleId position_;
  proto::TimeMap time_;
};

}  // namespace agent::test
