// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device_sender.h"

#include <algorithm>
#include <cstring>

#include "proto/check.h"

namespace drivers::js220 {
namespace {

constexpr std::size_t kDataOffset = kHeaderBytes + 4;  // after the sample id
constexpr std::uint32_t kNanBits = 0x7FC0'0000;

FrameHeader header_of(const FrameBuffer& frame) {
  return unpack_header(std::span(frame.bytes).first<kHeaderBytes>());
}

void set_header(FrameBuffer& frame, const FrameHeader& header) {
  std::ranges::copy(pack_header(header), frame.bytes.begin());
}

// The second half of `before` and the first half of `after`, full frames of one port.
FrameBuffer overlap(const FrameBuffer& before, const FrameBuffer& after) {
  const FrameHeader header = header_of(after);
  const std::size_t half = (after.size - kDataOffset) / 2;
  const auto format = stream_format(header.port);
  WS_CHECK(format.has_value());
  const std::uint32_t half_ids = format->element_count(half) * format->ids_per_element;
  FrameBuffer frame = after;
  store_u32(frame.bytes, kHeaderBytes, load_u32(after.bytes, kHeaderBytes) - half_ids);
  std::memcpy(frame.bytes.data() + kDataOffset, before.bytes.data() + kDataOffset + half, half);
  std::memcpy(frame.bytes.data() + kDataOffset + half, after.bytes.data() + kDataOffset, half);
  return frame;
}

}  // namespace

void FrameSender::reset() {
  next_id_ = 0;
  waiting_.clear();
  last_.clear();
  held_.clear();
}

void FrameSender::begin(std::span<std::byte> transfer) {
  transfer_ = transfer;
  slots_ = 0;
  size_ = 0;
  ended_ = false;
}

void FrameSender::put(const FrameBuffer& frame) {
  WS_CHECK(has_room());
  const auto slot = transfer_.subspan(slots_ * kFrameBytes, kFrameBytes);
  std::ranges::copy(frame.span(), slot.begin());
  std::ranges::fill(slot.subspan(frame.size), std::byte{0});
  size_ = slots_ * kFrameBytes + frame.size;
  ++slots_;
  ++frames_sent_;
}

void FrameSender::send_waiting() {
  put(waiting_.front());
  waiting_.pop_front();
}

void FrameSender::send(FrameBuffer frame) {
  FrameHeader header = header_of(frame);
  header.frame_id = next_id_++;
  set_header(frame, header);
  put(frame);
}

void FrameSender::send(const StreamFrame& frame, FaultPlan& faults) {
  next_id_ = static_cast<std::uint16_t>(next_id_ + frame.lost_before);
  if (faults.empty() && held_.empty()) {
    put_plain(frame);
  } else {
    send_spoiled(frame, faults);
  }
}

// The hot path: one copy, from the chunk into the transfer.
void FrameSender::put_plain(const StreamFrame& frame) {
  WS_CHECK(has_room() && frame.data.size() == kStreamDataBytesMax);
  const auto slot = transfer_.subspan(slots_ * kFrameBytes, kFrameBytes);
  const auto header =
      pack_header({.frame_id = next_id_++, .length = kPayloadBytesMax, .port = frame.port});
  std::ranges::copy(header, slot.begin());
  store_u32(slot, kHeaderBytes, static_cast<std::uint32_t>(frame.sample_id));
  std::memcpy(slot.data() + kDataOffset, frame.data.data(), kStreamDataBytesMax);
  ++slots_;
  ++frames_sent_;
  size_ = slots_ * kFrameBytes;
}

FrameBuffer FrameSender::numbered(const StreamFrame& frame) {
  return encode_stream({.frame_id = next_id_++, .length = 0, .port = frame.port},
                       static_cast<std::uint32_t>(frame.sample_id), frame.data);
}

void FrameSender::send_spoiled(const StreamFrame& frame, FaultPlan& faults) {
  const auto last = last_.find(frame.port);
  // A half of the frame before is needed: wait for one.
  const Fault* waiting = faults.peek(FaultKind::kOverlap);
  if (waiting != nullptr && waiting->port == frame.port && last == last_.end()) {
    const FrameBuffer plain = numbered(frame);
    put(plain);
    last_[frame.port] = plain;
    return;
  }
  const auto fault = faults.take_frame_fault(frame.port);
  const auto held = held_.find(frame.port);
  if (held != held_.end()) {
    waiting_.push_back(held->second);
    held_.erase(held);
  }
  FrameBuffer buffer = numbered(frame);
  if (!fault) {
    put(buffer);
  } else if (fault->kind == FaultKind::kRepeat) {
    put(buffer);
    waiting_.push_back(buffer);
  } else if (fault->kind == FaultKind::kOverlap) {
    put(overlap(last->second, buffer));
    FrameHeader header = header_of(buffer);
    header.frame_id = next_id_++;
    set_header(buffer, header);
    waiting_.push_back(buffer);
  } else if (fault->kind == FaultKind::kTear) {
    put(buffer);
    size_ -= kFrameBytes / 2;
    ended_ = true;
  } else if (fault->kind == FaultKind::kLength) {
    FrameHeader header = header_of(buffer);
    header.length = static_cast<std::uint16_t>(fault->value);
    set_header(buffer, header);
    put(buffer);
  } else if (fault->kind == FaultKind::kSwap) {
    held_[frame.port] = buffer;
  } else if (fault->kind == FaultKind::kNan) {
    for (std::size_t at = kDataOffset; at < buffer.size; at += 4) {
      store_u32(buffer.bytes, at, kNanBits);
    }
    put(buffer);
  }  // kLose: its number is used up
  last_[frame.port] = buffer;
}

}  // namespace drivers::js220
