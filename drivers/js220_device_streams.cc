// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device_streams.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "proto/check.h"

namespace drivers::js220 {
namespace {

constexpr std::uint32_t kTickValues = StreamFifo::kTickIds / kIdsPerValue;
constexpr std::uint64_t kChunkTicks = kChunkIds / StreamFifo::kTickIds;
static_assert(kChunkIds % StreamFifo::kTickIds == 0);
constexpr std::array<std::uint8_t, 9> kOrder = {kPortCurrent,      kPortVoltage,  kPortPower,
                                                kPortCurrentRange, kPortGpi0,     kPortGpi0 + 1,
                                                kPortGpi0 + 2,     kPortGpi0 + 3, kPortTrigger};

std::size_t slot(std::uint8_t port) { return port - kPortCurrentRange; }

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

void pack_range(std::span<const std::uint8_t> cells, std::span<std::byte> out) {
  constexpr std::size_t kCellBytes = kCellIds / 2;
  for (std::size_t k = 0; k < cells.size(); ++k) {
    std::ranges::fill(out.subspan(k * kCellBytes, kCellBytes),
                      static_cast<std::byte>(cells[k] << 4 | cells[k]));
  }
}

void pack_input(std::span<const std::uint8_t> cells, std::uint8_t mask, std::span<std::byte> out) {
  const bool first = (cells.front() & mask) != 0;
  std::ranges::fill(out, first ? std::byte{0xFF} : std::byte{0});
  for (std::size_t k = 0; k < cells.size(); ++k) {
    const bool high = (cells[k] & mask) != 0;
    if (high == first) continue;
    for (std::size_t id = k * kCellIds; id < (k + 1) * kCellIds; ++id) set_u1(out, id, high);
  }
}

}  // namespace

StreamFifo::StreamFifo(const SampleSource& source, std::size_t capacity_bytes)
    : source_(source),
      capacity_frames_(capacity_bytes / kFrameBytes),
      chunk_(std::make_unique<Chunk>()) {
  first_tick_.fill(kOff);
}

std::uint64_t StreamFifo::stride(std::uint8_t port) {
  if (port == kPortCurrentRange) return 4;
  return port >= kPortGpi0 ? 16 : 1;
}

bool StreamFifo::any_on() const {
  return std::ranges::any_of(first_tick_, [](std::uint64_t tick) { return tick != kOff; });
}

void StreamFifo::enable(std::uint8_t port, std::uint64_t counter) {
  if (first_tick_[slot(port)] != kOff) return;
  if (any_on()) {
    produce(counter);
  } else {
    reset();
    produced_ = counter / kTickIds;
  }
  first_tick_[slot(port)] = round_up((counter + kTickIds - 1) / kTickIds, stride(port));
}

void StreamFifo::disable(std::uint8_t port) {
  first_tick_[slot(port)] = kOff;
  const auto left = std::span(ports_).subspan(port_next_, port_count_ - port_next_);
  // Not std::ranges::remove: clang 14 cannot read libstdc++'s subrange.
  port_count_ -= static_cast<std::size_t>(left.end() - std::remove(left.begin(), left.end(), port));
}

void StreamFifo::reset() {
  first_tick_.fill(kOff);
  stretches_.clear();
  port_next_ = 0;
  port_count_ = 0;
  lost_pending_ = 0;
  lost_before_ = 0;
}

void StreamFifo::set_range(std::optional<RangeLimits> limits) {
  if (limits != limits_) chunk_index_.reset();
  limits_ = limits;
}

void StreamFifo::restart_at(std::uint64_t counter) {
  stretches_.clear();
  port_next_ = 0;
  port_count_ = 0;
  produced_ = counter / kTickIds;
  for (const std::uint8_t port : kOrder) {
    auto& first = first_tick_[slot(port)];
    if (first != kOff) first = round_up((counter + kTickIds - 1) / kTickIds, stride(port));
  }
}

// A stream's first tick is a multiple of its stride, so its frames end at the multiples after it.
std::uint64_t StreamFifo::frames_between(std::uint64_t begin, std::uint64_t end) const {
  std::uint64_t frames = 0;
  for (const std::uint8_t port : kOrder) {
    const std::uint64_t first = first_tick_[slot(port)];
    if (first >= end) continue;
    frames += end / stride(port) - std::max(begin, first) / stride(port);
  }
  return frames;
}

std::uint64_t StreamFifo::waiting() const {
  std::uint64_t frames = port_count_ - port_next_;
  for (const Stretch& stretch : stretches_) frames += frames_between(stretch.begin, stretch.end);
  return frames;
}

void StreamFifo::produce(std::uint64_t counter) {
  const std::uint64_t end = counter / kTickIds;
  if (end <= produced_ || !any_on()) return;
  const std::uint64_t held = waiting();
  const std::uint64_t room = capacity_frames_ > held ? capacity_frames_ - held : 0;
  std::uint64_t accepted_end = end;
  if (frames_between(produced_, end) > room) {
    accepted_end = produced_;
    while (frames_between(produced_, accepted_end + 1) <= room) ++accepted_end;
  }
  if (accepted_end > produced_) {
    if (!stretches_.empty() && stretches_.back().end == produced_ && lost_pending_ == 0) {
      stretches_.back().end = accepted_end;
    } else {
      stretches_.push_back({produced_, accepted_end, lost_pending_});
      lost_pending_ = 0;
    }
  }
  const std::uint64_t lost = frames_between(accepted_end, end);
  lost_pending_ += lost;
  lost_frames_ += lost;
  produced_ = end;
}

void StreamFifo::open_tick(std::uint64_t tick) {
  tick_ = tick;
  port_next_ = 0;
  port_count_ = 0;
  for (const std::uint8_t port : kOrder) {
    const std::uint64_t step = stride(port);
    const std::uint64_t first = first_tick_[slot(port)];
    if (first <= tick && (tick + 1) % step == 0 && tick + 1 >= first + step) {
      ports_[port_count_++] = port;
    }
  }
}

std::optional<StreamFrame> StreamFifo::next() {
  for (;;) {
    if (port_next_ < port_count_) {
      const std::uint8_t port = ports_[port_next_++];
      const std::uint64_t end_tick = tick_ + 1;
      return StreamFrame{port, (end_tick - stride(port)) * kTickIds, data_of(port, end_tick),
                         std::exchange(lost_before_, 0)};
    }
    if (stretches_.empty()) return std::nullopt;
    Stretch& front = stretches_.front();
    lost_before_ += std::exchange(front.lost_before, 0);
    open_tick(front.begin++);
    if (front.begin == front.end) stretches_.pop_front();
  }
}

void StreamFifo::load_chunk(std::uint64_t index) {
  if (chunk_index_ == index) return;
  source_.fill(index, limits_.value_or(RangeLimits{}), *chunk_);
  if (!limits_) {
    chunk_->current.fill(0);
    chunk_->range.fill(kRangeCodeOff);
  }
  chunk_index_ = index;
}

std::span<const std::byte> StreamFifo::data_of(std::uint8_t port, std::uint64_t end_tick) {
  const std::uint64_t begin_tick = end_tick - stride(port);
  load_chunk(begin_tick / kChunkTicks);
  const std::size_t offset = begin_tick % kChunkTicks;
  const std::size_t value = offset * kTickValues;
  const auto current = std::span<const float>(chunk_->current).subspan(value, kTickValues);
  const auto voltage = std::span<const float>(chunk_->voltage).subspan(value, kTickValues);
  constexpr std::size_t kTickCells = kTickIds / kCellIds;
  if (port == kPortCurrent) return std::as_bytes(current);
  if (port == kPortVoltage) return std::as_bytes(voltage);
  if (port == kPortPower) {
    std::ranges::transform(current, voltage, power_.begin(), std::multiplies<>());
    return std::as_bytes(std::span<const float>(power_));
  }
  if (port == kPortCurrentRange) {
    pack_range(std::span(chunk_->range).subspan(offset * kTickCells, 4 * kTickCells), codes_);
  } else {
    const unsigned bit = port == kPortTrigger ? 7U : port - kPortGpi0;
    pack_input(chunk_->inputs, static_cast<std::uint8_t>(1U << bit), codes_);
  }
  return codes_;
}

std::uint64_t StreamFifo::frames_at(std::uint64_t counter) const {
  const std::uint64_t end = counter / kTickIds;
  return waiting() + (end > produced_ ? frames_between(produced_, end) : 0);
}

std::optional<std::uint64_t> StreamFifo::counter_for(std::uint64_t count) const {
  if (!any_on()) return std::nullopt;
  const std::uint64_t held = waiting();
  std::uint64_t end = produced_;
  // A stream that is on has a frame in at most 32 ticks (its first one may begin 16 ticks later).
  for (std::uint64_t step = 0; held + frames_between(produced_, end) < count; ++step) {
    WS_CHECK(step < 32 * (count + 1));
    ++end;
  }
  return end * kTickIds;
}

}  // namespace drivers::js220
