// SPDX-License-Identifier: Apache-2.0
// The parts of a pipeline and how they hang together; private to agent/pipeline. pipeline.cc has
// the life cycle, pipeline_samples.cc the way of the samples, pipeline_commands.cc the runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/pipeline/code_cursor.h"
#include "agent/pipeline/host_clock.h"
#include "agent/pipeline/interval_cutter.h"
#include "agent/pipeline/lane_sender.h"
#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/rates.h"
#include "agent/pipeline/run_state.h"
#include "agent/pipeline/telemetry_builder.h"
#include "agent/pipeline/telemetry_group.h"
#include "agent/pipeline/waveform_builder.h"
#include "proto/waveform.h"

namespace agent {

struct Pipeline::Impl {
  Impl(const PipelineOptions& options, const proto::InstrumentId& id, const SavedState& saved,
       const PipelineLinks& links);

  // What depends on the opened instrument.
  struct Opened {
    proto::DeviceInfo info;
    Rates rates;
    TelemetryBuilder telemetry;
    WaveformBuilder waveform;
    std::vector<std::optional<std::size_t>> duty_of_signal;  // index of add_duty() by signal index
  };
  // The segment at hand. Everything before `position` has been seen.
  struct Live {
    proto::SegmentId segment;
    proto::TimeMap time;
    proto::SampleId position;
    proto::SampleId window_start;
    proto::Summary window;  // of the samples since window_start
    // End of the newest accepted waveform row, or where the segment began.
    proto::SampleId waveform_end;
  };

  // Life cycle.
  void restore(const SavedState& saved);
  proto::Result<void> open(const proto::DeviceInfo& info);
  void lose(const proto::Error& error, proto::GapReason reason);
  void begin_segment(const drivers::SegmentStart& start);
  void end_segment();
  proto::GapReason why_new_segment(const drivers::SegmentStart& start) const;
  void join(EventEntry& entry, const drivers::SegmentStart& start, bool was_live);
  void add_clock_step(EventEntry& entry, double step_s) const;
  void tick();
  void finish();
  PipelineStatus status() const;

  // Samples.
  void add_block(const proto::Block& block);
  void add_chunks(const proto::Block& block);
  void add_waveform_parts(const proto::Block& block);
  void add_gap(const proto::Gap& gap);
  void skip(const IdSpan& missing);
  std::size_t chunk_size(std::size_t values_left) const;
  void cut_interval(proto::SampleId end);
  void cut_window();
  void seal_telemetry();
  void seal_waveform();
  void name_invalid();
  bool has_waveform() const { return options_.waveform != WaveformMode::kOff; }

  // Commands.
  proto::Result<RunReply> run(const StartRun& command);
  proto::Result<RunReply> run(const StopRun& command);
  proto::Result<RunReply> run(const MarkRun& command);
  proto::Result<RunReply> run(const NextStep& command);
  proto::Result<RunReply> run(const NextCycle& command);
  EventEntry begin_border(bool of_test);
  void end_border(EventEntry entry, bool of_test);
  proto::EventRecord event(proto::EventType type, std::string message) const;
  void add_run_state(EventEntry& entry, const char* state);
  RunReply reply(const char* state) const;
  std::int64_t border_utc_us() const;

  const PipelineOptions options_;
  const proto::InstrumentId id_;
  const std::string device_id_;
  const proto::Clock& clock_;
  EventFactory& events_;
  RunState run_state_;
  LaneSender sender_;
  TelemetryGroup group_;
  proto::WaveformWriter waveform_writer_;

  HostClock host_;
  std::optional<Opened> opened_;
  std::optional<Live> live_;
  proto::GapReason lost_reason_ = proto::GapReason::kRestart;  // why the last segment ended
  IntervalCutter cutter_;
  std::int64_t waveform_since_ns_ = 0;  // monotonic time of the open batch's first row
  IdRanges invalid_;                    // arrived, but in intervals without a record; not yet named
  std::int64_t invalid_since_ns_ = 0;
  bool step_has_ids_ = false;
  bool cycle_has_ids_ = false;
  std::int64_t run_state_sent_ns_ = 0;
  std::uint64_t values_total_ = 0;
  RecordValues last_values_;
};

}  // namespace agent
