// SPDX-License-Identifier: Apache-2.0
// Puts the frames of an emulated JS220 into bulk IN transfers: numbers them, lays each into its
// 512-byte slot, and spoils those that a fault is armed for. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>

#include "drivers/js220_device_faults.h"
#include "drivers/js220_device_streams.h"
#include "drivers/js220_wire.h"

namespace drivers::js220 {

class FrameSender {
 public:
  // A new connection: frame numbers begin at 0, nothing waits.
  void reset();

  // Begins a transfer. `transfer` stays valid until end().
  void begin(std::span<std::byte> transfer);
  bool has_room() const { return !ended_ && (slots_ + 1) * kFrameBytes <= transfer_.size(); }
  // The bytes of the transfer: all its frames but the last fill their slots.
  std::size_t end() const { return size_; }

  // Frames that a fault has put aside and that come before any other.
  bool has_waiting() const { return !waiting_.empty(); }
  void send_waiting();
  void add_waiting(const FrameBuffer& frame) { waiting_.push_back(frame); }

  // Needs room. The frame number is set here.
  void send(FrameBuffer frame);
  void send(const StreamFrame& frame, FaultPlan& faults);

  std::uint64_t frames_sent() const { return frames_sent_; }

 private:
  void put(const FrameBuffer& frame);
  void put_plain(const StreamFrame& frame);
  void send_spoiled(const StreamFrame& frame, FaultPlan& faults);
  FrameBuffer numbered(const StreamFrame& frame);

  std::span<std::byte> transfer_;
  std::size_t slots_ = 0;
  std::size_t size_ = 0;
  bool ended_ = false;  // torn: nothing may follow
  std::uint16_t next_id_ = 0;
  std::uint64_t frames_sent_ = 0;
  std::deque<FrameBuffer> waiting_;
  std::map<std::uint8_t, FrameBuffer> last_;  // of each port, kept while faults are armed
  std::map<std::uint8_t, FrameBuffer> held_;  // by `swap`, until the port's next frame
};

}  // namespace drivers::js220
