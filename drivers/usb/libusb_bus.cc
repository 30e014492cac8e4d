// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_bus.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <thread>
#include <utility>

#include "drivers/usb/libusb_context.h"
#include "drivers/usb/libusb_port.h"
#include "drivers/usb/libusb_session.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

// [measured] 32 transfers come back in about 20 ms.
constexpr std::chrono::seconds kRetirePatience{2};

}  // namespace

// A session that is on its way out.
struct LibusbBus::Retired {
  explicit Retired(std::unique_ptr<LibusbSession> leaving)
      : session(std::move(leaving)), thread([this] { end(); }) {}
  void end() {
    session->drain();
    session.reset();
    const std::lock_guard lock(mutex);
    ended = true;
    wake.notify_all();
  }
  bool wait_ended(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex);
    return wake.wait_for(lock, patience, [this] { return ended; });
  }

  std::unique_ptr<LibusbSession> session;
  std::mutex mutex;
  std::condition_variable wake;
  bool ended = false;
  std::thread thread;  // the last one: it uses the others
};

LibusbBus::LibusbBus(const proto::Clock& clock, UsbSysfs sysfs)
    : clock_(clock), sysfs_(std::move(sysfs)), watch_(sysfs_.nodes()) {}

LibusbBus::~LibusbBus() {
  const std::lock_guard lock(mutex_);
  forget_ended();
  for (auto& retired : retired_) {
    if (retired->wait_ended(kRetirePatience)) {
      retired->thread.join();
      continue;
    }
    // A bus that gives nothing back: its session and libusb stay for what is left of the process.
    retired->thread.detach();
    (void)retired.release();
    (void)context_.release();
  }
}

void LibusbBus::forget_ended() {
  retired_.remove_if([](const std::unique_ptr<Retired>& retired) {
    if (!retired->wait_ended(std::chrono::milliseconds(0))) return false;
    retired->thread.join();
    return true;
  });
}

proto::Result<std::vector<UsbFound>> LibusbBus::scan() {
  std::vector<UsbFound> found;
  for (UsbNode& node : sysfs_.scan()) found.push_back(std::move(node.found));
  return found;
}

std::unique_ptr<UsbPort> LibusbBus::make_port(const proto::InstrumentId& id) {
  return std::make_unique<LibusbPort>(*this, id);
}

std::optional<std::uint64_t> LibusbBus::heartbeat() const {
  const std::lock_guard lock(mutex_);
  if (!context_) return std::nullopt;
  return context_->heartbeat();
}

proto::Result<LibusbContext*> LibusbBus::context() {
  const std::lock_guard lock(mutex_);
  if (!context_) {
    auto made = LibusbContext::make();
    if (!made) return tl::unexpected(made.error());
    context_ = std::move(*made);
  }
  return context_.get();
}

proto::Result<std::unique_ptr<LibusbSession>> LibusbBus::open(const proto::InstrumentId& id) {
  const auto node = sysfs_.find(id);
  if (!node) return tl::unexpected(node.error());
  if (node->found.updater) return proto::fail(UsbErrc::kUpdater, "open " + node->found.node);
  const auto events = context();
  if (!events) return tl::unexpected(events.error());
  return LibusbSession::open((*events)->get(), sysfs_, *node, clock_);
}

void LibusbBus::retire(std::unique_ptr<LibusbSession> session) {
  auto leaving = std::make_unique<Retired>(std::move(session));
  Retired& retired = *leaving;
  const bool ended = retired.wait_ended(kRetirePatience);
  if (ended) {
    retired.thread.join();
    return;
  }
  const std::lock_guard lock(mutex_);
  forget_ended();
  retired_.push_back(std::move(leaving));
}

}  // namespace drivers
