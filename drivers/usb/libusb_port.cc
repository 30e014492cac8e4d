// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_port.h"

#include <utility>

#include "drivers/usb/libusb_bus.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

tl::unexpected<proto::Error> closed(const char* verb) {
  return proto::fail(UsbErrc::kIo, std::string(verb) + ": the port is not open");
}

}  // namespace

LibusbPort::LibusbPort(LibusbBus& bus, proto::InstrumentId id) : bus_(bus), id_(std::move(id)) {}

LibusbPort::~LibusbPort() { close(); }

proto::Result<void> LibusbPort::open() {
  if (session_) return proto::fail(UsbErrc::kBusy, "open " + id_.to_string() + " again");
  auto session = bus_.open(id_);
  if (!session) return tl::unexpected(session.error());
  claims_repeated_ += (*session)->claims_repeated();
  const std::lock_guard lock(mutex_);
  session_ = std::move(*session);
  return {};
}

proto::Result<std::size_t> LibusbPort::control_in(const ControlSetup& setup,
                                                  std::span<std::byte> data, int timeout_ms) {
  if (!session_) return closed("send a control request");
  return session_->control(setup, data, {}, timeout_ms);
}

proto::Result<void> LibusbPort::control_out(const ControlSetup& setup,
                                            std::span<const std::byte> data, int timeout_ms) {
  if (!session_) return closed("send a control request");
  return session_->control(setup, {}, data, timeout_ms).map([](std::size_t) {});
}

proto::Result<void> LibusbPort::clear_halt(std::uint8_t endpoint) {
  if (!session_) return closed("clear the halt of an endpoint");
  return session_->clear_halt(endpoint);
}

proto::Result<void> LibusbPort::bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                                         int timeout_ms) {
  if (!session_) return closed("send");
  return session_->bulk_out(endpoint, data, timeout_ms);
}

proto::Result<void> LibusbPort::start_bulk_in(std::uint8_t endpoint) {
  if (!session_) return closed("start receiving");
  return session_->start_bulk_in(endpoint);
}

proto::Result<Loan> LibusbPort::wait_bulk_in(int timeout_ms) {
  if (!session_) return closed("receive");
  return session_->wait_bulk_in(timeout_ms);
}

void LibusbPort::return_loan(const Loan& loan) {
  if (session_) session_->return_loan(loan);
}

void LibusbPort::close() {
  std::unique_ptr<LibusbSession> leaving;
  {
    const std::lock_guard lock(mutex_);
    leaving = std::move(session_);
  }
  if (leaving) bus_.retire(std::move(leaving));
}

void LibusbPort::cancel() {
  const std::lock_guard lock(mutex_);
  if (session_) session_->cancel();
}

}  // namespace drivers
