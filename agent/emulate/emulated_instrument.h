// SPDX-License-Identifier: Apache-2.0
// From the options of `wattspool emulate` to a device that can be served.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "agent/emulate/emulate.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/capture.h"
#include "drivers/usb/faulty_bus.h"
#include "drivers/usb/served_device.h"
#include "drivers/usb/usb_device.h"
#include "proto/clock.h"
#include "proto/instrument.h"

namespace agent {

// One emulated instrument and what it needs.
struct Emulated {
  proto::InstrumentId id;
  drivers::Capture capture;  // of one that is played
  std::unique_ptr<drivers::SampleSource> source;
  std::unique_ptr<drivers::UsbDevice> device;
  std::unique_ptr<drivers::FaultyBus> bus;  // what is served: the device behind it
  bool claimed = false;
};

drivers::SourceSpec spec_of(const EmulateOptions& options, const std::string& serial);

// The instrument with its faults, ready to be served. The clock outlives it.
proto::Result<drivers::ServedDevice> add_instrument(const EmulateOptions& options,
                                                    const std::string& serial,
                                                    const proto::Clock& clock,
                                                    std::deque<Emulated>& instruments);

// What the file options.play was captured from, under the serial that was given, if one was.
proto::Result<drivers::ServedDevice> add_capture(const EmulateOptions& options,
                                                 std::deque<Emulated>& instruments);

}  // namespace agent
