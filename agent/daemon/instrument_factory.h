// SPDX-License-Identifier: Apache-2.0
// From an [[instrument]] of the configuration to the driver that reads it. A new family of
// instruments is added here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "agent/config/settings.h"
#include "drivers/instrument_driver.h"
#include "drivers/usb/usb_bus.h"
#include "proto/clock.h"
#include "proto/result.h"

namespace agent {

// The clock and the bus outlive the driver. Nothing is opened yet.
using DriverFactory = std::function<proto::Result<std::unique_ptr<drivers::InstrumentDriver>>(
    const Settings& instrument, const proto::Clock& clock, drivers::UsbBus& usb)>;

// Never null; the clock outlives the bus.
using BusFactory = std::function<std::unique_ptr<drivers::UsbBus>(const proto::Clock& clock)>;
std::unique_ptr<drivers::UsbBus> make_usb_bus(const proto::Clock& clock);

// The two halves of make_driver(), for those who put something between port and driver.
proto::Result<std::unique_ptr<drivers::UsbPort>> make_port(const Settings& instrument,
                                                           const proto::Clock& clock,
                                                           drivers::UsbBus& usb);
proto::Result<std::unique_ptr<drivers::InstrumentDriver>> make_driver_over(
    std::unique_ptr<drivers::UsbPort> port, const Settings& instrument, const proto::Clock& clock);

// DaemonErrc::kBadPort names the instrument and its port.
proto::Result<std::unique_ptr<drivers::InstrumentDriver>> make_driver(const Settings& instrument,
                                                                      const proto::Clock& clock,
                                                                      drivers::UsbBus& usb);

// SampleIds per value of the float signals, by which a range of ids is told in values. For rows of
// instruments that need not be there any more, so it goes by the model in their device_id.
std::uint32_t ids_per_value_of(std::string_view device_id);

}  // namespace agent
