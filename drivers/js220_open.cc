// SPDX-License-Identifier: Apache-2.0
// How a JS220 is opened, configured and closed: the order, the deadlines, and what the operator is
// told when a step fails.
#include <array>

#include "drivers/js220.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr int kControlTimeoutMs = 1000;
constexpr int kStopTimeoutMs = 250;  // for all streams together
// From these versions of firmware and FPGA on, the instrument can reduce its rate by itself, and an
// earlier program may have told it to.
constexpr std::uint32_t kDownsamplingVersion = 0x01'03'0000;

// While opening and closing there is nothing to hand over.
class NoSink final : public DriverSink {
 public:
  void on_segment(const SegmentStart&) override {}
  void on_block(const proto::Block&) override {}
  void on_gap(const proto::Gap&) override {}
};

std::string version_text(std::uint32_t version) {
  return std::to_string(version >> 24) + "." + std::to_string((version >> 16) & 0xFF) + "." +
         std::to_string(version & 0xFFFF);
}

}  // namespace

proto::Result<proto::DeviceInfo> Js220Driver::open() {
  if (state_ != State::kClosed) return proto::fail(UsbErrc::kBusy, name() + " is open already");
  auto selected = js220::select_signals(options_.codes);
  if (!selected) return tl::unexpected(selected.error());
  signals_ = std::move(*selected);
  if (!stream_) stream_.emplace(signals_, counters_);
  if (auto opened = port_->open(); !opened) {
    const std::string& why = opened.error().context;  // names the node, when there is one
    return proto::fail(opened.error().code, "open " + name() + (why.empty() ? "" : ": " + why));
  }
  state_ = State::kOpening;
  auto result = connect();
  if (result) result = identify();
  if (result) result = configure();
  if (!result) {
    close();
    return tl::unexpected(result.error());
  }
  state_ = State::kStreaming;
  transfers_.begin_streaming();
  return device_info();
}

proto::Result<void> Js220Driver::connect() {
  stream_->reset();
  frame_id_ = 0;
  expected_frame_id_.reset();
  transfers_.begin_opening();
  connected_.reset();
  metadata_.clear();

  // Flushes what an earlier connection left; firmware before 1.0.4 does not know it.
  if (auto flushed = request(js220::kRequestDisconnect);
      !flushed && flushed.error().code == UsbErrc::kNoDevice) {
    return flushed;
  }
  (void)port_->clear_halt(js220::kEndpointIn);
  (void)port_->clear_halt(js220::kEndpointOut);
  if (auto started = port_->start_bulk_in(js220::kEndpointIn); !started) {
    return proto::fail(started.error().code, "start receiving from " + name());
  }
  if (auto connected = request(js220::kRequestConnect); !connected) return connected;
  auto greeted =
      wait_for("the greeting", kAnswerTimeoutMs, [this] { return connected_.has_value(); });
  if (!greeted) return greeted;
  if (connected_->status != 0) {
    return proto::fail(UsbErrc::kProtocol,
                       name() + " refused the connection (" +
                           std::string(js220::return_code_text(connected_->status)) +
                           "): unplug it and plug it in again");
  }
  if (connected_->protocol_version >> 24 != js220::kProtocolMajor) {
    return proto::fail(UsbErrc::kProtocol,
                       name() + " speaks protocol " + version_text(connected_->protocol_version) +
                           ", this program speaks 1: update wattspool or the instrument's "
                           "firmware");
  }
  return {};
}

proto::Result<void> Js220Driver::identify() {
  if (auto sent = publish("$", js220::Value::null()); !sent) return sent;
  ++ping_;
  pong_ = false;
  if (auto sent = publish("c/!ping", js220::Value::u32(ping_)); !sent) return sent;
  return wait_for("the description of its settings", kAnswerTimeoutMs, [this] { return pong_; });
}

proto::Result<void> Js220Driver::configure() {
  // Not waited for: a refusal means that there is nothing to undo.
  if (connected_->firmware_version >= kDownsamplingVersion &&
      connected_->fpga_version >= kDownsamplingVersion) {
    if (auto sent = publish("s/dwnN/N", js220::Value::u32(1)); !sent) return sent;
    if (auto sent = publish("s/gpi/+/dwnN/mode", js220::Value::u32(0)); !sent) return sent;
  }
  if (const auto automatic = metadata_.option("s/v/range/mode", "auto")) {
    if (auto sent = publish("s/v/range/mode", *automatic); !sent) return sent;
  }
  if (auto ranged = set_current_range(); !ranged) return ranged;
  // The codes first: then the floats begin in their midst, and no code is missing at the start.
  for (std::size_t i = signals_.size(); i-- > 0;) {
    auto enabled =
        set(std::string(signals_[i].control_topic), js220::Value::u8(1), kAnswerTimeoutMs);
    if (!enabled) return enabled;
  }
  return {};
}

// Without it the current path stays off.
proto::Result<void> Js220Driver::set_current_range() {
  if (options_.current_range == "auto") return set_option("s/i/range/mode", "auto");
  if (auto chosen = set_option("s/i/range/select", options_.current_range); !chosen) return chosen;
  return set_option("s/i/range/mode", "manual");
}

proto::Result<void> Js220Driver::set_option(const std::string& topic, const std::string& option) {
  const std::string known = metadata_.option_names(topic);
  if (const auto value = metadata_.option(topic, option))
    return set(topic, *value, kAnswerTimeoutMs);
  if (!known.empty()) {
    return proto::fail(UsbErrc::kProtocol, "set '" + topic + "' of " + name() + " to '" + option +
                                               "': it offers " + known);
  }
  // Not described: the instrument may know the name itself.
  return set(topic, js220::Value::str(option), kAnswerTimeoutMs);
}

proto::Result<void> Js220Driver::set(const std::string& topic, const js220::Value& value,
                                     int timeout_ms) {
  awaited_topic_ = topic;
  return_code_.reset();
  if (auto sent = publish(topic, value); !sent) return sent;
  auto answered = wait_for("the answer to '" + topic + "'", timeout_ms,
                           [this] { return return_code_.has_value(); });
  awaited_topic_.clear();
  if (!answered) return answered;
  if (*return_code_ != 0) {
    return proto::fail(UsbErrc::kProtocol, name() + " refused '" + topic + "' (" +
                                               std::string(js220::return_code_text(*return_code_)) +
                                               ", code " + std::to_string(*return_code_) +
                                               "): update its firmware");
  }
  return {};
}

proto::Result<void> Js220Driver::wait_for(const std::string& what, int timeout_ms,
                                          const std::function<bool()>& has_come) {
  const std::int64_t deadline_ns = clock_.monotonic_ns() + timeout_ms * kNsPerMs;
  while (!has_come()) {
    const std::int64_t left_ns = deadline_ns - clock_.monotonic_ns();
    const auto left_ms = static_cast<int>((left_ns + kNsPerMs - 1) / kNsPerMs);
    if (left_ms <= 0) {
      return proto::fail(UsbErrc::kTimeout, name() + " did not send " + what + " within " +
                                                std::to_string(timeout_ms) +
                                                " ms: unplug it and plug it in again");
    }
    const auto loan = port_->wait_bulk_in(left_ms);
    if (loan) {
      NoSink sink;
      auto handled = receive(*loan, sink);
      port_->return_loan(*loan);
      if (!handled) return handled;
      transfers_.on_received();
      continue;
    }
    auto failed = transfers_.on_failed_opening(loan.error(), "wait for " + what + " of " + name());
    if (!failed) return failed;
  }
  return {};
}

proto::Result<void> Js220Driver::request(std::uint8_t vendor_request) {
  const ControlSetup setup{
      .request_type = js220::kVendorRequestType, .request = vendor_request, .length = 1};
  const std::string what = vendor_request == js220::kRequestConnect ? "connect to " : "disconnect ";
  std::array<std::byte, 1> status{};
  const auto received = port_->control_in(setup, status, kControlTimeoutMs);
  if (!received) return proto::fail(received.error().code, what + name());
  if (*received != status.size()) {
    return proto::fail(UsbErrc::kProtocol, what + name() + ": it gave no status");
  }
  const auto code = std::to_integer<std::int64_t>(status[0]);
  if (code != 0) {
    return proto::fail(UsbErrc::kProtocol, what + name() + ": it refused (" +
                                               std::string(js220::return_code_text(code)) +
                                               ", code " + std::to_string(code) +
                                               "): unplug it and plug it in again");
  }
  return {};
}

proto::DeviceInfo Js220Driver::device_info() const {
  proto::DeviceInfo info{.id = {"js220", options_.serial},
                         .firmware = version_text(connected_->firmware_version),
                         .hardware = version_text(connected_->hardware_version),
                         .calibration = {},
                         .sample_id_rate_hz = static_cast<double>(js220::kSampleIdRateHz),
                         .signals = {}};
  for (const js220::SignalInfo& signal : signals_) info.signals.push_back(js220::describe(signal));
  return info;
}

// The instrument keeps its settings over a disconnection, so the next program would find it
// streaming.
void Js220Driver::stop_streams() {
  const std::int64_t deadline_ns = clock_.monotonic_ns() + kStopTimeoutMs * kNsPerMs;
  for (const js220::SignalInfo& signal : signals_) {
    const auto left_ms = static_cast<int>((deadline_ns - clock_.monotonic_ns()) / kNsPerMs);
    if (left_ms <= 0) return;
    if (!set(std::string(signal.control_topic), js220::Value::u8(0), left_ms)) return;
  }
}

void Js220Driver::close() {
  if (state_ == State::kClosed) return;
  const bool answers = state_ == State::kStreaming;
  state_ = State::kClosing;
  if (answers) stop_streams();
  (void)request(js220::kRequestDisconnect);
  port_->close();
  state_ = State::kClosed;
}

}  // namespace drivers
