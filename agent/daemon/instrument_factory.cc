// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/instrument_factory.h"

#include <utility>

#include "agent/config/config_options.h"
#include "agent/daemon/daemon_errc.h"
#include "drivers/js110.h"
#include "drivers/js220.h"
#include "drivers/js220_signals.h"
#include "drivers/usb/socket_port.h"

namespace agent {
namespace {

constexpr std::string_view kSocketScheme = "unix:";

}  // namespace

proto::Result<std::unique_ptr<drivers::InstrumentDriver>> make_driver(const Settings& instrument,
                                                                      const proto::Clock& clock) {
  const proto::InstrumentId id = instrument_id(instrument);
  const std::string& port = instrument.text("port");
  const bool is_known = id.model == "js220" || id.model == "js110";
  if (!is_known || !port.starts_with(kSocketScheme)) {
    return proto::fail(DaemonErrc::kBadPort, id.to_string() + ": port \"" + port + "\"");
  }
  auto socket =
      std::make_unique<drivers::SocketPort>(instrument_socket(instrument), id.serial, clock);
  if (id.model == "js110") {
    drivers::Js110Options options;
    options.serial = id.serial;
    return std::make_unique<drivers::Js110Driver>(std::move(options), std::move(socket), clock);
  }
  drivers::Js220Options options;
  options.serial = id.serial;
  return std::make_unique<drivers::Js220Driver>(std::move(options), std::move(socket), clock);
}

std::uint32_t ids_per_value_of(std::string_view device_id) {
  if (!device_id.starts_with("js220-")) return 1;
  return drivers::js220::describe(drivers::js220::signals().front()).ids_per_value;
}

}  // namespace agent
