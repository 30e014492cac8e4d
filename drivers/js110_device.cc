// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_device.h"

#include <algorithm>
#include <utility>

#include "drivers/little_endian.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

using js110::Fault;
using js110::FaultKind;

// So long settings take; on the instrument it is not known.
constexpr std::int64_t kSettingsNs = 3'000'000;
constexpr std::size_t kLoopbackBytesMax = 132;
constexpr std::uint16_t kCopyBoth = 2;

// Standard requests.
constexpr std::uint8_t kStandardIn = 0x80;
constexpr std::uint8_t kGetStatus = 0;

tl::unexpected<proto::Error> refuse(UsbErrc code) {
  return proto::fail(code, "talk to the emulated JS110");
}

bool has_version(std::uint8_t request) {
  return request == js110::kRequestSettings || request == js110::kRequestStatus ||
         request == js110::kRequestExtio;
}

template <class Bytes>
std::vector<std::byte> as_vector(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Js110Device::Js110Device(const SampleSource& source, const Js110DeviceOptions& options)
    : options_(options),
      calibration_(js110::encode(js110::emulated_calibration(options.serial))),
      words_(source, js110::emulated_calibration(options.serial)),
      fifo_(options.fifo_packets, options.time_scale),
      statistics_(source, js110::emulated_calibration(options.serial)) {}

UsbDescriptors Js110Device::descriptors() const {
  return {.vendor_id = js110::kVendorId,
          .product_id = js110::kProductId,
          .device_release = 0x0003,
          .manufacturer = "Jetperch LLC",
          .product = "Joulescope",
          .serial = options_.serial,
          .endpoints = {{.address = js110::kEndpointIn}}};
}

proto::Result<std::vector<std::byte>> Js110Device::control_in(const ControlSetup& setup,
                                                              std::int64_t now_ns) {
  if (!is_present(now_ns)) return refuse(UsbErrc::kNoDevice);
  if (setup.request_type == kStandardIn && setup.request == kGetStatus) {
    return std::vector<std::byte>(2);
  }
  if (setup.request_type != js110::kRequestTypeIn) return refuse(UsbErrc::kStall);
  if (is_silent(now_ns)) return refuse(UsbErrc::kTimeout);
  if (faults_.take(FaultKind::kStallRequest, setup.request)) return refuse(UsbErrc::kStall);
  if (faults_.take(FaultKind::kEmptyAnswer, setup.request)) return std::vector<std::byte>();
  auto bytes = answer(setup, now_ns);
  // Inside the calibration there is always more, and nothing else is ever empty.
  if (bytes.empty() && setup.length > 0) return refuse(UsbErrc::kStall);
  const Fault* protocol = faults_.peek(FaultKind::kProtocol);
  if (protocol != nullptr && has_version(setup.request)) {
    bytes.front() = static_cast<std::byte>(protocol->value);
  }
  bytes.resize(std::min<std::size_t>(bytes.size(), setup.length));
  return bytes;
}

std::vector<std::byte> Js110Device::answer(const ControlSetup& setup, std::int64_t now_ns) {
  switch (setup.request) {
    case js110::kRequestLoopback:
      return loopback_;
    case js110::kRequestSettings:
      return as_vector(js110::encode(settings_));
    case js110::kRequestStatus:
      return status(now_ns);
    case js110::kRequestSerialNumber:
      return as_vector(js110::hardware_serial_of(options_.serial));
    case js110::kRequestCalibration:
      return calibration(setup.value, setup.index);
    case js110::kRequestExtio:
      return as_vector(js110::encode(extio_));
    case js110::kRequestInfo:
      return info();
    default:
      return {};
  }
}

std::vector<std::byte> Js110Device::status(std::int64_t now_ns) {
  fifo_.produce(now_ns);
  const bool busy = now_ns < settings_done_ns_ || faults_.peek(FaultKind::kBusy) != nullptr;
  js110::Status status{
      .settings_result = busy ? js110::kSettingsBusy : settings_result_,
      .fpga_frames = static_cast<std::uint32_t>(fifo_.samples_at(now_ns) / js110::kPacketWords),
      .fpga_discarded = static_cast<std::uint32_t>(fifo_.lost_packets()),
      .sensor_select = settings_.select,
      .sensor_source = settings_.source,
      .sensor_options = settings_.options};
  if (faults_.peek(FaultKind::kShortStatus) == nullptr) {
    const std::uint64_t samples =
        settings_.sensor_power != 0 ? fifo_.samples_in(now_ns - load_epoch_ns_) : 0;
    status.statistics = statistics_.take(samples, word_settings());
  }
  return as_vector(js110::encode(status).span());
}

std::vector<std::byte> Js110Device::calibration(std::uint16_t copy, std::uint16_t offset) {
  if (copy > 1 || offset >= calibration_.size()) return {};
  auto bytes = calibration_;
  const Fault* damage = faults_.peek(FaultKind::kDamage);
  if (damage != nullptr && (damage->value == copy || damage->value == kCopyBoth)) {
    bytes[bytes.size() / 2] ^= std::byte{0x40};
  }
  return as_vector(std::span(bytes).subspan(offset));
}

std::vector<std::byte> Js110Device::info() const {
  const std::string text = R"({"type":"info","ver":1,"ctl":{"hw":{"rev":"H","sn_mfg":")" +
                           options_.serial + R"("},"fw":{"ver":"1.3.2"},"fpga":{"ver":"0.2.0"}},)" +
                           R"("sensor":{"fw":{"ver":"1.3.2"},"fpga":{"ver":"1.2.1"}}})";
  return as_vector(std::as_bytes(std::span(text)));
}

proto::Result<void> Js110Device::control_out(const ControlSetup& setup,
                                             std::span<const std::byte> data, std::int64_t now_ns) {
  if (!is_present(now_ns)) return refuse(UsbErrc::kNoDevice);
  if (setup == clear_halt_setup(js110::kEndpointIn)) return {};
  if (setup.request_type != js110::kRequestTypeOut) return refuse(UsbErrc::kStall);
  if (is_silent(now_ns)) return refuse(UsbErrc::kTimeout);
  if (faults_.take(FaultKind::kStallRequest, setup.request)) return refuse(UsbErrc::kStall);
  if (setup.request == js110::kRequestLoopback && data.size() <= kLoopbackBytesMax) {
    loopback_ = as_vector(data);
    return {};
  }
  if (setup.request == js110::kRequestSettings) {
    const auto settings = js110::decode_settings(data);
    if (!settings) return refuse(UsbErrc::kStall);
    apply(*settings, now_ns);
    return {};
  }
  if (setup.request == js110::kRequestExtio) {
    const auto extio = js110::decode_extio(data);
    if (!extio) return refuse(UsbErrc::kStall);
    extio_ = *extio;
    extio_.gpi_value = 0;
    settings_done_ns_ = now_ns + kSettingsNs;
    return {};
  }
  return refuse(UsbErrc::kStall);
}

void Js110Device::apply(const js110::Settings& settings, std::int64_t now_ns) {
  settings_done_ns_ = now_ns + kSettingsNs;
  settings_result_ = 0;
  if (const auto fault = faults_.take(FaultKind::kSettingsError)) {
    settings_result_ = static_cast<std::int32_t>(fault->value);
    return;
  }
  const bool runs = settings_.streaming == js110::kStreamingRun;
  const bool will_run = settings.streaming == js110::kStreamingRun;
  if (runs != will_run || settings_.sensor_power != settings.sensor_power) restart_load(now_ns);
  settings_ = settings;
  if (!runs && will_run) {
    fifo_.start(now_ns);
    slipped_ = false;
  }
  if (runs && !will_run) fifo_.stop(now_ns);
}

void Js110Device::restart_load(std::int64_t now_ns) {
  load_epoch_ns_ = now_ns;
  statistics_.start();
}

js110::WordSettings Js110Device::word_settings() const {
  const bool powered = settings_.sensor_power != 0;
  const bool is_5v = (settings_.options & js110::kOptionVoltage5V) != 0;
  return {.select = powered ? settings_.select : js110::kSelectOff,
          .voltage_range = static_cast<std::uint8_t>(is_5v ? 1 : 0),
          .current_gpi = extio_.current_gpi,
          .voltage_gpi = extio_.voltage_gpi};
}

void Js110Device::power_on() {
  settings_ = {};
  statistics_.clear();
  extio_ = {};
  settings_result_ = js110::kSettingsNotIssued;
  fifo_.clear();
  repeated_.reset();
  slipped_ = false;
}

proto::Result<void> Js110Device::bulk_out(std::span<const std::byte>, std::int64_t now_ns) {
  return refuse(is_present(now_ns) ? UsbErrc::kStall : UsbErrc::kNoDevice);
}

proto::Result<std::size_t> Js110Device::bulk_in(std::span<std::byte> transfer,
                                                std::int64_t now_ns) {
  if (!is_present(now_ns)) return refuse(UsbErrc::kNoDevice);
  if (faults_.take(FaultKind::kStallIn)) return refuse(UsbErrc::kStall);
  if (faults_.take(FaultKind::kIoError)) return refuse(UsbErrc::kIo);
  fifo_.produce(now_ns);  // the FIFO fills all the same
  const std::size_t packets = transfer.size() / js110::kPacketBytes;
  if (is_mute(now_ns) || packets == 0 || fifo_.waiting() < packets) return 0;
  std::size_t size = 0;
  while (size + js110::kPacketBytes <= transfer.size()) {
    if (repeated_) {
      std::ranges::copy(*repeated_, transfer.begin() + static_cast<std::ptrdiff_t>(size));
      repeated_.reset();
      size += js110::kPacketBytes;
      continue;
    }
    if (fifo_.waiting() == 0) break;
    put(fifo_.next(), transfer, size);
    if (size % js110::kPacketBytes != 0) break;  // torn
  }
  return size;
}

void Js110Device::transfers_withdrawn(std::int64_t now_ns) {
  fifo_.produce(now_ns);
  fifo_.drop_waiting();
}

// Puts one packet, or what a fault makes of it, at `size` and moves that on.
void Js110Device::put(std::uint64_t number, std::span<std::byte> transfer, std::size_t& size) {
  const auto fault = faults_.empty() ? std::nullopt : faults_.take_packet_fault();
  const auto is = [&fault](FaultKind kind) { return fault && fault->kind == kind; };
  if (is(FaultKind::kLose)) return;
  const js110::WordSettings settings = word_settings();
  js110::PacketHeader header{.voltage_range = settings.voltage_range,
                             .index = static_cast<std::uint16_t>(number)};
  if (is(FaultKind::kStatus)) header.status = static_cast<std::uint8_t>(fault->value);
  if (is(FaultKind::kType)) header.buffer_type = static_cast<std::uint8_t>(fault->value);
  if (is(FaultKind::kLength)) header.length = static_cast<std::uint16_t>(fault->value);
  js110::PacketWordArray words;
  words_.fill(number, settings, words);
  for (std::size_t k = 0; k < words.size(); ++k) {
    if (is(FaultKind::kSlip) && k == words.size() / 2) slipped_ = !slipped_;
    if (slipped_) words[k] ^= 1u << 17;
    if (is(FaultKind::kMissing) && k < static_cast<std::size_t>(fault->value)) {
      words[k] = js110::kMissingWord;
    }
  }
  const auto slot = transfer.subspan(size, js110::kPacketBytes);
  std::ranges::copy(js110::pack_header(header), slot.begin());
  std::ranges::copy(std::as_bytes(std::span(words)),
                    slot.begin() + static_cast<std::ptrdiff_t>(js110::kPacketHeaderBytes));
  size += is(FaultKind::kTear) ? js110::kPacketBytes / 2 : js110::kPacketBytes;
  if (is(FaultKind::kRepeat)) std::ranges::copy(slot, repeated_.emplace().begin());
}

std::optional<std::int64_t> Js110Device::next_due_ns(std::int64_t now_ns) const {
  if (!is_present(now_ns)) return now_ns;  // to be told that it is gone
  if (faults_.peek(FaultKind::kStallIn) != nullptr ||
      faults_.peek(FaultKind::kIoError) != nullptr) {
    return now_ns;
  }
  if (silent_) return std::nullopt;
  auto due_ns = fifo_.due_ns(UsbPort::kTransferBytes / js110::kPacketBytes);
  if (due_ns) due_ns = std::max({*due_ns, now_ns, silent_until_ns_, delayed_until_ns_});
  return due_ns;
}

void Js110Device::inject(const Fault& fault, std::int64_t now_ns) {
  const std::int64_t until_ns = now_ns + fault.duration_ns.value_or(0);
  switch (fault.kind) {
    case FaultKind::kDelay:
      delayed_until_ns_ = until_ns;
      break;
    case FaultKind::kSilent:
      silent_ = !fault.duration_ns;
      silent_until_ns_ = until_ns;
      break;
    case FaultKind::kDisconnect:
      absent_until_ns_ = until_ns;
      break;
    case FaultKind::kReplug:
      absent_until_ns_ = until_ns;
      silent_ = false;
      power_on();
      break;
    case FaultKind::kRestart:
      if (!fifo_.running()) break;
      fifo_.start(now_ns);
      restart_load(now_ns);
      break;
    case FaultKind::kHeal:
      faults_.heal();
      silent_ = false;
      silent_until_ns_ = delayed_until_ns_ = absent_until_ns_ = now_ns;
      break;
    default:
      faults_.arm(fault);
  }
}

proto::Result<std::string> Js110Device::command(std::string_view text, std::int64_t now_ns) {
  if (text == "counter") return std::to_string(fifo_.samples_at(now_ns));
  if (text == "state") {
    return std::string(fifo_.running() ? "streaming" : "not streaming") +
           " select=" + std::to_string(settings_.select) +
           " counter=" + std::to_string(fifo_.samples_at(now_ns)) +
           " packets_lost=" + std::to_string(fifo_.lost_packets());
  }
  const auto fault = js110::parse_fault(text);
  if (!fault) return tl::unexpected(fault.error());
  inject(*fault, now_ns);
  return std::string("ok");
}

}  // namespace drivers
