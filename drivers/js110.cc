// SPDX-License-Identifier: Apache-2.0
// The JS110 while it streams. Opening and closing are in js110_open.cc.
#include "drivers/js110.h"

#include <algorithm>
#include <utility>

#include "drivers/usb/usb_errc.h"

namespace drivers {

Js110Driver::Js110Driver(Js110Options options, std::unique_ptr<UsbPort> port,
                         const proto::Clock& clock)
    : options_(std::move(options)),
      port_(std::move(port)),
      clock_(clock),
      transfers_({.port = *port_,
                  .endpoint_in = js110::kEndpointIn,
                  .name = name(),
                  .transfers_failed = counters_.transfers_failed},
                 clock),
      answer_(js110::kControlBytesMax) {}

Js110Driver::~Js110Driver() { close(); }

void Js110Driver::cancel() { port_->cancel(); }

void Js110Driver::flush(DriverSink& sink) {
  if (stream_) stream_->flush(sink);
}

proto::Result<void> Js110Driver::poll(int timeout_ms, DriverSink& sink) {
  if (state_ != State::kStreaming) return proto::fail(UsbErrc::kIo, name() + " is not open");
  auto result = transfers_.poll(timeout_ms, *this, sink);
  if (!result) {
    state_ = State::kLost;
    flush(sink);
  }
  return result;
}

proto::Result<void> Js110Driver::on_transfer(const Loan& loan, DriverSink& sink) {
  stream_->on_transfer(loan.bytes, {loan.arrival_monotonic_ns, loan.arrival_utc_ns}, sink);
  return {};
}

void Js110Driver::on_no_transfer(std::int64_t now_ns, DriverSink& sink) {
  stream_->advance(now_ns, sink);
}

proto::Error Js110Driver::silence(std::int64_t) const {
  return {UsbErrc::kTimeout, name() + " sent no samples for 2 s; opening it again"};
}

}  // namespace drivers
