// SPDX-License-Identifier: Apache-2.0
// Opening, claiming, and requests that are answered before the caller goes on. Streaming is in
// libusb_stream.cc.
#include "drivers/usb/libusb_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "drivers/usb/libusb_c.h"
#include "drivers/usb/usb_endpoints.h"
#include "proto/check.h"

namespace drivers {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr int kInterface = 0;
constexpr int kConfiguration = 1;
// The kernel announces a device before it configures it, so a claim may come too early. [measured:
// 2 to 14 ms] The kernel's own SET_CONFIGURATION is waited for before one of ours is sent.
constexpr std::int64_t kClaimPatienceNs = 1'000 * kNsPerMs;
constexpr std::int64_t kConfigurePatienceNs = 500 * kNsPerMs;
constexpr std::chrono::milliseconds kClaimPause{2};
// A request that is cancelled comes back in about 10 ms, on a bus that works.
constexpr std::chrono::milliseconds kCancelPatience{500};

tl::unexpected<proto::Error> not_opened(const UsbNode& node, int why) {
  const std::string what = "open " + node.found.node;
  if (why == EACCES || why == EPERM) {
    return proto::fail(UsbErrc::kAccess,
                       what +
                           " (allow it with the udev rules of wattspool, or be in the group "
                           "that the node belongs to)");
  }
  if (why == ENOENT || why == ENODEV || why == ENXIO) return proto::fail(UsbErrc::kNoDevice, what);
  return proto::fail({why, std::generic_category()}, what);
}

}  // namespace

LibusbSession::LibusbSession(int fd, const proto::Clock& clock)
    : fd_(fd), clock_(clock), request_transfer_(libusb_alloc_transfer(0)) {
  WS_CHECK(request_transfer_ != nullptr);
}

LibusbSession::~LibusbSession() {
  WS_CHECK(in_flight_ == 0 && !request_pending_);
  for (const InTransfer& in : transfers_) libusb_free_transfer(in.transfer);
  libusb_free_transfer(request_transfer_);
  if (handle_ != nullptr) libusb_close(handle_);
  ::close(fd_);
}

proto::Result<std::unique_ptr<LibusbSession>> LibusbSession::open(libusb_context* context,
                                                                  const UsbSysfs& sysfs,
                                                                  const UsbNode& node,
                                                                  const proto::Clock& clock) {
  const int fd = ::open(node.found.node.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return not_opened(node, errno);
  std::unique_ptr<LibusbSession> session(new LibusbSession(fd, clock));
  if (!sysfs.is_same(node)) {
    return proto::fail(UsbErrc::kNoDevice, "open " + node.found.node + ": it was unplugged");
  }
  if (const int error = libusb_wrap_sys_device(context, fd, &session->handle_); error != 0) {
    return proto::fail(errc_from_libusb(error), "open " + node.found.node);
  }
  if (auto claimed = session->claim(node); !claimed) return tl::unexpected(claimed.error());
  if (auto good = session->check_interface(node); !good) return tl::unexpected(good.error());
  return session;
}

proto::Result<void> LibusbSession::claim(const UsbNode& node) {
  const std::string what = "claim " + node.found.node;
  const std::int64_t begin_ns = clock_.monotonic_ns();
  bool configured = false;
  for (;;) {
    const std::int64_t waited_ns = clock_.monotonic_ns() - begin_ns;
    const int configuration = UsbSysfs::configuration(node);
    if (configuration != kConfiguration && !configured &&
        (configuration != 0 || waited_ns > kConfigurePatienceNs)) {
      configured = true;
      (void)libusb_set_configuration(handle_, kConfiguration);
    }
    const int error = libusb_claim_interface(handle_, kInterface);
    if (error == 0) break;
    if (error == LIBUSB_ERROR_BUSY) return proto::fail(UsbErrc::kBusy, what);
    if (error != LIBUSB_ERROR_NOT_FOUND || waited_ns > kClaimPatienceNs) {
      return proto::fail(errc_from_libusb(error),
                         what + (error == LIBUSB_ERROR_NOT_FOUND
                                     ? ": it has no interface 0; unplug it and plug it in again"
                                     : ""));
    }
    ++claims_repeated_;
    std::this_thread::sleep_for(kClaimPause);
  }
  // A device with one setting only may refuse it.
  if (libusb_set_interface_alt_setting(handle_, kInterface, 0) == LIBUSB_ERROR_NO_DEVICE) {
    return proto::fail(UsbErrc::kNoDevice, what);
  }
  return {};
}

// Of the configuration by its value: libusb knows the active one only of a device that had one when
// it was opened. What the kernel has read of the device is used, nothing is asked.
proto::Result<void> LibusbSession::check_interface(const UsbNode& node) const {
  libusb_config_descriptor* read = nullptr;
  if (const int error =
          libusb_get_config_descriptor_by_value(libusb_get_device(handle_), kConfiguration, &read);
      error != 0) {
    return proto::fail(errc_from_libusb(error), "read the descriptors of " + node.found.node);
  }
  const std::unique_ptr<libusb_config_descriptor, decltype(&libusb_free_config_descriptor)>
      configuration(read, libusb_free_config_descriptor);
  std::vector<UsbEndpointSeen> seen;
  const auto interfaces = std::span(read->interface, read->bNumInterfaces);
  for (const libusb_interface& interface : interfaces) {
    const auto settings =
        std::span(interface.altsetting, static_cast<std::size_t>(interface.num_altsetting));
    for (const libusb_interface_descriptor& setting : settings) {
      if (setting.bInterfaceNumber != kInterface || setting.bAlternateSetting != 0) continue;
      for (const libusb_endpoint_descriptor& one :
           std::span(setting.endpoint, setting.bNumEndpoints)) {
        const int type = one.bmAttributes & LIBUSB_TRANSFER_TYPE_MASK;
        seen.push_back({one.bEndpointAddress, type == LIBUSB_TRANSFER_TYPE_BULK});
      }
    }
  }
  return check_endpoints(node.found.model, node.found.node, seen);
}

proto::Result<std::size_t> LibusbSession::control(const ControlSetup& setup,
                                                  std::span<std::byte> in,
                                                  std::span<const std::byte> out, int timeout_ms) {
  const bool is_in = (setup.request_type & LIBUSB_ENDPOINT_IN) != 0;
  if (setup.length > (is_in ? in.size() : out.size()) || request_pending_) {
    return proto::fail(UsbErrc::kIo, "send a control request");
  }
  request_bytes_.assign(LIBUSB_CONTROL_SETUP_SIZE + std::size_t{setup.length}, std::byte{0});
  auto* bytes = reinterpret_cast<unsigned char*>(request_bytes_.data());
  libusb_fill_control_setup(bytes, setup.request_type, setup.request, setup.value, setup.index,
                            setup.length);
  const auto data = std::span(request_bytes_).subspan(LIBUSB_CONTROL_SETUP_SIZE);
  if (!is_in) std::ranges::copy(out.first(setup.length), data.begin());
  libusb_fill_control_transfer(request_transfer_, handle_, bytes, on_request_done, this, 0);
  const auto moved = ask("send a control request", timeout_ms);
  if (moved && is_in) std::ranges::copy(data.first(*moved), in.begin());
  return moved;
}

proto::Result<void> LibusbSession::bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                                            int timeout_ms) {
  if (request_pending_) return proto::fail(UsbErrc::kIo, "send");
  request_bytes_.assign(data.begin(), data.end());
  libusb_fill_bulk_transfer(request_transfer_, handle_, endpoint,
                            reinterpret_cast<unsigned char*>(request_bytes_.data()),
                            static_cast<int>(data.size()), on_request_done, this, 0);
  const auto moved = ask("send", timeout_ms);
  if (!moved) return tl::unexpected(moved.error());
  if (*moved != data.size()) return proto::fail(UsbErrc::kIo, "send all bytes");
  return {};
}

// The kernel clears its side with the request that goes to the device.
proto::Result<void> LibusbSession::clear_halt(std::uint8_t endpoint) {
  const int error = libusb_clear_halt(handle_, endpoint);
  if (error == 0) return {};
  return proto::fail(errc_from_libusb(error), "clear the halt of an endpoint");
}

void LibusbSession::on_request_done(libusb_transfer* transfer) {
  auto& self = *static_cast<LibusbSession*>(transfer->user_data);
  const std::lock_guard lock(self.mutex_);
  self.request_pending_ = false;
  self.wake_.notify_all();
}

proto::Result<std::size_t> LibusbSession::ask(const char* verb, int timeout_ms) {
  std::unique_lock lock(mutex_);
  request_pending_ = true;
  if (const int error = libusb_submit_transfer(request_transfer_); error != 0) {
    request_pending_ = false;
    return proto::fail(errc_from_libusb(error), verb);
  }
  const auto is_done = [this] { return !request_pending_; };
  const bool in_time = wake_.wait_for(lock, std::chrono::milliseconds(timeout_ms), is_done);
  if (!in_time) {
    lock.unlock();
    cancel_aside(request_transfer_);
    lock.lock();
    // From here on the session is of no use when it does not come back: its next request fails.
    wake_.wait_for(lock, kCancelPatience, is_done);
    if (request_pending_) return proto::fail(UsbErrc::kTimeout, verb);
    lock.unlock();
    asides_.back().join();  // before the transfer is used again
    asides_.pop_back();
    lock.lock();
  }
  const auto status = request_transfer_->status;
  if (status == LIBUSB_TRANSFER_COMPLETED) {
    return static_cast<std::size_t>(request_transfer_->actual_length);
  }
  const bool timed_out = status == LIBUSB_TRANSFER_CANCELLED && !in_time;
  return proto::fail(timed_out ? UsbErrc::kTimeout : errc_from_transfer(status), verb);
}

// [measured] A cancel blocks its caller until the host controller has given the request back.
void LibusbSession::cancel_aside(libusb_transfer* transfer) {
  asides_.emplace_back([transfer] { libusb_cancel_transfer(transfer); });
}

}  // namespace drivers
