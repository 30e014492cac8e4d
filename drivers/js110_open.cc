// SPDX-License-Identifier: Apache-2.0
// How a JS110 is opened, calibrated, started and closed: the order, the deadlines, and what the
// operator is told when a step fails.
#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "drivers/js110.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

using js110::CalibrationFault;
using js110::CalibrationResult;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr int kControlTimeoutMs = 1000;
constexpr int kStopTimeoutMs = 250;
constexpr int kStatusPollMs = 2;
// Nothing came for so long: the queue of an earlier start is empty.
constexpr int kQuietMs = 20;
constexpr int kDrainMs = 500;
constexpr std::size_t kHardwareSerialBytes = 16;
constexpr std::size_t kInfoBytes = 1024;
constexpr std::uint16_t kCopyFactory = 0;
constexpr std::uint16_t kCopyActive = 1;

struct RangeName {
  std::string_view name;
  std::uint8_t select;
};
constexpr std::array<RangeName, 9> kRanges = {{{"auto", js110::kSelectAuto},
                                               {"10 A", 0x01},
                                               {"2 A", 0x02},
                                               {"180 mA", 0x04},
                                               {"18 mA", 0x08},
                                               {"1.8 mA", 0x10},
                                               {"180 uA", 0x20},
                                               {"18 uA", 0x40},
                                               {"off", js110::kSelectOff}}};

std::string hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    text += kDigits[std::to_integer<std::size_t>(byte) & 0xF];
  }
  return text;
}

std::string day_of(std::int64_t utc_ns) {
  const std::chrono::sys_time<std::chrono::nanoseconds> instant{std::chrono::nanoseconds(utc_ns)};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(instant));
  const auto two = [](unsigned value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return std::to_string(static_cast<int>(date.year())) + "-" +
         two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day()));
}

// Why an answer could not be decoded.
std::string not_understood(std::span<const std::byte> answer) {
  const std::string ours = "protocol version " + std::to_string(js110::kPacketVersion);
  const auto theirs = js110::packet_version(answer);
  const std::string why =
      theirs && *theirs != js110::kPacketVersion
          ? "it speaks protocol version " + std::to_string(*theirs) + ", this program speaks " +
                std::to_string(js110::kPacketVersion)
          : "its answer of " + std::to_string(answer.size()) + " bytes is not one of " + ours;
  return why + ": update wattspool or the instrument's firmware";
}

// Text at a path of objects; empty: there is none.
std::string text_at(const nlohmann::json& document, std::initializer_list<const char*> path) {
  const nlohmann::json* at = &document;
  for (const char* key : path) {
    const auto next = at->is_object() ? at->find(key) : at->end();
    if (!at->is_object() || next == at->end()) return {};
    at = &*next;
  }
  return at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

proto::Result<proto::DeviceInfo> Js110Driver::open() {
  if (state_ != State::kClosed) return proto::fail(UsbErrc::kBusy, name() + " is open already");
  auto codes = options_.codes;
  constexpr const char* kVoltageRange = "voltage_range";
  if (options_.keep_words && std::ranges::count(codes, kVoltageRange) == 0) {
    codes.emplace_back(kVoltageRange);
  }
  auto selected = js110::select_signals(codes);
  if (!selected) return tl::unexpected(selected.error());
  signals_ = std::move(*selected);
  if (!stream_) stream_.emplace(signals_, counters_, options_.keep_words);
  if (auto opened = port_->open(); !opened) {
    const std::string& why = opened.error().context;  // names the node, when there is one
    return proto::fail(opened.error().code, "open " + name() + (why.empty() ? "" : ": " + why));
  }
  state_ = State::kOpening;
  settings_.reset();
  transfers_.begin_opening();
  auto result = prepare();
  if (result) result = calibrate();
  if (result) result = start();
  if (!result) {
    close();
    return tl::unexpected(result.error());
  }
  state_ = State::kStreaming;
  transfers_.begin_streaming();
  return device_info();
}

// An earlier program may have died while it streamed: the instrument goes on without it.
proto::Result<void> Js110Driver::prepare() {
  (void)port_->clear_halt(js110::kEndpointIn);
  if (auto started = port_->start_bulk_in(js110::kEndpointIn); !started) {
    return proto::fail(started.error().code, "start receiving from " + name());
  }
  if (auto read = read_settings(); !read) return read;
  if (auto chosen = choose_range(); !chosen) return chosen;
  if (auto written = write_settings(kControlTimeoutMs); !written) return written;
  if (auto applied = await_settings(kSettingsTimeoutMs); !applied) return applied;
  if (auto mapped = apply_extio(); !mapped) return mapped;
  read_info();
  return drain();
}

proto::Result<void> Js110Driver::read_settings() {
  const auto answer = request(js110::kRequestSettings, {.length = js110::kSettingsBytes});
  if (!answer) return tl::unexpected(answer.error());
  const auto found = js110::decode_settings(*answer);
  if (!found) {
    return proto::fail(UsbErrc::kProtocol,
                       "read the settings of " + name() + ": " + not_understood(*answer));
  }
  settings_ = *found;
  return {};
}

proto::Result<void> Js110Driver::choose_range() {
  if (options_.current_range != "keep") {
    const auto* range = std::ranges::find(kRanges, options_.current_range, &RangeName::name);
    if (range == kRanges.end()) {
      std::string known = "keep";
      for (const RangeName& other : kRanges) known += ", " + std::string(other.name);
      settings_.reset();  // nothing is written to it
      return proto::fail(
          make_error_code(std::errc::invalid_argument),
          "current range '" + options_.current_range + "' of " + name() + ": a JS110 has " + known);
    }
    settings_->select = range->select;
  } else if (settings_->sensor_power == 0) {
    settings_->select = js110::kSelectAuto;
  }
  settings_->sensor_power = 1;
  settings_->source = js110::kSourceRaw;
  settings_->options &= js110::kOptionVoltage5V;
  settings_->streaming = 0;
  return {};
}

// An input is mapped onto the samples when it is recorded, and not otherwise: it costs a bit.
proto::Result<void> Js110Driver::apply_extio() {
  const auto answer = request(js110::kRequestExtio, {.length = js110::kExtioBytes});
  if (!answer) return tl::unexpected(answer.error());
  const auto found = js110::decode_extio(*answer);
  if (!found) {
    return proto::fail(UsbErrc::kProtocol,
                       "read the inputs of " + name() + ": " + not_understood(*answer));
  }
  js110::Extio wanted = *found;
  const auto lsb = [this](js110::SignalKind kind, std::uint8_t source) {
    return js110::has_signal(signals_, kind) ? source : js110::kLsbNormal;
  };
  wanted.current_gpi = lsb(js110::SignalKind::kGpi0, js110::kLsbGpi0);
  wanted.voltage_gpi = lsb(js110::SignalKind::kGpi1, js110::kLsbGpi1);
  if (wanted == *found) return {};
  const auto sent = port_->control_out({.request_type = js110::kRequestTypeOut,
                                        .request = js110::kRequestExtio,
                                        .length = js110::kExtioBytes},
                                       js110::encode(wanted), kControlTimeoutMs);
  if (!sent) return proto::fail(sent.error().code, "map the inputs of " + name());
  return await_settings(kSettingsTimeoutMs);
}

proto::Result<void> Js110Driver::calibrate() {
  uncalibrated_.clear();
  const auto hardware_serial = read_hardware_serial();
  if (!hardware_serial) return tl::unexpected(hardware_serial.error());
  std::string faults;
  for (const auto& [copy, title] :
       {std::pair{kCopyActive, "active"}, std::pair{kCopyFactory, "factory"}}) {
    const auto read = read_calibration(copy, *hardware_serial);
    if (!read) return tl::unexpected(read.error());
    if (*read) {
      calibration_ = **read;
      calibration_name_ = title;
      if (calibration_.made_ns) calibration_name_ += " " + day_of(*calibration_.made_ns);
      return {};
    }
    faults += (faults.empty() ? "" : "; ") + std::string(title) + ": " +
              std::string(js110::describe(read->error()));
  }
  // Its words are worth something to whoever finds the calibration again.
  calibration_ = js110::unknown_calibration();
  calibration_file_.clear();
  calibration_name_ = "none";
  uncalibrated_ = name() + " is not calibrated (" + faults + "): " +
                  (options_.keep_words ? "its raw words alone are recorded"
                                       : "it has no values, and its raw words are recorded with "
                                         "waveform.rate = \"full\" only");
  return {};
}

proto::Result<CalibrationResult<js110::Calibration>> Js110Driver::read_calibration(
    std::uint16_t copy, const std::string& hardware_serial) {
  js110::CalibrationReader reader;
  while (const auto piece = reader.next()) {
    const auto answer = request(js110::kRequestCalibration,
                                {.value = copy, .index = piece->offset, .length = piece->length});
    if (!answer && answer.error().code != UsbErrc::kStall) return tl::unexpected(answer.error());
    const auto accepted = reader.accept(answer ? *answer : std::span<const std::byte>());
    if (!accepted) return CalibrationResult<js110::Calibration>(tl::unexpected(accepted.error()));
  }
  auto parsed = js110::parse_calibration(reader.file());
  if (parsed && !hardware_serial.empty() && !parsed->serial_number.empty() &&
      parsed->serial_number != hardware_serial) {
    parsed = tl::unexpected(CalibrationFault::kOtherInstrument);
  }
  if (parsed) calibration_file_.assign(reader.file().begin(), reader.file().end());
  return parsed;
}

// Empty: it does not say.
proto::Result<std::string> Js110Driver::read_hardware_serial() {
  const auto answer = request(js110::kRequestSerialNumber, {.length = kHardwareSerialBytes});
  if (!answer && answer.error().code != UsbErrc::kStall) return tl::unexpected(answer.error());
  if (!answer || answer->size() != kHardwareSerialBytes) return std::string();
  return hex(*answer);
}

// Old firmware does not answer, or puts a header before the text.
void Js110Driver::read_info() {
  firmware_.clear();
  hardware_.clear();
  const auto answer = request(js110::kRequestInfo, {.length = kInfoBytes});
  if (!answer) return;
  const auto begin = std::ranges::find(*answer, std::byte{'{'});
  const std::string text(reinterpret_cast<const char*>(answer->data()), answer->size());
  const auto at = static_cast<std::size_t>(begin - answer->begin());
  const auto document = nlohmann::json::parse(text.substr(at), nullptr, false);
  firmware_ = text_at(document, {"ctl", "fw", "ver"});
  hardware_ = text_at(document, {"ctl", "hw", "rev"});
}

// Samples may come before the answer does, so it is not waited for; silence shows in poll().
proto::Result<void> Js110Driver::start() {
  stream_->reset(calibration_);
  settings_->streaming = js110::kStreamingRun;
  if (auto written = write_settings(kControlTimeoutMs); !written) return written;
  const auto answer = request(js110::kRequestStatus, {.length = js110::kStatusRequestBytes});
  if (!answer) return tl::unexpected(answer.error());
  const auto status = js110::decode_status(*answer);
  return status ? check_result(status->settings_result) : proto::Result<void>();
}

proto::Result<void> Js110Driver::write_settings(int timeout_ms) {
  const auto sent = port_->control_out({.request_type = js110::kRequestTypeOut,
                                        .request = js110::kRequestSettings,
                                        .length = js110::kSettingsBytes},
                                       js110::encode(*settings_), timeout_ms);
  if (!sent) return proto::fail(sent.error().code, "set up " + name());
  return {};
}

proto::Result<void> Js110Driver::check_result(std::int32_t result) const {
  const bool pending = result == js110::kSettingsBusy || result == js110::kSettingsNotIssued;
  if (result == 0 || pending) return {};
  return proto::fail(UsbErrc::kProtocol, name() + " refused its settings (code " +
                                             std::to_string(result) +
                                             "): unplug it and plug it in again");
}

proto::Result<void> Js110Driver::await_settings(int timeout_ms) {
  const std::int64_t deadline_ns = clock_.monotonic_ns() + timeout_ms * kNsPerMs;
  while (clock_.monotonic_ns() < deadline_ns) {
    const auto answer = request(js110::kRequestStatus, {.length = js110::kStatusRequestBytes});
    if (!answer) return tl::unexpected(answer.error());
    if (const auto status = js110::decode_status(*answer)) {
      if (status->settings_result == 0) return {};
      if (auto checked = check_result(status->settings_result); !checked) return checked;
    }
    if (auto paused = pause(kStatusPollMs); !paused) return tl::unexpected(paused.error());
  }
  return proto::fail(UsbErrc::kTimeout, name() + " did not take its settings within " +
                                            std::to_string(timeout_ms) +
                                            " ms: unplug it and plug it in again");
}

proto::Result<void> Js110Driver::drain() {
  const std::int64_t deadline_ns = clock_.monotonic_ns() + kDrainMs * kNsPerMs;
  while (clock_.monotonic_ns() < deadline_ns) {
    const auto quiet = pause(kQuietMs);
    if (!quiet) return tl::unexpected(quiet.error());
    if (*quiet) return {};
  }
  return proto::fail(UsbErrc::kProtocol,
                     name() + " does not stop sending: unplug it and plug it in again");
}

// True: nothing came.
proto::Result<bool> Js110Driver::pause(int ms) {
  const std::int64_t deadline_ns = clock_.monotonic_ns() + ms * kNsPerMs;
  bool quiet = true;
  for (;;) {
    const std::int64_t left_ns = deadline_ns - clock_.monotonic_ns();
    if (left_ns <= 0) return quiet;
    const auto left_ms = static_cast<int>((left_ns + kNsPerMs - 1) / kNsPerMs);
    const auto loan = port_->wait_bulk_in(left_ms);
    if (loan) {
      port_->return_loan(*loan);
      quiet = false;
      continue;
    }
    const auto failed = transfers_.on_failed_opening(loan.error(), "receive from " + name());
    if (!failed) return tl::unexpected(failed.error());
  }
}

// `place` has value, index and length. The answer is valid until the next request.
proto::Result<std::span<const std::byte>> Js110Driver::request(std::uint8_t vendor_request,
                                                               const ControlSetup& place) {
  ControlSetup setup = place;
  setup.request_type = js110::kRequestTypeIn;
  setup.request = vendor_request;
  const auto room = std::span(answer_).first(setup.length);
  const auto received = port_->control_in(setup, room, kControlTimeoutMs);
  if (!received) {
    return proto::fail(received.error().code,
                       "ask " + name() + " (request " + std::to_string(vendor_request) + ")");
  }
  return std::span<const std::byte>(room.first(std::min(*received, room.size())));
}

proto::DeviceInfo Js110Driver::device_info() const {
  proto::DeviceInfo info{.id = {"js110", options_.serial},
                         .firmware = firmware_,
                         .hardware = hardware_,
                         .calibration = calibration_name_,
                         .sample_id_rate_hz = static_cast<double>(js110::kSampleRateHz),
                         .signals = {}};
  for (const js110::SignalInfo& signal : signals_) info.signals.push_back(js110::describe(signal));
  if (options_.keep_words) {
    info.words = js110::kWordsLayout;
    info.calibration_file = calibration_file_;
  }
  info.uncalibrated = uncalibrated_;
  return info;
}

void Js110Driver::close() {
  if (state_ == State::kClosed) return;
  const bool answers = state_ == State::kStreaming;
  state_ = State::kClosing;
  if (settings_) {
    settings_->streaming = 0;
    if (write_settings(kStopTimeoutMs) && answers) (void)await_settings(kStopTimeoutMs);
  }
  port_->close();
  state_ = State::kClosed;
}

}  // namespace drivers
