// SPDX-License-Identifier: Apache-2.0
// Brings the signals of one instrument together: queues of values with ids in, Blocks and Gaps out.
// A Block holds the ids that both floats have; where one lacks, the Block ends and one Gap names
// the ids that no Block holds. A code that never came is kMissingCode in the Block and a Gap of its
// own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/code_queue.h"
#include "drivers/instrument_driver.h"
#include "drivers/time_tracker.h"
#include "drivers/value_queue.h"

namespace drivers {

struct CodeSignal {
  std::string name;
  std::uint32_t signal_index = 0;  // into DeviceInfo::signals
};

struct AssemblerOptions {
  std::vector<std::string> float_names = {"current", "voltage"};
  std::vector<CodeSignal> codes;
  std::uint32_t ids_per_float = 2;
  bool words = false;  // Blocks have them; each is appended with the floats that are made from it
  double sample_id_rate_hz = 2e6;
};

class BlockAssembler {
 public:
  // A Block is handed over when it is full or this old. With transfers of 3.5 ms that is every 21
  // to 25 ms at full rate; bench/driver_bench.cc shows no gain in CPU from larger ones, so the age
  // only serves the latency of a 10 Hz record.
  static constexpr std::int64_t kBlockAgeNs = 20'000'000;
  // A float that is this far ahead of a code does not wait for it any longer: 16 frames of the
  // slowest one (GPI, 4032 ids). Of what one float is ahead of the other at most so many values are
  // kept: 131 ms.
  static constexpr std::uint64_t kCodeLagIdsMax = 64'512;
  static constexpr std::size_t kFloatsWaitingMax = 131'072;
  static constexpr std::size_t kRunsWaitingMax = 262'144;

  // The tracker outlives the assembler and is started before the first value comes.
  BlockAssembler(AssemblerOptions options, TimeTracker& time);

  FloatQueue& current() { return current_; }
  FloatQueue& voltage() { return voltage_; }
  WordQueue& words() { return *words_; }  // only with the option
  CodeQueue& code(std::size_t index) { return codes_[index]; }

  // Builds from what the queues hold; `arrival_monotonic_ns` is that of the newest byte.
  void advance(std::int64_t arrival_monotonic_ns, DriverSink& sink);
  // Hands over a Block that is kBlockAgeNs old.
  void emit_aged(std::int64_t now_monotonic_ns, DriverSink& sink);
  // Hands over all up to the last id that every signal has reached.
  void flush(DriverSink& sink);

  // Ends the segment at the last id handed over; the next one goes on from there, by the tracker's
  // new time. After a flush().
  void cut();
  // Ends it and forgets what waits: the counter jumped, or the instrument was reopened.
  void restart();

  // The id that the next value will have; absent before a segment's first.
  std::optional<proto::SampleId> position() const { return position_; }

 private:
  bool start_segment(DriverSink& sink);
  bool skip_hole(DriverSink& sink);
  void append(std::uint32_t values, DriverSink& sink);
  void append_codes(proto::SampleId end, DriverSink& sink);
  // Up to here every code has come, or is given up.
  proto::SampleId codes_end() const;
  void emit(DriverSink& sink);
  void clear_block();
  void announce_segment(DriverSink& sink);
  void close_code_gap(std::size_t index, DriverSink& sink);
  proto::Gap make_gap(const proto::IdRange& ids, std::int64_t start_utc_ns) const;

  const AssemblerOptions options_;
  TimeTracker& time_;
  FloatQueue current_;
  FloatQueue voltage_;
  std::optional<WordQueue> words_;
  std::vector<CodeQueue> codes_;

  proto::SegmentId segment_;  // of the last SegmentStart
  bool announce_ = true;      // a SegmentStart is owed
  std::optional<proto::SampleId> position_;
  proto::Block block_;
  std::int64_t block_arrival_ns_ = 0;  // of its first values

  struct OpenGap {
    proto::IdRange ids;
    std::int64_t start_utc_ns = 0;
  };
  std::vector<std::optional<OpenGap>> code_gaps_;  // per code; may go on in the next Block
  std::vector<proto::IdRange> missing_;            // kept for its memory
};

}  // namespace drivers
