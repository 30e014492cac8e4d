// SPDX-License-Identifier: Apache-2.0
// The JS110 while it streams. Opening and closing are in js110_open.cc.
#include "drivers/js110.h"

#include <algorithm>
#include <utility>

#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

// The limits are those of the JS220's driver; js220.cc says why.
constexpr int kTransfersPerPoll = 64;
constexpr int kFailedTransfersMax = 20;
constexpr int kIdleTransfersMin = 64;

}  // namespace

Js110Driver::Js110Driver(Js110Options options, std::unique_ptr<UsbPort> port,
                         const proto::Clock& clock)
    : options_(std::move(options)),
      port_(std::move(port)),
      clock_(clock),
      answer_(js110::kControlBytesMax) {}

Js110Driver::~Js110Driver() { close(); }

void Js110Driver::cancel() { port_->cancel(); }

void Js110Driver::flush(DriverSink& sink) {
  if (stream_) stream_->flush(sink);
}

proto::Result<void> Js110Driver::poll(int timeout_ms, DriverSink& sink) {
  if (state_ != State::kStreaming) return proto::fail(UsbErrc::kIo, name() + " is not open");
  int wait_ms = timeout_ms;
  proto::Result<void> result;
  for (int transfers = 0; result && transfers < kTransfersPerPoll; ++transfers) {
    const auto loan = port_->wait_bulk_in(wait_ms);
    if (!loan) {
      result = on_failed_wait(loan.error(), wait_ms, sink);
      break;
    }
    failed_transfers_ = 0;
    const std::int64_t progress_ns = stream_->last_progress_ns();
    const std::int64_t arrival_ns = loan->arrival_monotonic_ns;
    stream_->on_transfer(loan->bytes, {arrival_ns, loan->arrival_utc_ns}, sink);
    port_->return_loan(*loan);
    idle_transfers_ = stream_->last_progress_ns() == progress_ns ? idle_transfers_ + 1 : 0;
    if (idle_transfers_ >= kIdleTransfersMin) result = check_progress(arrival_ns);
    wait_ms = 0;
  }
  if (!result) {
    state_ = State::kLost;
    flush(sink);
  }
  return result;
}

proto::Result<void> Js110Driver::on_failed_wait(const proto::Error& error, int timeout_ms,
                                                DriverSink& sink) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  stream_->advance(now_ns, sink);
  if (error.code == UsbErrc::kCancelled) return {};
  if (error.code == UsbErrc::kTimeout) {
    // Without a wait there was no time for a sample to come.
    return timeout_ms > 0 ? check_progress(now_ns) : proto::Result<void>();
  }
  if (error.code == UsbErrc::kNoDevice) {
    return proto::fail(error.code, name() + " is gone: check its cable and power");
  }
  ++counters_.transfers_failed;
  // A halted endpoint stays so until it is cleared; whether that worked shows at the next transfer.
  if (error.code == UsbErrc::kStall) (void)port_->clear_halt(js110::kEndpointIn);
  if (++failed_transfers_ < kFailedTransfersMax) return {};
  return proto::fail(error.code, name() + ": " + std::to_string(kFailedTransfersMax) +
                                     " transfers in a row failed: unplug it and plug it in again");
}

proto::Result<void> Js110Driver::check_progress(std::int64_t now_ns) const {
  const std::int64_t since_ns = std::max(stream_->last_progress_ns(), streaming_since_ns_);
  if (now_ns - since_ns <= kSilenceNs) return {};
  return proto::fail(UsbErrc::kTimeout, name() + " sent no samples for 2 s; opening it again");
}

}  // namespace drivers
