// SPDX-License-Identifier: Apache-2.0
// Which packets of an emulated JS110 wait for the host: numbers, for packets are pure functions.
// Bounded; what finds no room is lost. A stop leaves what waits, as it is on the bus. Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <optional>

#include "drivers/js110_wire.h"

namespace drivers::js110 {

class PacketFifo {
 public:
  // `time_scale` 0.1: packets come ten times slower than an instrument sends them.
  explicit PacketFifo(std::uint64_t capacity_packets, double time_scale = 1)
      : capacity_(capacity_packets),
        packet_ns_(std::llround(static_cast<double>(kPacketNs) / time_scale)) {}

  // Packets count from 0 from now on.
  void start(std::int64_t now_ns) {
    produce(now_ns);
    epoch_ns_ = now_ns;
    produced_ = 0;
    running_ = true;
  }
  void stop(std::int64_t now_ns) {
    produce(now_ns);
    running_ = false;
  }
  void clear() {
    running_ = false;
    drop_waiting();
  }
  // What waits is gone, on the host's account.
  void drop_waiting() { stretches_.clear(); }
  bool running() const { return running_; }
  // Of the samples of this start.
  std::uint64_t samples_at(std::int64_t now_ns) const {
    return running_ ? samples_in(now_ns - epoch_ns_) : 0;
  }
  // How many are made in that time.
  std::uint64_t samples_in(std::int64_t elapsed_ns) const {
    const std::int64_t packets = elapsed_ns / packet_ns_;
    constexpr std::int64_t kWords{kPacketWords};
    return static_cast<std::uint64_t>(packets * kWords +
                                      elapsed_ns % packet_ns_ * kWords / packet_ns_);
  }
  std::uint64_t lost_packets() const { return lost_; }

  // Takes in what was made until `now_ns`.
  void produce(std::int64_t now_ns) {
    if (!running_) return;
    const std::uint64_t end = made_at(now_ns);
    if (end <= produced_) return;
    const std::uint64_t held = waiting();
    const std::uint64_t room = capacity_ > held ? capacity_ - held : 0;
    const std::uint64_t kept_end = std::min(end, produced_ + room);
    if (kept_end > produced_) stretches_.push_back({produced_, kept_end});
    lost_ += end - kept_end;
    produced_ = end;
  }
  std::uint64_t waiting() const {
    std::uint64_t packets = 0;
    for (const Stretch& stretch : stretches_) packets += stretch.end - stretch.begin;
    return packets;
  }
  // Only when one is waiting.
  std::uint64_t next() {
    Stretch& front = stretches_.front();
    const std::uint64_t number = front.begin++;
    if (front.begin == front.end) stretches_.pop_front();
    return number;
  }
  // When so many will wait, if nobody takes one; absent: not by itself.
  std::optional<std::int64_t> due_ns(std::uint64_t packets) const {
    const std::uint64_t held = waiting();
    if (held >= packets) return epoch_ns_;
    if (!running_) return std::nullopt;
    return epoch_ns_ + static_cast<std::int64_t>(produced_ + packets - held) * packet_ns_;
  }

 private:
  struct Stretch {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::uint64_t made_at(std::int64_t now_ns) const {
    return now_ns <= epoch_ns_ ? 0 : static_cast<std::uint64_t>((now_ns - epoch_ns_) / packet_ns_);
  }

  std::uint64_t capacity_;
  std::int64_t packet_ns_;
  bool running_ = false;
  std::int64_t epoch_ns_ = 0;
  std::uint64_t produced_ = 0;
  std::uint64_t lost_ = 0;
  std::deque<Stretch> stretches_;
};

}  // namespace drivers::js110
