// SPDX-License-Identifier: Apache-2.0
// One instrument's pipeline, without threads or I/O of its own: blocks and gaps in, spool entries
// out. The unit that a virtual clock can drive through a million records.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/pipeline/event_factory.h"
#include "agent/pipeline/run_command.h"
#include "agent/spool/spool_queue.h"
#include "drivers/instrument_driver.h"
#include "proto/clock.h"
#include "proto/ids.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace agent {

enum class WaveformMode { kOff, kDecimated, kFull };

struct PipelineOptions {
  std::string topic_prefix = "bench.";
  std::string agent_id;
  std::string version;  // of wattspool
  std::optional<std::string> site;
  std::optional<std::string> bench;
  std::optional<std::string> bench_class;
  std::optional<std::string> profile;
  double telemetry_rate_hz = 10;
  WaveformMode waveform = WaveformMode::kDecimated;
  double waveform_rate_hz = 1000;
  int zstd_level = 1;
  bool current_inverted = false;
  std::int64_t json_seal_age_ms = 100;  // a JSON row is sealed after this
  std::int64_t waveform_seal_age_ms = 1000;
};

struct PipelineStatus {
  std::string test_id;
  std::string run_state;  // running, idle
  std::uint32_t step_number = 1;
  std::uint32_t cycle_number = 1;
  std::uint64_t records_total = 0;      // of the test
  std::uint64_t values_total = 0;       // per float signal, arrived
  std::uint64_t values_lost_total = 0;  // in gaps
  std::uint64_t gaps_total = 0;
  std::map<std::string, std::uint64_t> gaps_by_reason;  // those that occurred
  std::optional<std::int64_t> last_gap_utc_us;
  std::string last_gap_reason;
  std::int64_t last_sample_utc_us = 0;
  std::string time_source;  // instrument, host_arrival, unsynchronised; empty: no segment yet
  double time_uncertainty_s = 0;
  double charge_c = 0;  // of the test
  double energy_j = 0;
  double current_a = 0;  // of the last record
  double voltage_v = 0;
  double power_w = 0;
  std::uint64_t ids_in_memory = 0;  // seen but in no pushed row yet, of the lane that is behind
};

// Where entries go; false: no room now (counted as an overrun by the pipeline).
using EntryPush = std::function<bool(SpoolEntry&&)>;

// What a pipeline works with; all of it outlives the pipeline.
struct PipelineLinks {
  const proto::Clock& clock;
  EventFactory& events;   // the agent's one factory; it knows the spool's current stream
  EntryPush push;         // rows of the telemetry and waveform lanes
  EntryPush push_always;  // events and run state: never refused, the answer is ignored
};

// Entries of the spool's `state` by key.
using SavedState = std::map<std::string, std::string>;

// Telemetry and waveform intervals must be whole numbers of values; the message names the setting
// and the nearest rates that fit. Errors: PipelineErrc.
proto::Result<void> check_rates(const PipelineOptions& options, double sample_id_rate_hz,
                                std::uint32_t ids_per_value);

// Not thread-safe: one pipeline thread.
class Pipeline : public drivers::DriverSink {
 public:
  // `saved` holds what state_with_prefix(state_prefix(id)) gives, or more: run, step accumulators,
  // record number, next ids per lane, time map.
  Pipeline(const PipelineOptions& options, const proto::InstrumentId& id, const SavedState& saved,
           const PipelineLinks& links);
  ~Pipeline() override;

  static constexpr const char* kStatePrefix = "pipeline/";  // of all instruments
  static std::string state_prefix(const proto::InstrumentId& id);

  // After the driver's open(). An error (rates that do not fit this instrument): nothing changed,
  // close the driver.
  proto::Result<void> on_opened(const proto::DeviceInfo& info);
  // After the driver's close(), or in place of it.
  void on_lost(const proto::Error& error, proto::GapReason reason);
  void on_segment(const drivers::SegmentStart& start) override;
  void on_block(const proto::Block& block) override;
  void on_gap(const proto::Gap& gap) override;

  // Seals what is older than its age. Called at least every 50 ms.
  void on_tick();
  // Cuts and seals everything: SIGTERM, or the end of a test.
  void finish();

  proto::Result<RunReply> execute(const RunCommand& command);
  PipelineStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agent
