// SPDX-License-Identifier: Apache-2.0
// Stream frames and time maps of one JS220 in, segments, Blocks and Gaps out. Pure: time comes with
// the frames. Memory is bounded whatever arrives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drivers/block_assembler.h"
#include "drivers/id_continuity.h"
#include "drivers/js220_counters.h"
#include "drivers/js220_signals.h"
#include "drivers/js220_wire.h"
#include "drivers/time_tracker.h"

namespace drivers::js220 {

struct Arrival {
  std::int64_t monotonic_ns = 0;
  std::int64_t utc_ns = 0;
};

// A frame whose id is far off waits here for a second one that follows it.
struct SuspectFrame {
  std::uint32_t low_id = 0;
  std::uint32_t values = 0;
  std::size_t data_bytes = 0;
  std::array<std::byte, kStreamDataBytesMax> data{};
};

class Stream {
 public:
  // Without a time map for this long (firmware before 1.2 sends none), samples are dated by their
  // arrival.
  static constexpr std::int64_t kTimeMapWaitNs = 1'000'000'000;
  // Ids missing beyond what the time since the last frame explains are a loss up to here (2 s), and
  // a jump of the counter above.
  static constexpr std::uint64_t kLostIdsSlack = 2 * kSampleIdRateHz;

  // `selected` is from select_signals(). The counters outlive the stream.
  Stream(std::span<const SignalInfo> selected, Counters& counters);

  // A frame of a port >= 16.
  void on_frame(const FrameView& frame, const Arrival& arrival, DriverSink& sink);
  void on_timemap(const Timemap& map, const Arrival& arrival, DriverSink& sink);
  // After the frames of a transfer, and when none came.
  void advance(std::int64_t now_monotonic_ns, DriverSink& sink);
  // Hands over what is assembled. Floats beyond the last code frame (2 ms) stay behind.
  void flush(DriverSink& sink);
  // Before an open: what comes is a new segment.
  void reset();

  // When a sample last went into a Block; 0 before that.
  std::int64_t last_progress_ns() const { return last_progress_ns_; }
  // When a frame of that signal last came; 0 before that.
  std::int64_t last_frame_ns(std::size_t signal) const { return ports_[signal].last_frame_ns; }

 private:
  struct PortState {
    StreamFormat format;
    IdContinuity continuity;
    std::int64_t last_frame_ns = 0;
    std::optional<SuspectFrame> suspect;
    bool is_float() const { return format.bits == 32; }
  };
  static constexpr std::uint8_t kNotSelected = 0xFF;

  void accept(std::size_t signal, const StreamView& view, const Arrival& arrival, DriverSink& sink);
  void deliver(std::size_t signal, const StreamView& view, const FrameIds& ids);
  void on_far_id(std::size_t signal, const StreamView& view, const Arrival& arrival,
                 DriverSink& sink);
  void restart_at(std::uint32_t low_id, const Arrival& arrival, DriverSink& sink);
  bool start_by_arrival(std::uint32_t low_id, const Arrival& arrival);
  void follow_arrivals(const Arrival& arrival, DriverSink& sink);
  void on_mark(const TimeMark& mark, std::int64_t host_utc_ns, DriverSink& sink);
  std::uint64_t lost_ids_max(const PortState& port, const Arrival& arrival) const;

  Counters& counters_;
  std::array<std::uint8_t, kPortCount> signal_of_port_{};
  std::vector<PortState> ports_;  // per selected signal: current, voltage, codes
  TimeTracker time_;
  BlockAssembler assembler_;
  std::optional<proto::SampleId> newest_;  // one past the newest float value
  std::optional<proto::SampleId> map_id_;  // of the newest plausible time map
  std::int64_t first_frame_ns_ = 0;        // while the time is not known
  std::int64_t last_progress_ns_ = 0;
  std::optional<TimeMark> earliest_;  // the promptest arrival of this second, when dated by it
  std::int64_t earliest_since_ns_ = 0;
};

}  // namespace drivers::js220
