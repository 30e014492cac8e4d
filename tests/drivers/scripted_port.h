// SPDX-License-Identifier: Apache-2.0
// A UsbPort that plays what a test writes down. It greets and answers like a JS220 unless told
// otherwise; time is virtual and passes while nothing comes.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "drivers/js220_pubsub.h"
#include "drivers/js220_wire.h"
#include "drivers/usb/usb_errc.h"
#include "drivers/usb/usb_port.h"
#include "drivers/usb/virtual_clock.h"

namespace drivers {

class ScriptedPort final : public UsbPort {
 public:
  explicit ScriptedPort(VirtualClock& clock) : clock_(clock) {}

  proto::Result<void> open() override {
    transfers.clear();
    return {};
  }
  proto::Result<std::size_t> control_in(const ControlSetup& setup, std::span<std::byte> data,
                                        int) override {
    controls.push_back(setup.request);
    if (setup.request == js220::kRequestConnect) {
      for (const auto& transfer : before_greeting) transfers.push_back(transfer);
      push(js220::encode(0, greeting));
    }
    if (!data.empty()) data[0] = std::byte{0};
    return data.size();
  }
  proto::Result<void> control_out(const ControlSetup&, std::span<const std::byte>, int) override {
    return proto::fail(UsbErrc::kStall, "a JS220 has no such request");
  }
  proto::Result<void> clear_halt(std::uint8_t endpoint) override {
    halts_cleared.push_back(endpoint);
    return {};
  }
  proto::Result<void> bulk_out(std::uint8_t, std::span<const std::byte> data, int) override {
    const auto frame = js220::parse_frame(data);
    if (!frame) return proto::fail(UsbErrc::kProtocol, "a torn frame was sent");
    sent.emplace_back(data.begin(), data.end());
    if (frame->header.port != js220::kPortPubsub) return {};
    const auto message = js220::decode_publish(frame->payload);
    if (!message) return tl::unexpected(message.error());
    published.push_back(*message);
    answer(*message);
    return {};
  }
  proto::Result<void> start_bulk_in(std::uint8_t) override { return {}; }
  proto::Result<Loan> wait_bulk_in(int timeout_ms) override {
    if (transfers.empty()) {
      clock_.advance(timeout_ms * 1'000'000LL);
      return proto::fail(UsbErrc::kTimeout, "receive");
    }
    current_ = std::move(transfers.front());
    transfers.pop_front();
    return Loan{.bytes = current_,
                .arrival_monotonic_ns = clock_.monotonic_ns(),
                .arrival_utc_ns = clock_.utc_ns()};
  }
  void return_loan(const Loan&) override { current_.clear(); }
  void close() override { transfers.clear(); }
  void cancel() override {}

  void push(const js220::FrameBuffer& frame) {
    transfers.emplace_back(frame.span().begin(), frame.span().end());
  }
  void publish(const std::string& topic, const js220::Value& value) {
    if (auto frame = js220::encode(0, {topic, value, 0}, js220::Direction::kToHost)) push(*frame);
  }

  js220::Connect greeting{.protocol_version = 0x01000000,
                          .firmware_version = 0x01030000,
                          .hardware_version = 0x01000000,
                          .fpga_version = 0x01030003};
  std::vector<std::vector<std::byte>> before_greeting;
  std::deque<std::vector<std::byte>> transfers;
  std::vector<std::vector<std::byte>> sent;
  std::vector<js220::Publish> published;
  std::vector<std::uint8_t> controls;
  std::vector<std::uint8_t> halts_cleared;
  // Topic and JSON of each description that `$` brings.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string refused_topic;  // its return code is 5
  std::string mute_topic;     // gets no return code

 private:
  void answer(const js220::Publish& message) {
    if (message.topic == "$") {
      for (const auto& [topic, json] : metadata) publish(topic + "$", js220::Value::json(json));
    } else if (message.topic == "c/!ping") {
      publish("c/!pong", message.value);
    } else if (message.topic != mute_topic) {
      publish(message.topic + "#", js220::Value::i32(message.topic == refused_topic ? 5 : 0));
    }
  }

  VirtualClock& clock_;
  std::vector<std::byte> current_;
};

}  // namespace drivers
