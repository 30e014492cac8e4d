// SPDX-License-Identifier: Apache-2.0
// Makes the UTC of samples from the instrument's own time marks. Within a segment time is a chain
// of straight, continuous pieces that follow the newest mark at a bounded rate: no sample's UTC
// ever moves, and it strictly increases. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/ids.h"
#include "proto/time_map.h"

namespace drivers {

// "Sample `id` was taken at `utc_ns`, and `rate_hz` ids pass per second."
struct TimeMark {
  proto::SampleId id;
  std::int64_t utc_ns = 0;
  double rate_hz = 0;
  proto::TimeSource source = proto::TimeSource::kInstrument;
};

class TimeTracker {
 public:
  // A mark further off than this is a step, not drift.
  static constexpr std::int64_t kStepNs = 1'000'000'000;
  // How much faster or slower than the instrument's own rate a piece may run to catch up.
  static constexpr double kSlewMax = 1e-3;
  // A mark's rate may differ from that of the segment's first mark by this much (a crystal: 25e-6).
  static constexpr double kRateToleranceMax = 1e-3;

  enum class Verdict {
    kAccepted,  // followed from the next piece on
    kRejected,  // neither the segment's time nor the host's clock agree with it
    kStep,      // the host's clock agrees and the segment does not: start() a new one with it
  };

  // Begins a segment.
  void start(const TimeMark& mark);
  void stop() { target_.reset(); }
  bool started() const { return target_.has_value(); }
  // Of the newest accepted mark. Only when started.
  const TimeMark& newest_mark() const { return *target_; }

  // `newest` is the id that has just arrived, `host_utc_ns` the host's clock at that moment. Only
  // when started.
  Verdict judge(const TimeMark& mark, proto::SampleId newest, std::int64_t host_utc_ns);

  // The piece for ids from `first` on; `first` never decreases within a segment. Only when started.
  const proto::TimeMap& piece_at(proto::SampleId first);
  // By the newest piece, before there is one by the mark.
  std::int64_t utc_ns(proto::SampleId id) const;

  static bool is_plausible(const TimeMark& mark, double nominal_rate_hz);

 private:
  proto::TimeMap next_piece(proto::SampleId first) const;

  double segment_rate_hz_ = 0;      // of the segment's first mark
  std::optional<TimeMark> target_;  // the newest accepted mark
  std::optional<proto::TimeMap> piece_;
  bool target_is_new_ = false;
  int marks_rejected_ = 0;  // one after another
};

}  // namespace drivers
