// SPDX-License-Identifier: Apache-2.0
// An emulated JS220 on a virtual clock, talked to byte by byte, and a checker of all that it sends:
// what would take the vendor's driver down, or lose data silently, fails the test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "drivers/js220_device.h"
#include "drivers/js220_pubsub.h"
#include "drivers/js220_wire.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/virtual_clock.h"

namespace drivers {

struct SeenFrame {
  js220::FrameHeader header;
  std::uint32_t sample_id = 0;     // streams
  std::vector<std::byte> payload;  // streams: without the sample id
  std::int64_t at_ns = 0;

  std::vector<float> floats() const {
    std::vector<float> values(payload.size() / sizeof(float));
    std::memcpy(values.data(), payload.data(), values.size() * sizeof(float));
    return values;
  }
};

class EmulatorHarness {
 public:
  static constexpr std::int64_t kStartUtcNs = 1'790'000'000'000'000'000;
  static constexpr std::int64_t kMs = 1'000'000;

  explicit EmulatorHarness(const SourceSpec& spec = {}, const Js220DeviceOptions& options = {})
      : clock(kStartUtcNs, 5'000'000'000),
        source(std::move(*make_source(spec))),
        device(*source, clock, options) {}

  std::optional<int> request(std::uint8_t code) {
    const auto answer = device.control_in({.request_type = js220::kVendorRequestType,
                                           .request = code,
                                           .value = 0,
                                           .index = 0,
                                           .length = 1},
                                          clock.monotonic_ns());
    if (!answer || answer->size() != 1) return std::nullopt;
    return std::to_integer<int>((*answer)[0]);
  }
  void connect() { ASSERT_EQ(request(js220::kRequestConnect), 0); }

  void publish(const std::string& topic, const js220::Value& value) {
    const auto frame = js220::encode(out_id_++, {topic, value, 0}, js220::Direction::kToDevice);
    ASSERT_TRUE(frame.has_value());
    ASSERT_TRUE(device.bulk_out(frame->span(), clock.monotonic_ns()).has_value());
  }
  // What a driver does before it streams; all answers are read.
  void start(const std::vector<std::string>& streams = {"s/i/ctrl", "s/v/ctrl"}) {
    connect();
    publish("s/i/range/mode", js220::Value::u8(4));
    for (const auto& topic : streams) publish(topic, js220::Value::u32(1));
  }

  // Reads until `ms` have passed, as a host that keeps its transfers armed.
  void run(std::int64_t ms) {
    const std::int64_t end_ns = clock.monotonic_ns() + ms * kMs;
    for (;;) {
      const std::int64_t now_ns = clock.monotonic_ns();
      const auto size = device.bulk_in(transfer_, now_ns);
      if (!size) {
        last_error = size.error().code;
        return;
      }
      if (*size > 0) {
        see(std::span(transfer_).first(*size));
        continue;
      }
      const auto due_ns = device.next_due_ns(now_ns);
      if (!due_ns || *due_ns >= end_ns) break;
      ASSERT_GT(*due_ns, now_ns) << "due, and yet there was nothing";
      clock.advance_to(*due_ns);
    }
    clock.advance_to(end_ns);
  }
  // The host is not reading.
  void skip(std::int64_t ms) { clock.advance(ms * kMs); }

  void fault(const std::string& text) {
    const auto answer = device.command(text, clock.monotonic_ns());
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
  }

  std::vector<SeenFrame> of_port(std::uint8_t port) const {
    std::vector<SeenFrame> found;
    for (const auto& frame : frames) {
      if (frame.header.port == port) found.push_back(frame);
    }
    return found;
  }
  std::vector<js220::Publish> published() const {
    std::vector<js220::Publish> messages;
    for (const auto& frame : of_port(js220::kPortPubsub)) {
      const auto message = js220::decode_publish(frame.payload);
      EXPECT_TRUE(message.has_value());
      if (message) messages.push_back(*message);
    }
    return messages;
  }
  std::optional<js220::Value> value_of(const std::string& topic) const {
    std::optional<js220::Value> value;
    for (const auto& message : published()) {
      if (message.topic == topic) value = message.value;
    }
    return value;
  }
  std::vector<js220::Timemap> timemaps() const {
    std::vector<js220::Timemap> maps;
    for (const auto& frame : of_port(js220::kPortControl)) {
      if (const auto map = js220::decode_timemap(frame.payload)) maps.push_back(*map);
    }
    return maps;
  }

  VirtualClock clock;
  std::unique_ptr<SampleSource> source;
  Js220Device device;
  std::vector<SeenFrame> frames;
  std::vector<std::byte> bytes;  // all transfers, one after another
  std::vector<std::size_t> transfer_sizes;
  std::error_code last_error;
  bool check = true;  // off for faults that break the rules on purpose

 private:
  void see(std::span<const std::byte> transfer) {
    bytes.insert(bytes.end(), transfer.begin(), transfer.end());
    transfer_sizes.push_back(transfer.size());
    ASSERT_LE(transfer.size(), UsbPort::kTransferBytes);
    for (std::size_t at = 0; at < transfer.size(); at += js220::kFrameBytes) {
      const auto slot = transfer.subspan(at, std::min(js220::kFrameBytes, transfer.size() - at));
      const auto frame = js220::parse_frame(slot);
      if (check) {
        ASSERT_TRUE(frame.has_value()) << "a frame that its slot does not hold";
        check_frame(*frame);
      }
      if (!frame) continue;
      SeenFrame seen{.header = frame->header, .payload = {}, .at_ns = clock.monotonic_ns()};
      auto payload = frame->payload;
      if (js220::stream_format(frame->header.port) && payload.size() >= 4) {
        seen.sample_id = js220::load_u32(payload, 0);
        payload = payload.subspan(4);
      }
      seen.payload.assign(payload.begin(), payload.end());
      frames.push_back(seen);
    }
  }

  // The list of what an emulator must never do.
  void check_frame(const js220::FrameView& frame) {
    const auto payload = frame.payload;
    if (frame.header.port == js220::kPortStatistics) {
      ASSERT_EQ(payload.size(), js220::kStatisticsBytes);
      const std::uint32_t head = js220::load_u32(payload, 0);
      ASSERT_EQ(head >> 24, 0x92U);
      ASSERT_NE(head & js220::kBlockValuesMax, 0U) << "the host divides by it";
      return;
    }
    if (frame.header.port >= js220::kPortStreamFirst) {
      ASSERT_GE(payload.size(), 4U) << "a stream frame this short is a wild read";
      const auto maps = timemaps();
      ASSERT_FALSE(maps.empty()) << "samples without a time map are dropped";
      const auto away = static_cast<std::int32_t>(js220::load_u32(payload, 0) -
                                                  static_cast<std::uint32_t>(maps.back().counter));
      ASSERT_LT(std::abs(static_cast<std::int64_t>(away)), 1 << 30);
      return;
    }
    if (frame.header.port == js220::kPortControl) {
      const auto op = js220::control_op(payload);
      ASSERT_TRUE(op.has_value());
      ASSERT_TRUE(!frames.empty() || *op == js220::ControlOp::kConnect);
      if (const auto map = js220::decode_timemap(payload)) {
        ASSERT_NE(map->counter_rate, 0U);
        ASSERT_GT(map->utc, 0);
        last_map_ = map;
      }
      return;
    }
    ASSERT_EQ(frame.header.port, js220::kPortPubsub);
    ASSERT_GE(payload.size(), 36U);
    ASSERT_EQ(std::to_integer<int>(payload[33]) & 0x80, 0) << "flag bit 7 aborts the host";
    ASSERT_EQ(payload[35], std::byte{0}) << "app";
    const auto message = js220::decode_publish(payload);
    ASSERT_TRUE(message.has_value());
    const auto type = message->value.type;
    if (type == js220::ValueType::kStr || type == js220::ValueType::kJson) {
      ASSERT_GT(payload.size(), 36U);
      ASSERT_EQ(payload.back(), std::byte{0});
      ASSERT_LE(message->value.text.size(), js220::kTextCharsMax);
    } else {
      ASSERT_EQ(payload.size(), 44U);
    }
    std::size_t level = 0;
    for (const char c : js220::split_topic(message->topic).name) {
      level = c == '/' ? 0 : level + 1;
      ASSERT_LE(level, 7U) << message->topic;
    }
  }

  std::uint16_t out_id_ = 0;
  std::optional<js220::Timemap> last_map_;
  std::vector<std::byte> transfer_ = std::vector<std::byte>(UsbPort::kTransferBytes);
};

}  // namespace drivers
