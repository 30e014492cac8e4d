// SPDX-License-Identifier: Apache-2.0
// The JS220 while it streams. Opening and closing are in js220_open.cc.
#include "drivers/js220.h"

#include <algorithm>
#include <utility>

#include "drivers/js220_time64.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

constexpr int kSendTimeoutMs = 250;

}  // namespace

Js220Driver::Js220Driver(Js220Options options, std::unique_ptr<UsbPort> port,
                         const proto::Clock& clock)
    : options_(std::move(options)),
      port_(std::move(port)),
      clock_(clock),
      transfers_({.port = *port_,
                  .endpoint_in = js220::kEndpointIn,
                  .name = name(),
                  .transfers_failed = counters_.transfers_failed},
                 clock) {}

Js220Driver::~Js220Driver() { close(); }

void Js220Driver::cancel() { port_->cancel(); }

void Js220Driver::flush(DriverSink& sink) {
  if (stream_) stream_->flush(sink);
}

proto::Result<void> Js220Driver::poll(int timeout_ms, DriverSink& sink) {
  if (state_ != State::kStreaming) return proto::fail(UsbErrc::kIo, name() + " is not open");
  auto result = transfers_.poll(timeout_ms, *this, sink);
  if (!result) {
    state_ = State::kLost;
    flush(sink);
  }
  return result;
}

proto::Result<void> Js220Driver::on_transfer(const Loan& loan, DriverSink& sink) {
  return receive(loan, sink);
}

void Js220Driver::on_no_transfer(std::int64_t now_ns, DriverSink& sink) {
  stream_->advance(now_ns, sink);
}

proto::Error Js220Driver::silence(std::int64_t now_ns) const {
  constexpr std::size_t kFloats = 2;
  std::string silent;
  for (std::size_t signal = 0; signal < kFloats; ++signal) {
    if (!transfers_.is_silent(stream_->last_frame_ns(signal), now_ns)) continue;
    silent += (silent.empty() ? "" : " and ") + std::string(signals_[signal].name);
  }
  if (silent.empty()) {
    return {UsbErrc::kProtocol,
            name() +
                ": current and voltage came for 2 s without one sample that both have; opening it "
                "again"};
  }
  return {UsbErrc::kTimeout, name() + " sent no " + silent + " for 2 s; opening it again"};
}

proto::Result<void> Js220Driver::receive(const Loan& loan, DriverSink& sink) {
  const bool streaming = state_ == State::kStreaming;
  for (std::size_t at = 0; at < loan.bytes.size(); at += js220::kFrameBytes) {
    const std::size_t size = std::min(js220::kFrameBytes, loan.bytes.size() - at);
    const auto frame = js220::parse_frame(loan.bytes.subspan(at, size));
    if (!frame) {
      ++counters_.frames_malformed;
      continue;
    }
    const std::uint8_t port = frame->header.port;
    if (port == js220::kPortControl) {
      if (auto handled = on_control(*frame, loan, sink); !handled) return handled;
    }
    // Before the CONNECT frame all is left over from an earlier connection.
    if (!connected_) continue;
    count_frame(frame->header.frame_id);
    if (port == js220::kPortPubsub) {
      on_publish(*frame);
    } else if (port >= js220::kPortStreamFirst && streaming) {
      stream_->on_frame(*frame, {loan.arrival_monotonic_ns, loan.arrival_utc_ns}, sink);
    } else if (port > js220::kPortMemory && port < js220::kPortStreamFirst) {
      ++counters_.frames_ignored;
    }
  }
  if (streaming) stream_->advance(loan.arrival_monotonic_ns, sink);
  return {};
}

proto::Result<void> Js220Driver::on_control(const js220::FrameView& frame, const Loan& loan,
                                            DriverSink& sink) {
  if (const auto connect = js220::decode_connect(frame.payload)) {
    if (connected_ && state_ == State::kStreaming) {
      return proto::fail(UsbErrc::kProtocol,
                         name() + " restarted while it was read; opening it again");
    }
    connected_ = *connect;
    return {};
  }
  if (!connected_) return {};
  if (auto request = js220::decode_timesync(frame.payload)) {
    request->utc_receive = js220::time64_from_utc_ns(loan.arrival_utc_ns);
    request->utc_send = js220::time64_from_utc_ns(clock_.utc_ns());
    request->end_count = 0;
    // A lost answer costs the instrument one measurement of the time; a lost instrument shows at
    // the next transfer.
    (void)send(js220::encode(frame_id_, *request));
  } else if (const auto map = js220::decode_timemap(frame.payload)) {
    const js220::Arrival arrival{loan.arrival_monotonic_ns, loan.arrival_utc_ns};
    stream_->on_timemap(*map, arrival, sink);
  } else if (js220::control_op(frame.payload) != js220::ControlOp::kEcho) {
    ++counters_.messages_malformed;
  }
  return {};
}

void Js220Driver::on_publish(const js220::FrameView& frame) {
  const auto message = js220::decode_publish(frame.payload);
  if (!message) {
    ++counters_.messages_malformed;
    return;
  }
  const js220::TopicParts topic = js220::split_topic(message->topic);
  if (topic.suffix == '$' && message->value.type == js220::ValueType::kJson) {
    if (!metadata_.add(std::string(topic.name), message->value.text)) {
      ++counters_.messages_malformed;
    }
  } else if (topic.suffix == '#' && topic.name == awaited_topic_) {
    return_code_ = message->value.integer();
  } else if (message->topic == "c/!pong") {
    pong_ = pong_ || message->value.integer() == ping_;
  }
}

void Js220Driver::count_frame(std::uint16_t frame_id) {
  ++counters_.frames;
  const auto ahead = static_cast<std::uint16_t>(frame_id - expected_frame_id_.value_or(frame_id));
  // The upper half of the circle is a frame that came again.
  if (ahead >= 0x8000) return;
  counters_.frames_lost += ahead;
  expected_frame_id_ = static_cast<std::uint16_t>(frame_id + 1);
}

proto::Result<void> Js220Driver::publish(const std::string& topic, const js220::Value& value) {
  // Requests and commands are not settings.
  const bool is_setting = topic.find_first_of("$?!") == std::string::npos;
  const std::uint8_t flags = is_setting ? js220::kFlagRetain : 0;
  const auto frame = js220::encode(frame_id_, {topic, value, flags}, js220::Direction::kToDevice);
  if (!frame) return tl::unexpected(frame.error());
  return send(*frame);
}

proto::Result<void> Js220Driver::send(const js220::FrameBuffer& frame) {
  ++frame_id_;
  auto sent = port_->bulk_out(js220::kEndpointOut, frame.span(), kSendTimeoutMs);
  if (sent) return {};
  return proto::fail(sent.error().code, "send to " + name());
}

}  // namespace drivers
