// SPDX-License-Identifier: Apache-2.0
// Any bytes as a capture: read within bounds, written again as they were, played to the end.
#include <array>
#include <cstdlib>

#include "drivers/usb/capture_device.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto capture = drivers::parse_capture(bytes);
  if (!capture) return 0;
  auto again = drivers::pack_capture_head(capture->instrument, capture->start_utc_ns);
  for (const drivers::Exchange& exchange : capture->exchanges) {
    const auto packed = drivers::pack_exchange(exchange);
    again.insert(again.end(), packed.begin(), packed.end());
  }
  const auto read_again = drivers::parse_capture(again);
  if (!read_again || read_again->exchanges != capture->exchanges) std::abort();

  drivers::CaptureDevice device(*capture);
  std::array<std::byte, drivers::UsbPort::kTransferBytes> transfer{};
  std::int64_t now_ns = 0;
  static_cast<void>(device.bulk_out({}, now_ns));
  // Each transfer and each word that is not said passes once.
  for (std::size_t turn = 0; turn < 3 * capture->exchanges.size() + 3; ++turn) {
    const auto due_ns = device.next_due_ns(now_ns);
    if (due_ns && *due_ns > now_ns) now_ns = *due_ns;
    static_cast<void>(device.bulk_in(transfer, now_ns));
  }
  if (!device.is_over()) std::abort();
  return 0;
}
