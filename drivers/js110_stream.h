// SPDX-License-Identifier: Apache-2.0
// Packets of one JS110 in, segments, Blocks and Gaps out. A SampleId is the number of a sample
// since the start of the stream: packet number * 126 and on. Pure: time comes with the transfers.
// Memory is bounded whatever arrives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drivers/block_assembler.h"
#include "drivers/js110_calibration.h"
#include "drivers/js110_counters.h"
#include "drivers/js110_packet_order.h"
#include "drivers/js110_samples.h"
#include "drivers/js110_signals.h"
#include "drivers/js110_wire.h"
#include "drivers/time_tracker.h"

namespace drivers::js110 {

struct Arrival {
  std::int64_t monotonic_ns = 0;
  std::int64_t utc_ns = 0;
};

class Stream {
 public:
  // A stream begins with packet 0. What comes before it is left over from an earlier start, for so
  // long; then packet 0 is taken for lost.
  static constexpr std::int64_t kStaleNs = 100'000'000;

  // `selected` is from select_signals(). With `keep_words` Blocks have the words, too. The counters
  // outlive the stream.
  Stream(std::span<const SignalInfo> selected, Counters& counters, bool keep_words = false);

  // Before a start: what comes is a new segment, by this calibration.
  void reset(const Calibration& calibration);
  // One bulk IN transfer.
  void on_transfer(std::span<const std::byte> bytes, const Arrival& arrival, DriverSink& sink);
  // When no transfer came.
  void advance(std::int64_t now_monotonic_ns, DriverSink& sink);
  // Hands over what is assembled.
  void flush(DriverSink& sink);

  // When a sample last went into a Block; 0 before that.
  std::int64_t last_progress_ns() const { return last_progress_ns_; }

 private:
  using Slot = std::span<const std::byte, kPacketBytes>;
  // `packets_after` follow it in its transfer.
  void on_packet(Slot slot, std::size_t packets_after, const Arrival& arrival, DriverSink& sink);
  void on_far_packet(Slot slot, std::size_t packets_after, const Arrival& arrival,
                     DriverSink& sink);
  bool is_stale(std::uint16_t index, const Arrival& arrival);
  void take(std::uint64_t number, Slot slot, const Arrival& arrival);
  void append_codes(proto::SampleId first, Slot slot);
  void append_inputs(std::size_t code, proto::SampleId first, Slot slot);
  void start_time(std::uint64_t number, std::size_t packets_after, const Arrival& arrival);
  void follow_arrivals(const Arrival& arrival, DriverSink& sink);
  void on_mark(const TimeMark& mark, std::int64_t host_utc_ns, DriverSink& sink);

  Counters& counters_;
  const std::vector<SignalInfo> selected_;
  const bool keep_words_;
  Calibration calibration_;
  PacketOrder order_;
  TimeTracker time_;
  BlockAssembler assembler_;
  Samples samples_;  // of the packet at hand
  // A packet out of place waits here for one that follows it.
  std::optional<std::array<std::byte, kPacketBytes>> suspect_;
  std::int64_t first_arrival_ns_ = 0;  // before packet 0
  std::int64_t last_progress_ns_ = 0;
  std::optional<TimeMark> earliest_;  // the promptest arrival of this second
  std::int64_t earliest_since_ns_ = 0;
};

}  // namespace drivers::js110
