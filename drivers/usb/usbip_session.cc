// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usbip_session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <variant>

#include "drivers/usb/usb_errc.h"
#include "proto/check.h"

namespace drivers {
namespace {

using usbip::Op;
using usbip::OpStatus;

constexpr std::size_t kTransferRoom = usbip::kUrbHeaderBytes + UsbipSession::kInBytesMax;
constexpr std::size_t kOutputBytes = 32 * kTransferRoom;
constexpr std::size_t kInputBytes = 2 * (usbip::kUrbHeaderBytes + UsbipSession::kOutBytesMax);
// A device that is due and yet gives nothing is asked again after this, so that no loop spins.
constexpr std::int64_t kAskAgainNs = 500'000;
// A device is asked at least this often when its server comes late: its FIFO holds 28 ms.
constexpr std::int64_t kCatchUpStepNs = 4'000'000;
constexpr std::uint8_t kIn = 0x80;
constexpr std::size_t kPacketBytes = 512;

}  // namespace

UsbipSession::UsbipSession(std::span<ServedDevice> devices)
    : devices_(devices),
      in_(kInputBytes),
      out_(std::make_unique_for_overwrite<std::byte[]>(kOutputBytes)) {}

UsbipSession::~UsbipSession() {
  if (imported_ != nullptr && imported_->claimed != nullptr) *imported_->claimed = false;
}

usbip::Place UsbipSession::place_of(std::size_t index) const {
  const auto number = static_cast<std::uint32_t>(index + 1);
  return {.bus_id = "1-" + std::to_string(number), .bus = 1, .device = number};
}

std::span<std::byte> UsbipSession::input_room() { return std::span(in_).subspan(in_size_); }

// What is read is answered, so a host that does not read its answers is not listened to.
bool UsbipSession::wants_input() const {
  return !closing_ && in_size_ < in_.size() && kOutputBytes - (end_ - begin_) >= 4 * kTransferRoom;
}

bool UsbipSession::on_input(std::size_t count, std::int64_t now_ns) {
  WS_CHECK(count <= in_.size() - in_size_);
  in_size_ += count;
  std::size_t used = 0;
  while (!closing_ && has_room()) {
    const auto bytes = std::span<const std::byte>(in_).subspan(used, in_size_ - used);
    std::size_t step = 0;
    const bool good =
        imported_ == nullptr ? on_operation(bytes, step, now_ns) : on_command(bytes, step, now_ns);
    if (!good) closing_ = true;
    if (step == 0) break;
    used += step;
  }
  std::memmove(in_.data(), in_.data() + used, in_size_ - used);
  in_size_ -= used;
  hand_over(now_ns);
  return !closing_;
}

bool UsbipSession::on_operation(std::span<const std::byte> bytes, std::size_t& used,
                                std::int64_t now_ns) {
  if (bytes.size() < usbip::kOpHeaderBytes) return true;
  const auto header = usbip::unpack_op_header(bytes.first<usbip::kOpHeaderBytes>());
  const auto code = static_cast<Op>(header.code);
  const bool is_import = code == Op::kImportRequest;
  if (header.version != usbip::kVersion || (!is_import && code != Op::kDeviceListRequest)) {
    std::vector<std::byte> refusal;
    usbip::append_op_header(refusal, is_import ? Op::kImportReply : Op::kDeviceListReply,
                            OpStatus::kError);
    append(refusal);
    return false;
  }
  if (!is_import) {
    used = usbip::kOpHeaderBytes;
    reply_device_list(now_ns);
    closing_ = true;
    return true;
  }
  if (bytes.size() < usbip::kImportRequestBytes) return true;
  used = usbip::kImportRequestBytes;
  reply_import(usbip::unpack_bus_id(bytes.subspan<usbip::kOpHeaderBytes, usbip::kBusIdBytes>()),
               now_ns);
  return true;
}

void UsbipSession::reply_device_list(std::int64_t now_ns) {
  std::vector<std::byte> blocks;
  std::uint8_t count = 0;
  for (std::size_t k = 0; k < devices_.size(); ++k) {
    UsbDevice& device = *devices_[k].device;
    if (count == 0xFF || !is_plugged_in(device, now_ns)) continue;
    ++count;
    usbip::append_device_block(blocks, place_of(k), device.descriptors());
    usbip::append_interface_block(blocks);
  }
  std::vector<std::byte> list;
  usbip::append_op_header(list, Op::kDeviceListReply, OpStatus::kOk);
  list.resize(list.size() + 3);
  list.push_back(std::byte{count});
  append(list);
  append(blocks);
}

void UsbipSession::reply_import(const std::string& bus_id, std::int64_t now_ns) {
  OpStatus status = OpStatus::kNoDevice;
  std::size_t index = 0;
  while (index < devices_.size() && place_of(index).bus_id != bus_id) ++index;
  if (index < devices_.size() && is_plugged_in(*devices_[index].device, now_ns)) {
    const bool* claimed = devices_[index].claimed;
    status = claimed != nullptr && *claimed ? OpStatus::kBusy : OpStatus::kOk;
  }
  std::vector<std::byte> answer;
  usbip::append_op_header(answer, Op::kImportReply, status);
  if (status == OpStatus::kOk) {
    imported_ = &devices_[index];
    if (imported_->claimed != nullptr) *imported_->claimed = true;
    device_id_ = place_of(index).device_id();
    requests_.emplace(*imported_->device);
    served_ns_ = now_ns;
    usbip::append_device_block(answer, place_of(index), imported_->device->descriptors());
  } else {
    closing_ = true;
  }
  append(answer);
}

bool UsbipSession::on_command(std::span<const std::byte> bytes, std::size_t& used,
                              std::int64_t now_ns) {
  if (bytes.size() < usbip::kUrbHeaderBytes) return true;
  const auto command = usbip::unpack_command(bytes.first<usbip::kUrbHeaderBytes>());
  if (!command) return false;
  used = usbip::kUrbHeaderBytes;
  if (const auto* unlink = std::get_if<usbip::Unlink>(&*command)) {
    return unlink_later(*unlink, now_ns);
  }
  const auto& submit = std::get<usbip::Submit>(*command);
  const std::size_t data_size = submit.in ? 0 : submit.length;
  if (submit.device_id != device_id_ || submit.isochronous || data_size > kOutBytesMax) {
    return false;
  }
  if (bytes.size() < usbip::kUrbHeaderBytes + data_size) {
    used = 0;
    return true;
  }
  used += data_size;
  return on_submit(submit, bytes.subspan(usbip::kUrbHeaderBytes, data_size), now_ns);
}

bool UsbipSession::unlink_later(const usbip::Unlink& unlink, std::int64_t now_ns) {
  const std::int64_t delay_ns = imported_->device->withdraw_delay_ns(now_ns);
  if (delay_ns == 0 && slow_unlinks_.empty()) {
    on_unlink(unlink, now_ns);
    return true;
  }
  slow_unlinks_.push_back({.unlink = unlink, .due_ns = now_ns + delay_ns});
  return slow_unlinks_.size() <= kArmedMax + kSlowMax;
}

void UsbipSession::unlink_slow(std::int64_t now_ns) {
  while (!slow_unlinks_.empty() && slow_unlinks_.front().due_ns <= now_ns && has_room()) {
    on_unlink(slow_unlinks_.front().unlink, now_ns);
    slow_unlinks_.pop_front();
  }
}

// An IN transfer is completed whole or not at all; what a device on a bus would have put into it
// already, the device knows.
void UsbipSession::on_unlink(const usbip::Unlink& unlink, std::int64_t now_ns) {
  const auto victim = std::ranges::find(armed_, unlink.victim, &usbip::Submit::sequence);
  const auto slow = std::ranges::find_if(
      slow_, [&](const Slow& one) { return one.submit.sequence == unlink.victim; });
  const bool found = victim != armed_.end() || slow != slow_.end();
  if (victim != armed_.end()) {
    armed_.erase(victim);
    if (armed_.empty()) imported_->device->transfers_withdrawn(now_ns);
  }
  if (slow != slow_.end()) slow_.erase(slow);
  append(usbip::pack_unlink_reply(unlink.sequence, found ? -ECONNRESET : 0));
}

bool UsbipSession::on_submit(const usbip::Submit& submit, std::span<const std::byte> data,
                             std::int64_t now_ns) {
  if (submit.endpoint == 0) return answer_later(submit, data, now_ns);
  const auto address = static_cast<std::uint8_t>(submit.endpoint | (submit.in ? kIn : 0));
  if (!requests_->has_endpoint(address)) {
    reply(submit.sequence, {.status = -EPIPE});
    return true;
  }
  if (submit.in) {
    if (armed_.empty()) served_ns_ = std::max(served_ns_, now_ns);
    armed_.push_back(submit);
    return armed_.size() <= kArmedMax;
  }
  UsbipOutcome outcome{.length = submit.length};
  if (requests_->is_halted(address)) {
    outcome = {.status = -EPIPE};
  } else if (const auto taken = imported_->device->bulk_out(data, now_ns); !taken) {
    outcome = {.status = status_of(taken.error())};
  }
  reply(submit.sequence, outcome);
  return true;
}

bool UsbipSession::answer_later(const usbip::Submit& submit, std::span<const std::byte> data,
                                std::int64_t now_ns) {
  const std::int64_t delay_ns = imported_->device->control_delay_ns(submit.setup, now_ns);
  if (delay_ns == 0 && slow_.empty()) {
    on_control(submit, data, now_ns);
    return true;
  }
  slow_.push_back(
      {.submit = submit, .data = {data.begin(), data.end()}, .due_ns = now_ns + delay_ns});
  return slow_.size() <= kSlowMax;
}

void UsbipSession::answer_slow(std::int64_t now_ns) {
  while (!slow_.empty() && slow_.front().due_ns <= now_ns && !closing_ && has_room()) {
    const Slow slow = std::move(slow_.front());
    slow_.pop_front();
    on_control(slow.submit, slow.data, now_ns);
  }
}

void UsbipSession::on_control(const usbip::Submit& submit, std::span<const std::byte> data,
                              std::int64_t now_ns) {
  // The setup packet says where data goes and how much; the transfer must agree with it.
  const std::size_t length = submit.setup.length;
  const bool in = (submit.setup.request_type & kIn) != 0;
  if ((length > 0 && in != submit.in) || (!submit.in && length != data.size())) {
    reply(submit.sequence, {.status = -EPROTO});
    return;
  }
  const auto answer = requests_->answer(submit.setup, data, now_ns);
  if (!answer) {
    reply(submit.sequence, {.status = status_of(answer.error())});
    return;
  }
  const auto bytes = std::span(*answer).first(std::min<std::size_t>(answer->size(), submit.length));
  const std::size_t moved = submit.in ? bytes.size() : data.size();
  reply(submit.sequence, {.status = 0, .length = static_cast<std::uint32_t>(moved)});
  append(bytes);
}

void UsbipSession::catch_up(std::int64_t now_ns) {
  if (imported_ == nullptr || closing_) return;
  if (!is_plugged_in(*imported_->device, now_ns)) {
    closing_ = true;
    return;
  }
  unlink_slow(now_ns);
  answer_slow(now_ns);
  while (!armed_.empty()) {
    const auto due_ns = imported_->device->next_due_ns(served_ns_);
    if (!due_ns) break;
    const std::int64_t at_ns = std::max(*due_ns, served_ns_ + kCatchUpStepNs);
    if (at_ns > now_ns || !hand_over(at_ns)) break;
  }
  if (in_size_ > 0) on_input(0, now_ns);  // what had no room for its answer
  hand_over(now_ns);
}

bool UsbipSession::hand_over(std::int64_t at_ns) {
  if (imported_ == nullptr) return false;
  served_ns_ = at_ns;
  while (!armed_.empty() && !closing_ && has_room()) {
    const usbip::Submit& first = armed_.front();
    const auto header = std::span(out_.get() + end_, usbip::kUrbHeaderBytes);
    const auto room = std::span(out_.get() + end_ + header.size(),
                                std::min<std::size_t>(first.length, kInBytesMax));
    const UsbipOutcome outcome = fill(room, at_ns);
    if (closing_ || (outcome.status == 0 && outcome.length == 0 && first.length > 0)) break;
    std::ranges::copy(usbip::pack_submit_reply(first.sequence, outcome.status, outcome.length),
                      header.begin());
    end_ += header.size() + outcome.length;
    armed_.pop_front();
  }
  return !armed_.empty() && !closing_ && has_room();
}

UsbipOutcome UsbipSession::fill(std::span<std::byte> transfer, std::int64_t at_ns) {
  const auto endpoint = static_cast<std::uint8_t>(armed_.front().endpoint | kIn);
  if (requests_->is_halted(endpoint)) return {.status = -EPIPE};
  // A device sends whole packets, whatever room the host has for them.
  std::array<std::byte, kPacketBytes> packet;
  const bool is_short = transfer.size() < packet.size();
  const auto size =
      imported_->device->bulk_in(is_short ? std::span<std::byte>(packet) : transfer, at_ns);
  if (!size) {
    const std::int32_t status = status_of(size.error());
    if (status == -EPIPE) requests_->halt(endpoint);
    return {.status = status};
  }
  WS_CHECK(*size <= std::max(transfer.size(), packet.size()));
  if (!is_short) return {.status = 0, .length = static_cast<std::uint32_t>(*size)};
  const std::size_t fits = std::min(*size, transfer.size());
  std::copy_n(packet.begin(), fits, transfer.begin());
  return {.status = fits < *size ? -EOVERFLOW : 0, .length = static_cast<std::uint32_t>(fits)};
}

// Of a device that is gone, the host learns by the end of the connection.
std::int32_t UsbipSession::status_of(const proto::Error& error) {
  if (error.code == UsbErrc::kNoDevice) closing_ = true;
  if (error.code == UsbErrc::kStall) return -EPIPE;
  if (error.code == UsbErrc::kOverflow) return -EOVERFLOW;
  if (error.code == UsbErrc::kTimeout) return -ETIMEDOUT;
  return -EPROTO;
}

void UsbipSession::reply(std::uint32_t sequence, const UsbipOutcome& outcome) {
  append(usbip::pack_submit_reply(sequence, outcome.status, outcome.length));
}

void UsbipSession::append(std::span<const std::byte> bytes) {
  WS_CHECK(bytes.size() <= kOutputBytes - end_);
  std::ranges::copy(bytes, out_.get() + end_);
  end_ += bytes.size();
}

bool UsbipSession::has_room() {
  constexpr std::size_t kWanted = 3 * kTransferRoom;
  if (kOutputBytes - end_ < kWanted && begin_ > 0) {
    std::memmove(out_.get(), out_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return kOutputBytes - end_ >= kWanted;
}

void UsbipSession::sent(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

std::optional<std::int64_t> UsbipSession::next_wake_ns(std::int64_t now_ns) const {
  if (imported_ == nullptr || closing_) return std::nullopt;
  const bool is_full = kOutputBytes - (end_ - begin_) < 3 * kTransferRoom;
  if (is_full) return std::nullopt;  // until the host has read
  auto wake_ns = next_transfer_ns(now_ns);
  const auto also = [&](std::int64_t due_ns) {
    wake_ns = std::min(wake_ns.value_or(INT64_MAX), std::max(due_ns, now_ns));
  };
  if (!slow_.empty()) also(slow_.front().due_ns);
  if (!slow_unlinks_.empty()) also(slow_unlinks_.front().due_ns);
  return wake_ns;
}

std::optional<std::int64_t> UsbipSession::next_transfer_ns(std::int64_t now_ns) const {
  const auto due_ns = imported_->device->next_due_ns(now_ns);
  if (!due_ns) return std::nullopt;
  const bool is_here = *due_ns > now_ns || !armed_.empty();
  if (!is_here) return now_ns + kCatchUpStepNs;  // nothing is armed; is it still plugged in?
  return std::max(*due_ns, served_ns_ + kAskAgainNs);
}

}  // namespace drivers
