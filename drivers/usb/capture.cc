// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/capture.h"

#include <algorithm>

#include "drivers/little_endian.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kHeadBytes = 24;
constexpr std::size_t kExchangeHeadBytes = 16;
constexpr std::size_t kNameBytesMax = 64;

template <class T>
void append(std::vector<std::byte>& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  store_at(std::span(out), at, value);
}

void append_text(std::vector<std::byte>& out, std::string_view text) {
  const std::size_t at = out.size();
  out.resize(at + text.size());
  std::ranges::copy(std::as_bytes(std::span(text)), out.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

tl::unexpected<proto::Error> malformed(const std::string& why) {
  return proto::fail(UsbErrc::kProtocol, "read a capture: " + why);
}

}  // namespace

std::vector<std::byte> pack_capture_head(const proto::InstrumentId& instrument,
                                         std::int64_t start_utc_ns) {
  std::vector<std::byte> out;
  append_text(out, kCaptureMagic);
  append(out, kVersion);
  append(out, static_cast<std::uint16_t>(instrument.model.size()));
  append(out, static_cast<std::uint16_t>(instrument.serial.size()));
  append(out, std::uint16_t{0});
  append(out, start_utc_ns);
  append_text(out, instrument.model);
  append_text(out, instrument.serial);
  return out;
}

std::vector<std::byte> pack_exchange(const Exchange& exchange) {
  std::vector<std::byte> out;
  out.reserve(kExchangeHeadBytes + exchange.bytes.size());
  append(out, exchange.kind);
  append(out, exchange.status);
  append(out, std::uint16_t{exchange.endpoint});
  append(out, static_cast<std::uint32_t>(exchange.bytes.size()));
  append(out, exchange.at_ns);
  out.insert(out.end(), exchange.bytes.begin(), exchange.bytes.end());
  return out;
}

proto::Result<Capture> parse_capture(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeadBytes || !std::ranges::equal(bytes.first(kCaptureMagic.size()),
                                                       std::as_bytes(std::span(kCaptureMagic)))) {
    return malformed("it does not begin with " + std::string(kCaptureMagic));
  }
  const auto version = load_at<std::uint16_t>(bytes, 8);
  if (version != kVersion) {
    return malformed("its version is " + std::to_string(version) + ", this program knows " +
                     std::to_string(kVersion));
  }
  const std::size_t model_bytes = load_at<std::uint16_t>(bytes, 10);
  const std::size_t serial_bytes = load_at<std::uint16_t>(bytes, 12);
  std::size_t at = kHeadBytes + model_bytes + serial_bytes;
  if (model_bytes > kNameBytesMax || serial_bytes > kNameBytesMax || at > bytes.size()) {
    return malformed("its head is cut off");
  }
  Capture capture;
  capture.start_utc_ns = load_at<std::int64_t>(bytes, 16);
  capture.instrument = {text_of(bytes.subspan(kHeadBytes, model_bytes)),
                        text_of(bytes.subspan(kHeadBytes + model_bytes, serial_bytes))};
  std::int64_t last_ns = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at < kExchangeHeadBytes) break;
    const auto kind = std::to_integer<std::uint8_t>(bytes[at]);
    const auto size = load_at<std::uint32_t>(bytes, at + 4);
    const auto at_ns = load_at<std::int64_t>(bytes, at + 8);
    const bool has_setup = kind <= static_cast<std::uint8_t>(ExchangeKind::kControlOut);
    if (kind < 1 || kind > 4 || size > kExchangeBytesMax || at_ns < last_ns ||
        (has_setup && size < 8)) {
      return malformed("the exchange at byte " + std::to_string(at) + " is none");
    }
    if (bytes.size() - at - kExchangeHeadBytes < size) break;
    const auto payload = bytes.subspan(at + kExchangeHeadBytes, size);
    capture.exchanges.push_back({.kind = static_cast<ExchangeKind>(kind),
                                 .status = std::to_integer<std::uint8_t>(bytes[at + 1]),
                                 .endpoint = std::to_integer<std::uint8_t>(bytes[at + 2]),
                                 .at_ns = at_ns,
                                 .bytes = {payload.begin(), payload.end()}});
    last_ns = at_ns;
    at += kExchangeHeadBytes + size;
  }
  capture.cut = at < bytes.size();
  return capture;
}

}  // namespace drivers
