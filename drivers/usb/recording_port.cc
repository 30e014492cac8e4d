// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/recording_port.h"

#include <algorithm>
#include <utility>

#include "drivers/usb/socket_message.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {

RecordingPort::RecordingPort(std::unique_ptr<UsbPort> port, const proto::Clock& clock,
                             Observer observer)
    : port_(std::move(port)),
      clock_(clock),
      observer_(std::move(observer)),
      start_ns_(clock.monotonic_ns()) {}

// A transfer that waited while the driver talked was complete before what is in the file already;
// the file stays in the order in which the driver saw it all.
void RecordingPort::tell(Exchange exchange, std::int64_t at_monotonic_ns) {
  last_ns_ = std::max(last_ns_, at_monotonic_ns - start_ns_);
  exchange.at_ns = last_ns_;
  observer_(exchange);
}

void RecordingPort::tell_control(ExchangeKind kind, const ControlSetup& setup,
                                 const proto::Result<void>& outcome,
                                 std::span<const std::byte> data) {
  const auto head = pack_setup(setup);
  Exchange exchange{.kind = kind,
                    .status = outcome ? std::uint8_t{0} : status_from(outcome.error().code),
                    .bytes = {head.begin(), head.end()}};
  exchange.bytes.insert(exchange.bytes.end(), data.begin(), data.end());
  tell(std::move(exchange), clock_.monotonic_ns());
}

proto::Result<std::size_t> RecordingPort::control_in(const ControlSetup& setup,
                                                     std::span<std::byte> data, int timeout_ms) {
  auto received = port_->control_in(setup, data, timeout_ms);
  const proto::Result<void> outcome =
      received ? proto::Result<void>() : tl::unexpected(received.error());
  tell_control(ExchangeKind::kControlIn, setup, outcome, data.first(received.value_or(0)));
  return received;
}

proto::Result<void> RecordingPort::control_out(const ControlSetup& setup,
                                               std::span<const std::byte> data, int timeout_ms) {
  auto done = port_->control_out(setup, data, timeout_ms);
  tell_control(ExchangeKind::kControlOut, setup, done, data);
  return done;
}

proto::Result<void> RecordingPort::clear_halt(std::uint8_t endpoint) {
  auto done = port_->clear_halt(endpoint);
  tell_control(ExchangeKind::kControlOut, clear_halt_setup(endpoint), done, {});
  return done;
}

proto::Result<void> RecordingPort::bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                                            int timeout_ms) {
  auto done = port_->bulk_out(endpoint, data, timeout_ms);
  tell({.kind = ExchangeKind::kBulkOut,
        .status = done ? std::uint8_t{0} : status_from(done.error().code),
        .endpoint = endpoint,
        .bytes = {data.begin(), data.end()}},
       clock_.monotonic_ns());
  return done;
}

proto::Result<void> RecordingPort::start_bulk_in(std::uint8_t endpoint) {
  endpoint_in_ = endpoint;
  return port_->start_bulk_in(endpoint);
}

proto::Result<Loan> RecordingPort::wait_bulk_in(int timeout_ms) {
  auto loan = port_->wait_bulk_in(timeout_ms);
  if (loan) {
    tell({.kind = ExchangeKind::kBulkIn,
          .endpoint = endpoint_in_,
          .bytes = {loan->bytes.begin(), loan->bytes.end()}},
         loan->arrival_monotonic_ns);
  } else if (loan.error().code != UsbErrc::kTimeout && loan.error().code != UsbErrc::kCancelled) {
    tell({.kind = ExchangeKind::kBulkIn,
          .status = status_from(loan.error().code),
          .endpoint = endpoint_in_,
          .bytes = {}},
         clock_.monotonic_ns());
  }
  return loan;
}

}  // namespace drivers
