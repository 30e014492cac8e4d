// SPDX-License-Identifier: Apache-2.0
#include "agent/emulate/emulated_instrument.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/record/capture_store.h"
#include "drivers/js110_device.h"
#include "drivers/js220_device.h"
#include "drivers/signal/noise.h"
#include "drivers/usb/capture_device.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

constexpr std::string_view kJs110 = "js110";
constexpr std::string_view kJs220 = "js220";

// The product ids of the updaters: sheet of the JS220, section 1; of the JS110, section 1.
constexpr std::uint16_t kJs220Updater = 0x10B9;
constexpr std::uint16_t kJs110Updater = 0x0E87;

// A line for the bus, or for the instrument.
template <class Device>
proto::Result<std::string> command(drivers::FaultyBus& bus, Device& device, std::string_view text,
                                   std::int64_t now_ns) {
  if (text == "heal") bus.heal(now_ns);
  if (!drivers::is_bus_fault(text)) return device.command(text, now_ns);
  const auto fault = drivers::parse_bus_fault(text);
  if (!fault) return tl::unexpected(fault.error());
  if (const auto away_ns = drivers::FaultyBus::away_ns(*fault); away_ns > 0) {
    // Its settings and its counter begin anew behind it.
    const std::string replug = "replug " + std::to_string(away_ns / 1'000'000) + "ms";
    if (auto done = device.command(replug, now_ns); !done) return done;
  }
  bus.inject(*fault, now_ns);
  return std::string("ok");
}

// A device with its faults from the start, and what answers its commands.
template <class Device>
proto::Result<drivers::ServedDevice> add_device(std::unique_ptr<Device> made,
                                                const EmulateOptions& options,
                                                std::uint16_t updater, std::int64_t now_ns,
                                                Emulated& instrument) {
  Device& device = *made;
  instrument.device = std::move(made);
  instrument.bus = std::make_unique<drivers::FaultyBus>(device, updater);
  drivers::FaultyBus& bus = *instrument.bus;
  for (const std::string& text : options.faults) {
    const auto done = command(bus, device, text, now_ns);
    if (!done) return tl::unexpected(done.error());
  }
  return drivers::ServedDevice{
      .serial = {},
      .device = &bus,
      .command = [&bus, &device](std::string_view text,
                                 std::int64_t at_ns) { return command(bus, device, text, at_ns); },
      .claimed = &instrument.claimed};
}

// What a host reads of the model before it opens it; a capture begins later.
proto::Result<drivers::UsbDescriptors> descriptors_of(const proto::InstrumentId& id) {
  const auto source = drivers::make_source({});
  if (!source) return tl::unexpected(source.error());
  if (id.model == kJs110) {
    return drivers::Js110Device(**source, {.serial = id.serial}).descriptors();
  }
  if (id.model == kJs220) {
    const proto::SystemClock clock;
    return drivers::Js220Device(**source, clock, {.serial = id.serial}).descriptors();
  }
  return proto::fail(drivers::UsbErrc::kProtocol,
                     "play the capture of a '" + id.model + "': js220 and js110 are known");
}

}  // namespace

std::uint64_t seed_of(std::uint64_t seed, const std::string& serial) {
  std::uint64_t key = seed;
  for (const char c : serial) key = drivers::derive_key(key, static_cast<unsigned char>(c));
  return key;
}

drivers::SourceSpec spec_of(const EmulateOptions& options, const std::string& serial) {
  drivers::SourceSpec spec{.seed = seed_of(options.seed, serial), .load = options.load};
  drivers::TraceFile file{.path = options.play,
                          .format = *drivers::trace_format_from(options.format),
                          .rate_hz = options.rate_hz,
                          .scale = options.scale};
  if (!options.play.empty()) spec.trace = file;
  if (!options.play_voltage.empty()) {
    file.path = options.play_voltage;
    file.scale = 1;
    spec.voltage_trace = file;
  }
  spec.voltage_v = options.voltage_v;
  return spec;
}

// In slow time transfers fill as far as in real time.
drivers::Js220DeviceOptions js220_options(const EmulateOptions& options,
                                          const std::string& serial) {
  constexpr double kHoldMaxNs = 100e6;
  drivers::Js220DeviceOptions device{
      .serial = serial, .start_id = options.start_id, .time_scale = options.time_scale};
  const double hold_ns = static_cast<double>(device.hold_ns) / options.time_scale;
  device.hold_ns = std::llround(std::min(hold_ns, kHoldMaxNs));
  return device;
}

proto::Result<drivers::ServedDevice> add_instrument(const EmulateOptions& options,
                                                    const std::string& serial,
                                                    const proto::Clock& clock,
                                                    std::deque<Emulated>& instruments) {
  auto source = drivers::make_source(spec_of(options, serial));
  if (!source) return tl::unexpected(source.error());
  Emulated& instrument = instruments.emplace_back();
  instrument.id = {options.model, serial};
  instrument.source = std::move(*source);
  const std::int64_t now_ns = clock.monotonic_ns();
  auto served = options.model == kJs110
                    ? add_device(std::make_unique<drivers::Js110Device>(
                                     *instrument.source,
                                     drivers::Js110DeviceOptions{.serial = serial,
                                                                 .time_scale = options.time_scale}),
                                 options, kJs110Updater, now_ns, instrument)
                    : add_device(std::make_unique<drivers::Js220Device>(
                                     *instrument.source, clock, js220_options(options, serial)),
                                 options, kJs220Updater, now_ns, instrument);
  if (served) served->serial = serial;
  return served;
}

proto::Result<drivers::ServedDevice> add_capture(const EmulateOptions& options,
                                                 std::deque<Emulated>& instruments) {
  auto capture = read_capture(options.play);
  if (!capture) return tl::unexpected(capture.error());
  Emulated& instrument = instruments.emplace_back();
  instrument.capture = std::move(*capture);
  instrument.id = instrument.capture.instrument;
  if (!options.serials.empty()) instrument.id.serial = options.serials.front();
  auto descriptors = descriptors_of(instrument.id);
  if (!descriptors) return tl::unexpected(descriptors.error());
  instrument.device =
      std::make_unique<drivers::CaptureDevice>(instrument.capture, std::move(*descriptors));
  return drivers::ServedDevice{
      .serial = instrument.id.serial,
      .device = instrument.device.get(),
      .command = [](std::string_view, std::int64_t) -> proto::Result<std::string> {
        return proto::fail(drivers::UsbErrc::kProtocol, "a capture takes no commands");
      },
      .claimed = &instrument.claimed};
}

}  // namespace agent
