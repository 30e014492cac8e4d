// SPDX-License-Identifier: Apache-2.0
#include "drivers/time_tracker.h"

#include <algorithm>
#include <cmath>

#include "proto/check.h"

namespace drivers {
namespace {

// An error is worked off over this time; a piece is renewed after half of it.
constexpr double kHorizonSeconds = 2;
// After this many marks in a row that agree with the host's clock but not with the segment's rate,
// the segment's rate was the wrong one.
constexpr int kMarksRejectedMax = 3;
// The vendor states +-100 us for a synchronised instrument. A host arrival is late by the USB
// transfer (16 ms of data at most) and the scheduler.
constexpr double kInstrumentUncertaintyNs = 200'000;
constexpr double kArrivalUncertaintyNs = 20'000'000;
// Between marks: twice the crystal's 25 ppm.
constexpr double kDrift = 50e-6;

// Exact enough far from the mark: long double has 64 bits of mantissa on every Debian amd64.
long double utc_of(const TimeMark& mark, proto::SampleId id) {
  const auto ids = static_cast<long double>(distance(mark.id, id));
  return static_cast<long double>(mark.utc_ns) + ids * 1e9L / mark.rate_hz;
}

proto::TimeMap as_map(const TimeMark& mark) {
  return {.reference_id = mark.id, .reference_utc_ns = mark.utc_ns, .rate_hz = mark.rate_hz};
}

}  // namespace

bool TimeTracker::is_plausible(const TimeMark& mark, double nominal_rate_hz) {
  // An emulated instrument may run slower than life, so only the upper end is close.
  return mark.utc_ns > 0 && mark.rate_hz >= 1 &&
         mark.rate_hz <= nominal_rate_hz * (1 + kRateToleranceMax);
}

void TimeTracker::start(const TimeMark& mark) {
  WS_CHECK(mark.rate_hz > 0);
  segment_rate_hz_ = mark.rate_hz;
  target_ = mark;
  piece_.reset();
  target_is_new_ = false;
  marks_rejected_ = 0;
}

TimeTracker::Verdict TimeTracker::judge(const TimeMark& mark, proto::SampleId newest,
                                        std::int64_t host_utc_ns) {
  WS_CHECK(started());
  const bool rate_agrees = std::abs(mark.rate_hz / segment_rate_hz_ - 1) <= kRateToleranceMax;
  const auto marked_ns = utc_of(mark, newest);
  if (rate_agrees && std::abs(marked_ns - static_cast<long double>(utc_ns(newest))) <= kStepNs) {
    target_ = mark;
    target_is_new_ = true;
    marks_rejected_ = 0;
    return Verdict::kAccepted;
  }
  ++marks_rejected_;
  const bool host_agrees = std::abs(marked_ns - static_cast<long double>(host_utc_ns)) <= kStepNs;
  if (host_agrees && (rate_agrees || marks_rejected_ >= kMarksRejectedMax)) return Verdict::kStep;
  return Verdict::kRejected;
}

const proto::TimeMap& TimeTracker::piece_at(proto::SampleId first) {
  WS_CHECK(started());
  const auto renew_ids = static_cast<std::int64_t>(segment_rate_hz_ * kHorizonSeconds / 2);
  if (!piece_ || target_is_new_ || distance(piece_->reference_id, first) >= renew_ids) {
    piece_ = next_piece(first);
    target_is_new_ = false;
  }
  return *piece_;
}

std::int64_t TimeTracker::utc_ns(proto::SampleId id) const {
  WS_CHECK(started());
  return piece_ ? piece_->utc_ns(id) : as_map(*target_).utc_ns(id);
}

proto::TimeMap TimeTracker::next_piece(proto::SampleId first) const {
  proto::TimeMap piece{.reference_id = first,
                       .reference_utc_ns = utc_ns(first),
                       .rate_hz = target_->rate_hz,
                       .source = target_->source};
  const auto error_ns = static_cast<double>(utc_of(*target_, first) -
                                            static_cast<long double>(piece.reference_utc_ns));
  if (piece_) {
    const double slew = std::clamp(error_ns / (kHorizonSeconds * 1e9), -kSlewMax, kSlewMax);
    piece.rate_hz = target_->rate_hz / (1 + slew);
  }
  const double base_ns = target_->source == proto::TimeSource::kInstrument
                             ? kInstrumentUncertaintyNs
                             : kArrivalUncertaintyNs;
  const double age_ns =
      std::abs(static_cast<double>(distance(target_->id, first))) * 1e9 / target_->rate_hz;
  piece.uncertainty_ns = static_cast<std::uint64_t>(base_ns + std::abs(error_ns) + kDrift * age_ns);
  return piece;
}

}  // namespace drivers
