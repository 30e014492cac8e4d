// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device.h"

#include <algorithm>
#include <utility>

#include "drivers/js220_time64.h"
#include "drivers/usb/usb_errc.h"
#include "proto/check.h"

namespace drivers {
namespace {

using js220::Fault;
using js220::FaultKind;
using js220::Value;

constexpr std::int64_t kTimePeriodNs = 1'000'000'000;
// More answers than this wait for a host that does not read: further ones are dropped.
constexpr std::size_t kQueueFramesMax = 1024;

// Standard requests.
constexpr std::uint8_t kStandardIn = 0x80;
constexpr std::uint8_t kGetStatus = 0;

std::vector<std::byte> status_byte(std::int64_t code) { return {static_cast<std::byte>(code)}; }

// What a host's topic tree can hold: levels of at most 7 characters. Nothing else is answered.
bool is_topic(std::string_view topic) {
  std::size_t level = 0;
  for (const char c : topic) {
    level = c == '/' ? 0 : level + 1;
    if (level > 7 || c <= ' ' || c > '~') return false;
  }
  return !topic.empty();
}

tl::unexpected<proto::Error> gone() {
  return proto::fail(UsbErrc::kNoDevice, "talk to the emulated JS220");
}

}  // namespace

Js220Device::Js220Device(const SampleSource& source, const proto::Clock& clock,
                         const Js220DeviceOptions& options)
    : source_(source),
      clock_(clock),
      options_(options),
      counter_(options.start_id, options.time_scale, clock.monotonic_ns()),
      streams_(source, options.fifo_bytes),
      statistics_(source) {}

proto::Result<std::vector<std::byte>> Js220Device::control_in(const ControlSetup& setup,
                                                              std::int64_t now_ns) {
  if (!is_present(now_ns)) return gone();
  if (setup.request_type == kStandardIn && setup.request == kGetStatus) {
    return std::vector<std::byte>(2);
  }
  if (setup.request_type == js220::kVendorRequestType) {
    if (setup.request == js220::kRequestConnect) return connect(now_ns);
    if (setup.request == js220::kRequestDisconnect) {
      disconnect();
      return status_byte(js220::kCodeOk);
    }
  }
  return proto::fail(UsbErrc::kStall, "control request of the emulated JS220");
}

proto::Result<void> Js220Device::control_out(const ControlSetup& setup, std::span<const std::byte>,
                                             std::int64_t now_ns) {
  if (!is_present(now_ns)) return gone();
  if (setup == clear_halt_setup(js220::kEndpointIn) ||
      setup == clear_halt_setup(js220::kEndpointOut)) {
    return {};
  }
  return proto::fail(UsbErrc::kStall, "control request of the emulated JS220");
}

UsbDescriptors Js220Device::descriptors() const {
  return {.vendor_id = js220::kVendorId,
          .product_id = js220::kProductId,
          .device_release = 0x0100,
          .manufacturer = "Jetperch LLC",
          .product = "Joulescope JS220",
          .serial = options_.serial,
          .endpoints = {{.address = js220::kEndpointIn}, {.address = js220::kEndpointOut}}};
}

proto::Result<std::vector<std::byte>> Js220Device::connect(std::int64_t now_ns) {
  if (faults_.take(FaultKind::kStallConnect)) {
    return proto::fail(UsbErrc::kStall, "CONNECT of the emulated JS220");
  }
  if (const auto fault = faults_.take(FaultKind::kConnectStatus)) return status_byte(fault->value);
  disconnect();
  silent_ = false;
  connected_ = true;
  const Fault* protocol = faults_.peek(FaultKind::kProtocol);
  const auto major =
      static_cast<std::uint32_t>(protocol != nullptr ? protocol->value : js220::kProtocolMajor);
  queue(js220::encode(0, js220::Connect{.protocol_version = major << 24,
                                        .firmware_version = js220::kFirmwareVersion,
                                        .hardware_version = js220::kHardwareVersion,
                                        .fpga_version = js220::kFpgaVersion}));
  queue_time(now_ns);
  last_samples_ns_ = now_ns;
  return status_byte(js220::kCodeOk);
}

// Settings stay; streams stop and what waits for the host is dropped.
void Js220Device::disconnect() {
  connected_ = false;
  queue_.clear();
  late_pong_.reset();
  streams_.reset();
  statistics_.stop();
  sender_.reset();
  topics_.stop_streams();
}

proto::Result<void> Js220Device::bulk_out(std::span<const std::byte> data, std::int64_t now_ns) {
  if (!is_present(now_ns)) return gone();
  if (!connected_ || silent_ || now_ns < silent_until_ns_) return {};
  const auto frame = js220::parse_frame(data);
  if (!frame) return {};  // the instrument has no way to say so
  if (frame->header.port == js220::kPortControl) on_control(frame->payload);
  if (frame->header.port == js220::kPortPubsub) {
    if (const auto message = js220::decode_publish(frame->payload)) on_publish(*message, now_ns);
  }
  return {};
}

void Js220Device::on_control(std::span<const std::byte> payload) {
  // A TIMESYNC response is taken and not needed: the emulator reads the host's own clock.
  if (js220::control_op(payload) == js220::ControlOp::kEcho) {
    queue(js220::make_frame(0, js220::kPortControl, payload));
  }
}

void Js220Device::on_publish(const js220::Publish& message, std::int64_t now_ns) {
  if (message.topic == "$") {
    for (const auto& answer : topics_.metadata()) publish(answer);
  } else if (message.topic == "?") {
    for (const auto& answer : topics_.values()) publish(answer);
  } else if (message.topic == "c/!ping") {
    if (faults_.take(FaultKind::kNoPong)) return;
    js220::Publish pong{"c/!pong", message.value, 0};
    if (const auto fault = faults_.take(FaultKind::kLatePong)) {
      if (auto frame = js220::encode(0, pong, js220::Direction::kToHost)) late_pong_ = *frame;
      late_pong_ns_ = now_ns + fault->duration_ns.value_or(0);
    } else {
      publish(pong);
    }
  } else {
    on_setting(message, now_ns);
  }
}

void Js220Device::on_setting(const js220::Publish& message, std::int64_t now_ns) {
  if (!is_topic(message.topic)) return;
  std::int32_t code = js220::kCodeOk;
  if (message.topic == "s/gpi/+/!req") {
    const std::uint64_t id = counter_.at(now_ns);
    const auto chunk = std::make_unique<Chunk>();
    source_.fill(id / kChunkIds, topics_.range_limits().value_or(RangeLimits{}), *chunk);
    publish({"s/gpi/+/!value", Value::u32(chunk->inputs[id % kChunkIds / kCellIds]), 0});
  } else {
    code = topics_.set(message.topic, message.value);
  }
  if (code == js220::kCodeOk) apply_streams(message.topic, now_ns);
  if (faults_.take(FaultKind::kNoAck)) return;
  publish({message.topic + "#", Value::i32(code), 0});
}

void Js220Device::apply_streams(std::string_view topic, std::int64_t now_ns) {
  const std::uint64_t counter = counter_.at(now_ns);
  streams_.set_range(topics_.range_limits());
  statistics_.set_range(topics_.range_limits());
  if (topic == "s/stats/!clear") statistics_.clear();
  if (topic == "s/stats/scnt") statistics_.set_block_values(topics_.statistics_block_values());
  const auto port = js220::TopicStore::stream_port(topic);
  if (!port) return;
  if (*port == js220::kPortStatistics) {
    if (!topics_.stream_on(*port)) {
      statistics_.stop();
    } else if (!statistics_.running()) {
      statistics_.start(counter, topics_.statistics_block_values());
    }
  } else if (topics_.stream_on(*port)) {
    streams_.enable(*port, counter);
  } else {
    streams_.disable(*port);
  }
}

void Js220Device::publish(const js220::Publish& message) {
  // A topic that leaves no room for its suffix gets no answer.
  if (auto frame = js220::encode(0, message, js220::Direction::kToHost)) queue(*frame);
}

void Js220Device::queue(const js220::FrameBuffer& frame) {
  if (queue_.size() < kQueueFramesMax) queue_.push_back(frame);
}

std::int64_t Js220Device::utc_ns(std::int64_t now_ns) const {
  return clock_.utc_ns() - (clock_.monotonic_ns() - now_ns);
}

void Js220Device::queue_time(std::int64_t now_ns) {
  const std::uint64_t counter = counter_.at(now_ns);
  queue(js220::encode(0, js220::Timesync{.start_count = counter}));
  // The UTC of the instant at which this id began, not of the one at which it was read.
  const std::int64_t utc = utc_ns(counter_.when(counter));
  queue(js220::encode(
      0, js220::Timemap{.utc = js220::time64_from_utc_ns(utc),
                        .counter = counter + static_cast<std::uint64_t>(timemap_offset_ids_),
                        .counter_rate = counter_.rate_32q32()}));
  next_time_ns_ = now_ns + kTimePeriodNs;
}

bool Js220Device::streams_due(std::int64_t now_ns) const {
  const std::uint64_t frames = streams_.frames_at(counter_.at(now_ns));
  return frames >= UsbPort::kTransferBytes / js220::kFrameBytes ||
         (frames > 0 && now_ns - last_samples_ns_ >= options_.hold_ns);
}

proto::Result<std::size_t> Js220Device::bulk_in(std::span<std::byte> transfer,
                                                std::int64_t now_ns) {
  if (!is_present(now_ns)) return gone();
  if (!connected_) return 0;
  if (faults_.take(FaultKind::kStallIn)) {
    return proto::fail(UsbErrc::kStall, "bulk IN of the emulated JS220");
  }
  if (faults_.take(FaultKind::kIoError)) {
    return proto::fail(UsbErrc::kIo, "bulk IN of the emulated JS220");
  }
  if (is_mute(now_ns)) {
    streams_.produce(counter_.at(now_ns));  // the FIFO fills all the same
    return 0;
  }
  if (now_ns >= next_time_ns_) queue_time(now_ns);
  if (late_pong_ && now_ns >= late_pong_ns_) queue(*std::exchange(late_pong_, std::nullopt));
  while (const auto block = statistics_.next(counter_.at(now_ns))) queue(js220::encode(0, *block));

  sender_.begin(transfer);
  while (sender_.has_room() && sender_.has_waiting()) sender_.send_waiting();
  while (sender_.has_room() && !queue_.empty()) {
    sender_.send(queue_.front());
    queue_.pop_front();
  }
  if (!streams_due(now_ns)) return sender_.end();
  streams_.produce(counter_.at(now_ns));
  while (sender_.has_room()) {
    if (sender_.has_waiting()) {
      sender_.send_waiting();
      continue;
    }
    const auto frame = streams_.next();
    if (!frame) break;
    sender_.send(*frame, faults_);
    last_samples_ns_ = now_ns;
  }
  return sender_.end();
}

std::optional<std::int64_t> Js220Device::next_due_ns(std::int64_t now_ns) const {
  if (!is_present(now_ns)) return now_ns;  // to be told that it is gone
  if (!connected_) return std::nullopt;
  if (faults_.peek(FaultKind::kStallIn) != nullptr ||
      faults_.peek(FaultKind::kIoError) != nullptr) {
    return now_ns;
  }
  if (silent_) return std::nullopt;
  if (is_mute(now_ns)) return std::max(silent_until_ns_, delayed_until_ns_);
  if (!queue_.empty() || sender_.has_waiting()) return now_ns;
  std::int64_t due_ns = next_time_ns_;
  if (late_pong_) due_ns = std::min(due_ns, late_pong_ns_);
  if (const auto block = statistics_.due()) due_ns = std::min(due_ns, counter_.when(*block));
  if (const auto first = streams_.counter_for(1)) {
    const auto full = streams_.counter_for(UsbPort::kTransferBytes / js220::kFrameBytes);
    const std::int64_t held_ns =
        std::max(last_samples_ns_ + options_.hold_ns, counter_.when(*first));
    due_ns = std::min({due_ns, held_ns, counter_.when(*full)});
  }
  return std::max(due_ns, now_ns);
}

}  // namespace drivers
