// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/loopback_port.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "drivers/usb/usb_errc.h"
#include "proto/check.h"

namespace drivers {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// A device that is due and yet gives nothing is asked again after this, so that no loop spins.
constexpr std::int64_t kAskAgainNs = 100'000;

constexpr int kClearHaltMs = 1000;

tl::unexpected<proto::Error> closed(const char* verb) {
  return proto::fail(UsbErrc::kIo, std::string(verb) + ": the port is not open");
}

}  // namespace

LoopbackPort::LoopbackPort(UsbDevice& device, const proto::Clock& clock)
    : device_(device), clock_(clock), virtual_clock_(nullptr) {}

LoopbackPort::LoopbackPort(UsbDevice& device, VirtualClock& clock)
    : device_(device), clock_(clock), virtual_clock_(&clock) {}

proto::Result<void> LoopbackPort::open() {
  if (open_) return proto::fail(UsbErrc::kBusy, "open the emulated device");
  buffers_.resize(std::size_t{kTransfers} * kTransferBytes);
  on_loan_.fill(false);
  open_ = true;
  return {};
}

proto::Result<std::size_t> LoopbackPort::control_in(const ControlSetup& setup,
                                                    std::span<std::byte> data, int timeout_ms) {
  if (!open_) return closed("send a control request");
  if (!wait_for_answer(setup, timeout_ms)) {
    return proto::fail(UsbErrc::kTimeout, "send a control request");
  }
  auto answer = device_.control_in(setup, clock_.monotonic_ns());
  if (!answer) return tl::unexpected(answer.error());
  if (answer->size() > data.size()) {
    return proto::fail(UsbErrc::kOverflow, "read the answer of a control request");
  }
  std::ranges::copy(*answer, data.begin());
  return answer->size();
}

proto::Result<void> LoopbackPort::control_out(const ControlSetup& setup,
                                              std::span<const std::byte> data, int timeout_ms) {
  if (!open_) return closed("send a control request");
  if (!wait_for_answer(setup, timeout_ms)) {
    return proto::fail(UsbErrc::kTimeout, "send a control request");
  }
  return device_.control_out(setup, data, clock_.monotonic_ns());
}

proto::Result<void> LoopbackPort::clear_halt(std::uint8_t endpoint) {
  return control_out(clear_halt_setup(endpoint), {}, kClearHaltMs);
}

proto::Result<void> LoopbackPort::bulk_out(std::uint8_t, std::span<const std::byte> data, int) {
  if (!open_) return closed("send");
  return device_.bulk_out(data, clock_.monotonic_ns());
}

proto::Result<void> LoopbackPort::start_bulk_in(std::uint8_t) {
  if (!open_) return closed("start receiving");
  started_ = true;
  return {};
}

proto::Result<Loan> LoopbackPort::wait_bulk_in(int timeout_ms) {
  if (!open_ || !started_) return closed("receive");
  const std::int64_t deadline_ns = clock_.monotonic_ns() + timeout_ms * kNsPerMs;
  for (;;) {
    if (take_cancel()) return proto::fail(UsbErrc::kCancelled, "receive");
    const std::int64_t now_ns = clock_.monotonic_ns();
    std::int64_t wake_ns = deadline_ns;
    if (!on_loan_[next_slot_]) {
      const auto transfer =
          std::span(buffers_).subspan(std::size_t{next_slot_} * kTransferBytes, kTransferBytes);
      const auto filled = device_.bulk_in(transfer, now_ns);
      if (!filled) return tl::unexpected(filled.error());
      WS_CHECK(*filled <= transfer.size());
      if (*filled > 0) {
        const std::uint32_t slot = next_slot_;
        on_loan_[slot] = true;
        next_slot_ = (slot + 1) % kTransfers;
        return Loan{.bytes = transfer.first(*filled),
                    .arrival_monotonic_ns = now_ns,
                    .arrival_utc_ns = clock_.utc_ns(),
                    .slot = slot};
      }
      const auto due_ns = device_.next_due_ns(now_ns);
      if (due_ns) wake_ns = std::min(deadline_ns, std::max(*due_ns, now_ns + kAskAgainNs));
    }
    if (now_ns >= deadline_ns) return proto::fail(UsbErrc::kTimeout, "receive");
    pass_time_until(wake_ns);
  }
}

void LoopbackPort::return_loan(const Loan& loan) {
  WS_CHECK(loan.slot < kTransfers);
  on_loan_[loan.slot] = false;
}

void LoopbackPort::close() {
  open_ = false;
  started_ = false;
  on_loan_.fill(false);
}

void LoopbackPort::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  wake_.notify_all();
}

bool LoopbackPort::wait_for_answer(const ControlSetup& setup, int timeout_ms) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  const std::int64_t delay_ns = device_.control_delay_ns(setup, now_ns);
  const std::int64_t patience_ns = timeout_ms * kNsPerMs;
  if (delay_ns > 0) pass_time_until(now_ns + std::min(delay_ns, patience_ns));
  return delay_ns <= patience_ns;
}

bool LoopbackPort::take_cancel() {
  const std::lock_guard lock(mutex_);
  return std::exchange(cancelled_, false);
}

void LoopbackPort::pass_time_until(std::int64_t monotonic_ns) {
  if (virtual_clock_ != nullptr) {
    virtual_clock_->advance_to(monotonic_ns);
    return;
  }
  std::unique_lock lock(mutex_);
  const std::chrono::nanoseconds wait(monotonic_ns - clock_.monotonic_ns());
  wake_.wait_for(lock, wait, [this] { return cancelled_; });
}

}  // namespace drivers
