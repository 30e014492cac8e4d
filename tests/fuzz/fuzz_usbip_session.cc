// SPDX-License-Identifier: Apache-2.0
// What anybody may send to the USB/IP server, in pieces, while time passes. The first byte of each
// piece says how long it is and what happens after it.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "drivers/js220_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/usbip_session.h"
#include "drivers/usb/virtual_clock.h"
#include "proto/check.h"

namespace {

constexpr std::int64_t kStartUtcNs = 1'790'000'000'000'000'000;
constexpr std::int64_t kTickNs = 3'000'000;

std::size_t feed(drivers::UsbipSession& session, std::span<const std::uint8_t> piece,
                 std::int64_t now_ns) {
  const auto room = session.input_room();
  const std::size_t count = std::min(room.size(), piece.size());
  std::memcpy(room.data(), piece.data(), count);
  session.on_input(count, now_ns);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<drivers::SampleSource> source = std::move(*drivers::make_source({}));
  drivers::VirtualClock clock(kStartUtcNs, kTickNs);
  drivers::Js220Device device(*source, clock);
  std::array<drivers::ServedDevice, 1> devices{
      drivers::ServedDevice{.serial = "000001", .device = &device}};
  drivers::UsbipSession session(devices);
  std::span<const std::uint8_t> rest(data, size);
  while (!rest.empty() && session.wants_input()) {
    const std::uint8_t what = rest[0];
    rest = rest.subspan(1);
    const std::size_t wanted = what < 128 ? what : 48;
    rest = rest.subspan(
        feed(session, rest.first(std::min(wanted, rest.size())), clock.monotonic_ns()));
    WS_CHECK(session.output().size() <= 3'000'000);
    if (what % 3 != 0) session.sent(session.output().size());
    if (what % 5 == 0) clock.advance(kTickNs);
    session.catch_up(clock.monotonic_ns());
    if (const auto wake_ns = session.next_wake_ns(clock.monotonic_ns())) WS_CHECK(*wake_ns > 0);
  }
  return 0;
}
