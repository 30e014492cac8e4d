// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/socket_port.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <numeric>
#include <utility>

#include "proto/check.h"

namespace drivers {
namespace {

constexpr int kOpenTimeoutMs = 1000;
// Slots are given back to the emulator in groups: each costs a system call.
constexpr std::uint32_t kRearmGroup = 8;
constexpr std::uint32_t kArmCountMax = 255;  // of one message

}  // namespace

SocketPort::SocketPort(std::filesystem::path socket, std::string serial, const proto::Clock& clock)
    : socket_(std::move(socket)), serial_(std::move(serial)), clock_(clock) {}

SocketPort::~SocketPort() { close(); }

proto::Result<void> SocketPort::open() {
  const std::string what = "open the emulated instrument " + serial_ + " at " + socket_.string();
  if (link_.is_open()) return proto::fail(UsbErrc::kBusy, what);
  auto link = SocketLink::connect(socket_);
  if (!link) return tl::unexpected(link.error());
  link_ = std::move(*link);
  pool_ = std::make_unique_for_overwrite<std::byte[]>(std::size_t{kTransfers} * kTransferBytes);
  free_slots_.resize(kTransfers);
  std::iota(free_slots_.rbegin(), free_slots_.rend(), 0U);
  completed_.clear();
  lost_ = cancelled_ = armed_ = false;
  to_rearm_ = 0;
  reader_ = std::thread([this] { read_messages(); });
  std::vector<std::byte> payload(kOpenMagic.begin(), kOpenMagic.end());
  std::ranges::copy(std::as_bytes(std::span(serial_)), std::back_inserter(payload));
  auto reply = request(MessageType::kOpen, payload, kOpenTimeoutMs);
  if (!reply || reply->status != 0) {
    close();
    return proto::fail(reply ? code_from(reply->status) : reply.error().code, what);
  }
  return {};
}

void SocketPort::close() {
  link_.shut_down();
  if (reader_.joinable()) reader_.join();
  link_.close();
  const std::lock_guard lock(mutex_);
  completed_.clear();
  free_slots_.clear();
}

void SocketPort::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  wake_.notify_all();
}

proto::Result<SocketPort::Reply> SocketPort::request(MessageType type,
                                                     std::span<const std::byte> payload,
                                                     int timeout_ms) {
  if (!link_.is_open()) return proto::fail(UsbErrc::kIo, "the port is not open");
  const std::uint16_t tag = next_tag_++;
  {
    const std::lock_guard lock(mutex_);
    awaited_tag_ = tag;
    reply_.reset();
  }
  const MessageHeader header{
      .length = static_cast<std::uint32_t>(payload.size()), .type = type, .status = 0, .tag = tag};
  if (auto sent = link_.send(header, payload); !sent) return tl::unexpected(sent.error());
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                 [this] { return reply_.has_value() || lost_; });
  awaited_tag_.reset();
  if (reply_) return *std::exchange(reply_, std::nullopt);
  return proto::fail(lost_ ? UsbErrc::kNoDevice : UsbErrc::kTimeout, "ask the emulator");
}

proto::Result<std::size_t> SocketPort::control_in(const ControlSetup& setup,
                                                  std::span<std::byte> data, int timeout_ms) {
  const auto reply = request(MessageType::kControlIn, pack_setup(setup), timeout_ms);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status != 0) return proto::fail(code_from(reply->status), "send a control request");
  if (reply->payload.size() > data.size()) {
    return proto::fail(UsbErrc::kOverflow, "read the answer of a control request");
  }
  std::ranges::copy(reply->payload, data.begin());
  return reply->payload.size();
}

proto::Result<void> SocketPort::control_out(const ControlSetup& setup,
                                            std::span<const std::byte> data, int timeout_ms) {
  const auto head = pack_setup(setup);
  if (head.size() + data.size() > kRequestBytesMax) {
    return proto::fail(UsbErrc::kOverflow, "send a control request");
  }
  std::vector<std::byte> payload(head.begin(), head.end());
  std::ranges::copy(data, std::back_inserter(payload));
  const auto reply = request(MessageType::kControlOut, payload, timeout_ms);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status != 0) return proto::fail(code_from(reply->status), "send a control request");
  return {};
}

proto::Result<void> SocketPort::clear_halt(std::uint8_t endpoint) {
  return control_out(clear_halt_setup(endpoint), {}, kOpenTimeoutMs);
}

proto::Result<void> SocketPort::bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                                         int timeout_ms) {
  if (data.size() >= kRequestBytesMax) return proto::fail(UsbErrc::kOverflow, "send");
  std::vector<std::byte> payload{static_cast<std::byte>(endpoint)};
  std::ranges::copy(data, std::back_inserter(payload));
  const auto reply = request(MessageType::kBulkOut, payload, timeout_ms);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status != 0) return proto::fail(code_from(reply->status), "send");
  return {};
}

proto::Result<void> SocketPort::start_bulk_in(std::uint8_t) {
  if (!link_.is_open()) return proto::fail(UsbErrc::kIo, "the port is not open");
  if (armed_) return {};
  armed_ = true;
  to_rearm_ = kTransfers;
  rearm(0);
  return {};
}

// Lost messages show elsewhere: the reading thread sees that the emulator is gone.
void SocketPort::rearm(std::uint32_t transfers) {
  to_rearm_ += transfers;
  if (!armed_ || to_rearm_ == 0) return;
  {
    const std::lock_guard lock(mutex_);
    // All that the emulator may still fill: those that are free, but not announced yet.
    if (to_rearm_ < kRearmGroup && free_slots_.size() > to_rearm_) return;
  }
  while (to_rearm_ > 0) {
    const std::uint32_t count = std::min(to_rearm_, kArmCountMax);
    const std::array payload = {static_cast<std::byte>(count)};
    if (!link_.send({.length = 1, .type = MessageType::kArm}, payload)) return;
    to_rearm_ -= count;
  }
}

proto::Result<Loan> SocketPort::wait_bulk_in(int timeout_ms) {
  if (!link_.is_open()) return proto::fail(UsbErrc::kIo, "the port is not open");
  Completed done;
  {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                   [this] { return cancelled_ || lost_ || !completed_.empty(); });
    if (std::exchange(cancelled_, false)) return proto::fail(UsbErrc::kCancelled, "receive");
    if (completed_.empty()) {
      return proto::fail(lost_ ? UsbErrc::kNoDevice : UsbErrc::kTimeout,
                         "receive from the emulated instrument " + serial_);
    }
    done = completed_.front();
    completed_.pop_front();
    if (done.status != 0) free_slots_.push_back(done.slot);
  }
  if (done.status != 0) {
    rearm(1);
    return proto::fail(code_from(done.status), "receive");
  }
  return Loan{.bytes = slot_bytes(done.slot).first(done.size),
              .arrival_monotonic_ns = done.monotonic_ns,
              .arrival_utc_ns = done.utc_ns,
              .slot = done.slot};
}

void SocketPort::return_loan(const Loan& loan) {
  {
    const std::lock_guard lock(mutex_);
    if (!link_.is_open()) return;
    WS_CHECK(loan.slot < kTransfers && free_slots_.size() < kTransfers);
    free_slots_.push_back(loan.slot);
  }
  rearm(1);
}

std::span<std::byte> SocketPort::slot_bytes(std::uint32_t slot) {
  return {pool_.get() + std::size_t{slot} * kTransferBytes, kTransferBytes};
}

}  // namespace drivers
