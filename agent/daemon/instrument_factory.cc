// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/instrument_factory.h"

#include <utility>

#include "agent/config/config_options.h"
#include "agent/daemon/daemon_errc.h"
#include "drivers/js110.h"
#include "drivers/js220.h"
#include "drivers/js220_signals.h"
#include "drivers/usb/libusb_bus.h"
#include "drivers/usb/socket_port.h"

namespace agent {
namespace {

constexpr std::string_view kSocketScheme = "unix:";
constexpr std::string_view kUsb = "usb";

tl::unexpected<proto::Error> bad_port(const Settings& instrument) {
  return proto::fail(DaemonErrc::kBadPort, instrument_id(instrument).to_string() + ": port \"" +
                                               instrument.text("port") + "\"");
}

}  // namespace

std::unique_ptr<drivers::UsbBus> make_usb_bus(const proto::Clock& clock) {
  return std::make_unique<drivers::LibusbBus>(clock);
}

proto::Result<std::unique_ptr<drivers::UsbPort>> make_port(const Settings& instrument,
                                                           const proto::Clock& clock,
                                                           drivers::UsbBus& usb) {
  const proto::InstrumentId id = instrument_id(instrument);
  const std::string& port = instrument.text("port");
  if (port == kUsb) return usb.make_port(id);
  if (!port.starts_with(kSocketScheme)) return bad_port(instrument);
  return std::make_unique<drivers::SocketPort>(instrument_socket(instrument), id.serial, clock);
}

proto::Result<std::unique_ptr<drivers::InstrumentDriver>> make_driver_over(
    std::unique_ptr<drivers::UsbPort> port, const Settings& instrument, const proto::Clock& clock) {
  const proto::InstrumentId id = instrument_id(instrument);
  if (id.model == "js220") {
    drivers::Js220Options options;
    options.serial = id.serial;
    return std::make_unique<drivers::Js220Driver>(std::move(options), std::move(port), clock);
  }
  if (id.model == "js110") {
    drivers::Js110Options options;
    options.serial = id.serial;
    options.keep_words =
        instrument.text("waveform.rate") == "full" && instrument.text("waveform.words") == "raw";
    return std::make_unique<drivers::Js110Driver>(std::move(options), std::move(port), clock);
  }
  return bad_port(instrument);
}

proto::Result<std::unique_ptr<drivers::InstrumentDriver>> make_driver(const Settings& instrument,
                                                                      const proto::Clock& clock,
                                                                      drivers::UsbBus& usb) {
  auto port = make_port(instrument, clock, usb);
  if (!port) return tl::unexpected(port.error());
  return make_driver_over(std::move(*port), instrument, clock);
}

std::uint32_t ids_per_value_of(std::string_view device_id) {
  if (!device_id.starts_with("js220-")) return 1;
  return drivers::js220::describe(drivers::js220::signals().front()).ids_per_value;
}

}  // namespace agent
