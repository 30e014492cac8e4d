// SPDX-License-Identifier: Apache-2.0
// The bulk IN transfers of a session: always in flight, as long as there are buffers and the bus
// takes them.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "drivers/usb/libusb_c.h"
#include "drivers/usb/libusb_session.h"
#include "proto/check.h"

namespace drivers {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// Sheet of the JS220, section 13: a transfer that is armed again sooner than about 3 ms after a
// failure can be told that there is no device, although it is there.
constexpr std::int64_t kRearmFirstNs = 5 * kNsPerMs;
constexpr std::int64_t kRearmMaxNs = 100 * kNsPerMs;

}  // namespace

proto::Result<void> LibusbSession::start_bulk_in(std::uint8_t endpoint) {
  const std::lock_guard lock(mutex_);
  if (!transfers_.empty()) return {};
  pool_ =
      std::make_unique_for_overwrite<std::byte[]>(std::size_t{kBuffers} * UsbPort::kTransferBytes);
  free_buffers_.resize(kBuffers);
  std::iota(free_buffers_.rbegin(), free_buffers_.rend(), 0U);
  ring_.resize(kBuffers);
  rearm_delay_ns_ = kRearmFirstNs;
  transfers_.resize(kTransfers);
  for (InTransfer& in : transfers_) {
    in.session = this;
    in.transfer = libusb_alloc_transfer(0);
    WS_CHECK(in.transfer != nullptr);
    libusb_fill_bulk_transfer(in.transfer, handle_, endpoint, nullptr,
                              static_cast<int>(UsbPort::kTransferBytes), on_in_done, &in, 0);
  }
  arm_idle();
  if (lost_) return proto::fail(UsbErrc::kNoDevice, "start receiving");
  if (const auto failure = std::exchange(failure_, std::nullopt); failure && in_flight_ == 0) {
    return proto::fail(*failure, "start receiving");
  }
  return {};
}

void LibusbSession::on_in_done(libusb_transfer* transfer) {
  auto& in = *static_cast<InTransfer*>(transfer->user_data);
  LibusbSession& self = *in.session;
  const std::lock_guard lock(self.mutex_);
  in.in_flight = false;
  --self.in_flight_;
  if (transfer->status == LIBUSB_TRANSFER_COMPLETED) {
    self.take_completed(in);
  } else {
    self.free_buffers_.push_back(in.buffer);
    // Of an earlier round: what made it fail is told and dealt with.
    if (!self.closing_ && in.round == self.round_) {
      self.take_failed(errc_from_transfer(transfer->status));
    }
  }
  self.wake_.notify_all();
}

void LibusbSession::take_completed(InTransfer& in) {
  rearm_delay_ns_ = kRearmFirstNs;
  if (in.transfer->actual_length > 0) {
    ring_[(ring_begin_ + ring_size_++) % kBuffers] = {
        .buffer = in.buffer,
        .size = static_cast<std::uint32_t>(in.transfer->actual_length),
        .monotonic_ns = clock_.monotonic_ns(),
        .utc_ns = clock_.utc_ns()};
  } else {
    free_buffers_.push_back(in.buffer);
  }
  // Without a buffer it waits for a loan to come back.
  if (!closing_ && !failure_ && !suspect_ && !free_buffers_.empty()) submit(in);
}

// All of a round that fail are one failure, told once: a stall fails each transfer in flight, and
// the last of them may come back after the halt is cleared, even after the next ones are armed.
void LibusbSession::take_failed(UsbErrc why) {
  const bool is_first = !std::exchange(round_failed_, true);
  if (is_first) {
    rearm_ns_ = clock_.monotonic_ns() + rearm_delay_ns_;
    rearm_delay_ns_ = std::min(2 * rearm_delay_ns_, kRearmMaxNs);
  }
  if (why == UsbErrc::kNoDevice) {
    suspect_ = true;  // [measured] also said of a device that is there
  } else if (is_first) {
    failure_ = why;
  }
}

bool LibusbSession::submit(InTransfer& in) {
  in.buffer = free_buffers_.back();
  in.round = round_;
  in.transfer->buffer = reinterpret_cast<unsigned char*>(buffer_bytes(in.buffer));
  const int error = libusb_submit_transfer(in.transfer);
  if (error == 0) {
    free_buffers_.pop_back();
    in.in_flight = true;
    ++in_flight_;
    return true;
  }
  if (error == LIBUSB_ERROR_NO_DEVICE) {
    lost_ = true;
  } else if (in_flight_ == 0) {
    take_failed(errc_from_libusb(error));
  } else {  // such as no memory for so many: those that are in flight go on
    rearm_ns_ = clock_.monotonic_ns() + kRearmMaxNs;
  }
  return false;
}

void LibusbSession::arm_idle() {
  const bool was_suspect = std::exchange(suspect_, false);
  if (std::exchange(round_failed_, false)) ++round_;
  bool armed = false;
  for (InTransfer& in : transfers_) {
    if (in.in_flight) continue;
    if (free_buffers_.empty() || !submit(in)) break;
    armed = true;
  }
  // It is there, and a transfer has failed all the same.
  if (was_suspect && armed && !lost_) failure_ = UsbErrc::kIo;
}

std::optional<proto::Result<Loan>> LibusbSession::next_outcome() {
  if (std::exchange(cancelled_, false)) return proto::fail(UsbErrc::kCancelled, "receive");
  if (ring_size_ > 0) {
    const Completed done = ring_[ring_begin_];
    ring_begin_ = (ring_begin_ + 1) % kBuffers;
    --ring_size_;
    return Loan{.bytes = {buffer_bytes(done.buffer), done.size},
                .arrival_monotonic_ns = done.monotonic_ns,
                .arrival_utc_ns = done.utc_ns,
                .slot = done.buffer};
  }
  if (lost_) return proto::fail(UsbErrc::kNoDevice, "receive");
  if (const auto failure = std::exchange(failure_, std::nullopt)) {
    return proto::fail(*failure, "receive");
  }
  return std::nullopt;
}

proto::Result<Loan> LibusbSession::wait_bulk_in(int timeout_ms) {
  std::unique_lock lock(mutex_);
  const std::int64_t deadline_ns = clock_.monotonic_ns() + timeout_ms * kNsPerMs;
  for (;;) {
    if (auto outcome = next_outcome()) return *outcome;
    const std::int64_t now_ns = clock_.monotonic_ns();
    const bool has_idle = in_flight_ < transfers_.size() && !free_buffers_.empty();
    if (has_idle && now_ns >= rearm_ns_) {
      arm_idle();
      if (auto outcome = next_outcome()) return *outcome;
    }
    if (now_ns >= deadline_ns) return proto::fail(UsbErrc::kTimeout, "receive");
    const std::int64_t until_ns =
        has_idle && rearm_ns_ > now_ns ? std::min(deadline_ns, rearm_ns_) : deadline_ns;
    wake_.wait_for(lock, std::chrono::nanoseconds(until_ns - now_ns));
  }
}

void LibusbSession::return_loan(const Loan& loan) {
  const std::lock_guard lock(mutex_);
  WS_CHECK(loan.slot < kBuffers && free_buffers_.size() < kBuffers);
  free_buffers_.push_back(loan.slot);
  // Nothing was armed for want of buffers: now there is one.
  const bool starved = free_buffers_.size() == 1 && in_flight_ < transfers_.size();
  if (starved && !failure_ && !suspect_ && !lost_ && clock_.monotonic_ns() >= rearm_ns_) arm_idle();
}

void LibusbSession::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  wake_.notify_all();
}

void LibusbSession::drain() {
  std::vector<libusb_transfer*> pending;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const InTransfer& in : transfers_) {
      if (in.in_flight) pending.push_back(in.transfer);
    }
  }
  // The newest first: the kernel gives the others back in order meanwhile.
  for (auto transfer = pending.rbegin(); transfer != pending.rend(); ++transfer) {
    libusb_cancel_transfer(*transfer);
  }
  for (std::thread& aside : asides_) aside.join();
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return in_flight_ == 0 && !request_pending_; });
}

}  // namespace drivers
