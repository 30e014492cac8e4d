// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_stream.h"

#include <algorithm>

#include "drivers/js220_time64.h"
#include "proto/check.h"

namespace drivers::js220 {
namespace {

using proto::SampleId;

constexpr std::size_t kCurrent = 0;
constexpr std::size_t kVoltage = 1;
constexpr std::size_t kFirstCode = 2;
constexpr std::uint64_t kSampleIdMax = std::uint64_t{1} << 53;
constexpr double kCounterRateOne = 4294967296.0;  // 32Q32
constexpr std::int64_t kArrivalWindowNs = 1'000'000'000;
// A first map further from the host's clock is left over from an earlier connection.
constexpr std::int64_t kStaleMapNs = 5'000'000'000;

AssemblerOptions assembler_options(std::span<const SignalInfo> selected) {
  AssemblerOptions options;
  for (std::size_t i = kFirstCode; i < selected.size(); ++i) {
    options.codes.push_back({std::string(selected[i].name), static_cast<std::uint32_t>(i)});
  }
  return options;
}

}  // namespace

Stream::Stream(std::span<const SignalInfo> selected, Counters& counters)
    : counters_(counters), assembler_(assembler_options(selected), time_) {
  WS_CHECK(selected.size() >= kFirstCode && selected[kCurrent].port == kPortCurrent &&
           selected[kVoltage].port == kPortVoltage);
  signal_of_port_.fill(kNotSelected);
  for (const SignalInfo& signal : selected) {
    const auto format = stream_format(signal.port);
    WS_CHECK(format.has_value());
    signal_of_port_[signal.port] = static_cast<std::uint8_t>(ports_.size());
    ports_.push_back({.format = *format,
                      .continuity = IdContinuity(format->ids_per_element),
                      .suspect = std::nullopt});
  }
}

void Stream::on_frame(const FrameView& frame, const Arrival& arrival, DriverSink& sink) {
  const std::uint8_t signal = signal_of_port_[frame.header.port];
  if (signal == kNotSelected) {
    ++counters_.frames_ignored;
    return;
  }
  const auto view = parse_stream(frame.payload);
  if (!view) {
    ++counters_.frames_malformed;
    return;
  }
  if (view->data.empty()) return;
  // What is whole is used; the rest shows as ids that are missing before the next frame.
  const std::uint32_t bits = ports_[signal].format.bits;
  if (view->data.size() * 8 % bits != 0) ++counters_.frames_malformed;
  if (ports_[signal].format.element_count(view->data.size()) == 0) return;
  accept(signal, *view, arrival, sink);
}

void Stream::accept(std::size_t signal, const StreamView& view, const Arrival& arrival,
                    DriverSink& sink) {
  PortState& port = ports_[signal];
  const std::uint32_t values = port.format.element_count(view.data.size());
  if (port.is_float() && !time_.started() && !start_by_arrival(view.sample_id, arrival)) {
    ++counters_.frames_unsynchronised;
    return;
  }
  const FrameIds ids = port.continuity.accept(view.sample_id, values, newest_ ? newest_ : map_id_,
                                              lost_ids_max(port, arrival));
  switch (ids.continuity) {
    case Continuity::kUnsynchronised:
      ++counters_.frames_unsynchronised;
      return;
    case Continuity::kJump:
      on_far_id(signal, view, arrival, sink);
      return;
    case Continuity::kMisaligned:
      ++counters_.frames_malformed;
      return;
    case Continuity::kDuplicate:
      ++counters_.frames_duplicate;
      return;
    case Continuity::kOverlap:
      ++counters_.frames_overlapping;
      break;
    case Continuity::kLost:
      (port.is_float() ? counters_.float_ids_lost : counters_.code_ids_lost) += ids.lost_ids;
      break;
    case Continuity::kInOrder:
      break;
  }
  if (port.suspect) {
    ++counters_.frames_stray;
    port.suspect.reset();
  }
  port.last_frame_ns = arrival.monotonic_ns;
  deliver(signal, view, ids);
  if (port.is_float()) follow_arrivals(arrival, sink);
}

void Stream::deliver(std::size_t signal, const StreamView& view, const FrameIds& ids) {
  PortState& port = ports_[signal];
  const std::uint32_t values = port.format.element_count(view.data.size());
  if (!port.is_float()) {
    assembler_.code(signal - kFirstCode)
        .append_packed(ids.first, view.data, port.format.bits, ids.known_values, values);
    return;
  }
  FloatQueue& queue = signal == kCurrent ? assembler_.current() : assembler_.voltage();
  queue.append(ids.first,
               view.data.first(values * sizeof(float)).subspan(ids.known_values * sizeof(float)));
  newest_ = newest_ ? std::max(*newest_, queue.end_id()) : queue.end_id();
}

// One far frame is damaged or misled: it is left out, and the ids it should have had are missing.
// Two that follow each other are the counter's new life.
void Stream::on_far_id(std::size_t signal, const StreamView& view, const Arrival& arrival,
                       DriverSink& sink) {
  PortState& port = ports_[signal];
  const std::uint32_t values = port.format.element_count(view.data.size());
  if (port.suspect) {
    const std::uint32_t next =
        port.suspect->low_id + port.suspect->values * port.format.ids_per_element;
    if (view.sample_id - next < IdContinuity::kRepeatedIdsMax) {
      restart_at(port.suspect->low_id, arrival, sink);
      accept(signal, view, arrival, sink);
      return;
    }
    ++counters_.frames_stray;
  }
  SuspectFrame& suspect = port.suspect.emplace();
  suspect.low_id = view.sample_id;
  suspect.values = values;
  suspect.data_bytes = view.data.size();
  std::ranges::copy(view.data, suspect.data.begin());
}

void Stream::restart_at(std::uint32_t low_id, const Arrival& arrival, DriverSink& sink) {
  ++counters_.counter_jumps;
  advance(arrival.monotonic_ns, sink);  // what came before the jump in this transfer
  flush(sink);
  assembler_.restart();
  const auto known = map_id_ ? IdContinuity::extend(low_id, *map_id_) : std::nullopt;
  const SampleId first = known.value_or(SampleId(low_id));
  time_.start({.id = first,
               .utc_ns = arrival.utc_ns,
               .rate_hz = time_.newest_mark().rate_hz,
               .source = proto::TimeSource::kHostArrival});
  newest_ = first;
  earliest_.reset();
  for (PortState& port : ports_) port.continuity.reset();
  for (std::size_t signal = 0; signal < ports_.size(); ++signal) {
    if (!ports_[signal].suspect) continue;
    const SuspectFrame suspect = *ports_[signal].suspect;
    ports_[signal].suspect.reset();
    accept(signal, {suspect.low_id, std::span(suspect.data).first(suspect.data_bytes)}, arrival,
           sink);
  }
}

bool Stream::start_by_arrival(std::uint32_t low_id, const Arrival& arrival) {
  if (first_frame_ns_ == 0) first_frame_ns_ = arrival.monotonic_ns;
  if (arrival.monotonic_ns - first_frame_ns_ < kTimeMapWaitNs) return false;
  newest_ = SampleId(low_id);
  time_.start({.id = *newest_,
               .utc_ns = arrival.utc_ns,
               .rate_hz = static_cast<double>(kSampleIdRateHz),
               .source = proto::TimeSource::kHostArrival});
  return true;
}

// Without time maps the promptest arrival of each second is the mark: transfers can only be late.
void Stream::follow_arrivals(const Arrival& arrival, DriverSink& sink) {
  if (time_.newest_mark().source != proto::TimeSource::kHostArrival) return;
  const TimeMark mark{.id = *newest_,
                      .utc_ns = arrival.utc_ns,
                      .rate_hz = time_.newest_mark().rate_hz,
                      .source = proto::TimeSource::kHostArrival};
  if (!earliest_) {
    earliest_ = mark;
    earliest_since_ns_ = arrival.monotonic_ns;
  }
  const auto lateness_ns = [&](const TimeMark& m) { return m.utc_ns - time_.utc_ns(m.id); };
  if (lateness_ns(mark) < lateness_ns(*earliest_)) earliest_ = mark;
  if (arrival.monotonic_ns - earliest_since_ns_ < kArrivalWindowNs) return;
  const TimeMark earliest = *earliest_;
  earliest_.reset();
  on_mark(earliest, arrival.utc_ns, sink);
}

void Stream::on_timemap(const Timemap& map, const Arrival& arrival, DriverSink& sink) {
  const auto utc_ns = utc_ns_from_time64(map.utc);
  TimeMark mark{.id = SampleId(map.counter),
                .utc_ns = utc_ns.value_or(0),
                .rate_hz = static_cast<double>(map.counter_rate) / kCounterRateOne};
  const double nominal_hz = static_cast<double>(kSampleIdRateHz);
  if (map.counter >= kSampleIdMax || !TimeTracker::is_plausible(mark, nominal_hz)) {
    ++counters_.time_marks_rejected;
    return;
  }
  if (!time_.started()) {
    const bool stale = std::abs(mark.utc_ns - arrival.utc_ns) > kStaleMapNs;
    if (stale) {
      ++counters_.time_marks_rejected;
      return;
    }
    map_id_ = mark.id;
    time_.start(mark);
    return;
  }
  // The low 32 bits say which id is meant: some firmware cuts the mapped counter to them.
  const SampleId reference = newest_.value_or(mark.id);
  const auto id = IdContinuity::extend(static_cast<std::uint32_t>(map.counter), reference);
  if (!id) {
    ++counters_.time_marks_rejected;
    return;
  }
  mark.id = *id;
  map_id_ = mark.id;
  on_mark(mark, arrival.utc_ns, sink);
}

void Stream::on_mark(const TimeMark& mark, std::int64_t host_utc_ns, DriverSink& sink) {
  switch (time_.judge(mark, newest_.value_or(mark.id), host_utc_ns)) {
    case TimeTracker::Verdict::kAccepted:
      return;
    case TimeTracker::Verdict::kRejected:
      ++counters_.time_marks_rejected;
      return;
    case TimeTracker::Verdict::kStep:
      ++counters_.clock_steps;
      flush(sink);
      assembler_.cut();
      time_.start(mark);
      return;
  }
}

void Stream::advance(std::int64_t now_monotonic_ns, DriverSink& sink) {
  if (!time_.started()) return;
  const auto before = assembler_.position();
  assembler_.advance(now_monotonic_ns, sink);
  if (assembler_.position() != before) last_progress_ns_ = now_monotonic_ns;
}

void Stream::flush(DriverSink& sink) {
  if (time_.started()) assembler_.flush(sink);
}

void Stream::reset() {
  assembler_.restart();
  time_.stop();
  for (PortState& port : ports_) {
    port.continuity.reset();
    port.suspect.reset();
    port.last_frame_ns = 0;
  }
  newest_.reset();
  map_id_.reset();
  earliest_.reset();
  first_frame_ns_ = 0;
  last_progress_ns_ = 0;
}

std::uint64_t Stream::lost_ids_max(const PortState& port, const Arrival& arrival) const {
  const auto elapsed_ns = std::max<std::int64_t>(arrival.monotonic_ns - port.last_frame_ns, 0);
  return kLostIdsSlack +
         static_cast<std::uint64_t>(elapsed_ns) / 1000 * (kSampleIdRateHz / 1'000'000);
}

}  // namespace drivers::js220
