// SPDX-License-Identifier: Apache-2.0
// What went over the cable between a driver and an instrument, as a file: to send to whoever can
// tell what an odd instrument does, and to play again in a test. Pure.
//
//   file    "WSUSBCAP", u16 version 1, u16 size of the model, u16 size of the serial, u16 0,
//           i64 start in UTC ns, model, serial; then exchanges to the end of the file
//   exchange  u8 kind, u8 status, u16 endpoint, u32 size, i64 ns since the start, size bytes
//
// Little endian. A file that ends within an exchange was cut: what is whole counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "drivers/usb/usb_port.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace drivers {

enum class ExchangeKind : std::uint8_t {
  kControlIn = 1,   // the 8 bytes of the setup packet, the answer
  kControlOut = 2,  // the 8 bytes of the setup packet, data
  kBulkOut = 3,     // data
  kBulkIn = 4,      // one completed transfer
};

struct Exchange {
  ExchangeKind kind = ExchangeKind::kBulkIn;
  std::uint8_t status = 0;  // an UsbErrc; 0: good
  std::uint8_t endpoint = 0;
  std::int64_t at_ns = 0;  // when it was complete, monotonic, since the start
  std::vector<std::byte> bytes;
  bool operator==(const Exchange&) const = default;
};

struct Capture {
  proto::InstrumentId instrument;
  std::int64_t start_utc_ns = 0;
  std::vector<Exchange> exchanges;
  bool cut = false;  // it ended within an exchange
};

// The beginning of each file.
inline constexpr std::string_view kCaptureMagic = "WSUSBCAP";
inline constexpr std::size_t kExchangeBytesMax = UsbPort::kTransferBytes + 8;

std::vector<std::byte> pack_capture_head(const proto::InstrumentId& instrument,
                                         std::int64_t start_utc_ns);
std::vector<std::byte> pack_exchange(const Exchange& exchange);

// UsbErrc::kProtocol says what is wrong and where.
proto::Result<Capture> parse_capture(std::span<const std::byte> bytes);

}  // namespace drivers
