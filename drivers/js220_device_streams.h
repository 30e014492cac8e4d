// SPDX-License-Identifier: Apache-2.0
// The sample streams of an emulated JS220: which frames are there at a counter reading, and the
// bounded FIFO in which they wait for the host. No frame is stored: samples are pure functions, so
// the FIFO holds numbers. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "drivers/js220_wire.h"
#include "drivers/signal/sample_source.h"

namespace drivers::js220 {

// What the range code says while the current path is off.
inline constexpr std::uint8_t kRangeCodeOff = 7;

// A frame without its header; `data` is valid until the next call.
struct StreamFrame {
  std::uint8_t port = 0;
  std::uint64_t sample_id = 0;
  std::span<const std::byte> data;
  std::uint64_t lost_before = 0;  // frames that the FIFO had no room for
};

// Time is counted in ticks of 252 ids: one float frame. Frames of all ports end on ticks (range
// codes on every 4th, inputs on every 16th), so that frames of one time are neighbours.
class StreamFifo {
 public:
  static constexpr std::uint32_t kTickIds = 252;

  StreamFifo(const SampleSource& source, std::size_t capacity_bytes);

  // The first frame begins at or after `counter`.
  void enable(std::uint8_t port, std::uint64_t counter);
  void disable(std::uint8_t port);
  // All off and empty.
  void reset();
  // Absent: the current reads 0.
  void set_range(std::optional<RangeLimits> limits);
  // The counter jumped: what waits is gone, frames go on from here.
  void restart_at(std::uint64_t counter);

  // Takes in what the streams made until `counter`; what finds no room is lost.
  void produce(std::uint64_t counter);
  std::optional<StreamFrame> next();

  // Frames that are (or, after produce(counter), would be) there.
  std::uint64_t frames_at(std::uint64_t counter) const;
  // The counter reading at which there will be `count` frames; absent when no stream is on.
  std::optional<std::uint64_t> counter_for(std::uint64_t count) const;
  std::uint64_t lost_frames() const { return lost_frames_; }

 private:
  struct Stretch {  // ticks [begin, end)
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t lost_before = 0;
  };
  static constexpr std::uint64_t kOff = ~std::uint64_t{0};
  static constexpr std::size_t kPorts = kPortTrigger - kPortCurrentRange + 1;

  static std::uint64_t stride(std::uint8_t port);
  bool any_on() const;
  std::uint64_t frames_between(std::uint64_t begin, std::uint64_t end) const;
  std::uint64_t waiting() const;
  void open_tick(std::uint64_t tick);
  std::span<const std::byte> data_of(std::uint8_t port, std::uint64_t end_tick);
  void load_chunk(std::uint64_t index);

  const SampleSource& source_;
  std::size_t capacity_frames_;
  std::array<std::uint64_t, kPorts> first_tick_;  // per port from kPortCurrentRange; kOff
  std::uint64_t produced_ = 0;                    // ticks before it were taken in or lost
  std::deque<Stretch> stretches_;
  std::uint64_t lost_pending_ = 0;  // to be reported with the next stretch
  std::uint64_t lost_frames_ = 0;

  std::uint64_t tick_ = 0;  // being handed out: its ports still to come
  std::array<std::uint8_t, kPorts> ports_{};
  std::size_t port_next_ = 0;
  std::size_t port_count_ = 0;
  std::uint64_t lost_before_ = 0;

  std::optional<RangeLimits> limits_;
  std::unique_ptr<Chunk> chunk_;
  std::optional<std::uint64_t> chunk_index_;
  std::array<float, kStreamDataBytesMax / sizeof(float)> power_{};
  std::array<std::byte, kStreamDataBytesMax> codes_{};
};

}  // namespace drivers::js220
