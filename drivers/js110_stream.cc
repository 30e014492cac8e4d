// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_stream.h"

#include <algorithm>
#include <cstring>

#include "proto/check.h"

namespace drivers::js110 {
namespace {

using proto::SampleId;

constexpr std::size_t kFirstCode = 2;
constexpr std::int64_t kArrivalWindowNs = 1'000'000'000;

AssemblerOptions assembler_options(std::span<const SignalInfo> selected, bool keep_words) {
  AssemblerOptions options;
  options.ids_per_float = 1;
  options.words = keep_words;
  options.sample_id_rate_hz = static_cast<double>(kSampleRateHz);
  for (std::size_t i = kFirstCode; i < selected.size(); ++i) {
    options.codes.push_back({std::string(selected[i].name), static_cast<std::uint32_t>(i)});
  }
  return options;
}

std::uint16_t index_of(std::span<const std::byte, kPacketBytes> slot) {
  return unpack_header(slot.first<kPacketHeaderBytes>()).index;
}

// `length` equal codes from `at` on.
std::size_t run_length(std::span<const std::uint8_t> codes, std::size_t at) {
  const auto begin = codes.begin() + static_cast<std::ptrdiff_t>(at);
  return static_cast<std::size_t>(
      std::find_if(begin, codes.end(), [code = *begin](std::uint8_t c) { return c != code; }) -
      begin);
}

}  // namespace

Stream::Stream(std::span<const SignalInfo> selected, Counters& counters, bool keep_words)
    : counters_(counters),
      selected_(selected.begin(), selected.end()),
      keep_words_(keep_words),
      assembler_(assembler_options(selected, keep_words), time_) {
  WS_CHECK(selected.size() >= kFirstCode && selected[0].kind == SignalKind::kCurrent &&
           selected[1].kind == SignalKind::kVoltage);
}

void Stream::reset(const Calibration& calibration) {
  calibration_ = calibration;
  order_.reset();
  assembler_.restart();
  time_.stop();
  suspect_.reset();
  earliest_.reset();
  first_arrival_ns_ = 0;
  last_progress_ns_ = 0;
}

void Stream::on_transfer(std::span<const std::byte> bytes, const Arrival& arrival,
                         DriverSink& sink) {
  const std::size_t packets = bytes.size() / kPacketBytes;
  const auto before = order_.next();
  if (bytes.size() % kPacketBytes != 0) ++counters_.packets_malformed;
  for (std::size_t i = 0; i < packets; ++i) {
    const auto slot = bytes.subspan(i * kPacketBytes).first<kPacketBytes>();
    if (!parse_packet(slot)) {
      // Its samples are missing before the next one.
      ++counters_.packets_malformed;
      continue;
    }
    on_packet(slot, packets - 1 - i, arrival, sink);
  }
  if (order_.next() != before) follow_arrivals(arrival, sink);
  advance(arrival.monotonic_ns, sink);
}

void Stream::on_packet(Slot slot, std::size_t packets_after, const Arrival& arrival,
                       DriverSink& sink) {
  const std::uint16_t index = index_of(slot);
  if (!order_.next() && is_stale(index, arrival)) {
    ++counters_.packets_stale;
    return;
  }
  const auto next = order_.next();
  const auto number = order_.number_of(index, arrival.monotonic_ns);
  if (!number) {
    on_far_packet(slot, packets_after, arrival, sink);
    return;
  }
  if (suspect_) {
    ++counters_.packets_stray;
    suspect_.reset();
  }
  if (next) {
    counters_.packets_lost += *number - *next;
  } else {
    start_time(*number, packets_after, arrival);
  }
  take(*number, slot, arrival);
}

bool Stream::is_stale(std::uint16_t index, const Arrival& arrival) {
  if (index == 0) return false;
  if (first_arrival_ns_ == 0) first_arrival_ns_ = arrival.monotonic_ns;
  return arrival.monotonic_ns - first_arrival_ns_ < kStaleNs;
}

// One packet that lies before those that came is a repetition, or damaged: it is left out. Two that
// follow each other are a stream that the instrument began anew.
void Stream::on_far_packet(Slot slot, std::size_t packets_after, const Arrival& arrival,
                           DriverSink& sink) {
  const auto follows = [&] {
    return static_cast<std::uint16_t>(index_of(*suspect_) + 1) == index_of(slot);
  };
  if (suspect_ && follows()) {
    ++counters_.index_restarts;
    const auto first = *suspect_;
    suspect_.reset();
    advance(arrival.monotonic_ns, sink);
    flush(sink);
    assembler_.restart();
    order_.reset();
    earliest_.reset();
    start_time(index_of(first), packets_after + 1, arrival);
    take(index_of(first), first, arrival);
    take(index_of(first) + 1u, slot, arrival);
    return;
  }
  if (suspect_) ++counters_.packets_stray;
  suspect_.emplace();
  std::ranges::copy(slot, suspect_->begin());
}

void Stream::take(std::uint64_t number, Slot slot, const Arrival& arrival) {
  order_.take(number, arrival.monotonic_ns);
  ++counters_.packets;
  const std::uint8_t voltage_range = unpack_header(slot.first<kPacketHeaderBytes>()).voltage_range;
  convert(slot.last<kPacketBytes - kPacketHeaderBytes>(), calibration_, voltage_range, samples_);
  counters_.toggles_wrong += samples_.toggles_wrong;
  if (samples_.has_missing) {
    counters_.words_missing +=
        static_cast<std::uint64_t>(std::ranges::count(samples_.range, kRangeMissing));
  }
  const SampleId first(number * kPacketWords);
  assembler_.current().append(first, std::as_bytes(std::span(samples_.current)));
  assembler_.voltage().append(first, std::as_bytes(std::span(samples_.voltage)));
  if (keep_words_) {
    assembler_.words().append(first, slot.last<kPacketBytes - kPacketHeaderBytes>());
  }
  append_codes(first, slot);
}

void Stream::append_codes(SampleId first, Slot slot) {
  for (std::size_t code = 0; code + kFirstCode < selected_.size(); ++code) {
    const SignalKind kind = selected_[code + kFirstCode].kind;
    CodeQueue& queue = assembler_.code(code);
    if (kind == SignalKind::kVoltageRange) {
      const PacketHeader header = unpack_header(slot.first<kPacketHeaderBytes>());
      queue.append_run(first, header.voltage_range, kPacketWords);
      continue;
    }
    if (kind != SignalKind::kCurrentRange) {
      append_inputs(code, first, slot);
      continue;
    }
    for (std::size_t at = 0; at < kPacketWords;) {
      const std::size_t length = samples_.one_range ? kPacketWords : run_length(samples_.range, at);
      queue.append_run(first + at, samples_.range[at], static_cast<std::uint32_t>(length));
      at += length;
    }
  }
}

// A missing word says nothing of an input: its code never came.
void Stream::append_inputs(std::size_t code, SampleId first, Slot slot) {
  CodeQueue& queue = assembler_.code(code);
  const bool of_current = selected_[code + kFirstCode].kind == SignalKind::kGpi0;
  std::array<std::uint32_t, kPacketWords> words;
  std::memcpy(words.data(), slot.data() + kPacketHeaderBytes, sizeof words);
  const auto code_at = [&](std::size_t at) {
    const std::uint32_t word = words[at];
    if (word == kMissingWord) return proto::kMissingCode;
    return (of_current ? current_lsb(word) : voltage_lsb(word)) ? 1u : 0u;
  };
  for (std::size_t at = 0; at < kPacketWords;) {
    const std::uint32_t value = code_at(at);
    const std::size_t begin = at++;
    while (at < kPacketWords && code_at(at) == value) ++at;
    if (value == proto::kMissingCode) continue;
    queue.append_run(first + begin, value, static_cast<std::uint32_t>(at - begin));
  }
}

// The last sample of a transfer is the one that was just taken.
void Stream::start_time(std::uint64_t number, std::size_t packets_after, const Arrival& arrival) {
  time_.start({.id = SampleId((number + packets_after + 1) * kPacketWords),
               .utc_ns = arrival.utc_ns,
               .rate_hz = static_cast<double>(kSampleRateHz),
               .source = proto::TimeSource::kHostArrival});
}

// The instrument has no clock that it tells of: the promptest arrival of each second is the mark,
// for transfers can only be late.
void Stream::follow_arrivals(const Arrival& arrival, DriverSink& sink) {
  const TimeMark mark{.id = SampleId(*order_.next() * kPacketWords),
                      .utc_ns = arrival.utc_ns,
                      .rate_hz = static_cast<double>(kSampleRateHz),
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

void Stream::on_mark(const TimeMark& mark, std::int64_t host_utc_ns, DriverSink& sink) {
  switch (time_.judge(mark, SampleId(*order_.next() * kPacketWords), host_utc_ns)) {
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

}  // namespace drivers::js110
