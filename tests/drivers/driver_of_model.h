// SPDX-License-Identifier: Apache-2.0
// The driver of an instrument by the model in its id, with its defaults.
#pragma once

#include <memory>
#include <utility>

#include "drivers/js110.h"
#include "drivers/js220.h"

namespace drivers {

// The clock outlives the driver.
inline std::unique_ptr<InstrumentDriver> driver_of_model(const proto::InstrumentId& id,
                                                         std::unique_ptr<UsbPort> port,
                                                         const proto::Clock& clock) {
  if (id.model == "js110") {
    Js110Options options;
    options.serial = id.serial;
    return std::make_unique<Js110Driver>(std::move(options), std::move(port), clock);
  }
  Js220Options options;
  options.serial = id.serial;
  return std::make_unique<Js220Driver>(std::move(options), std::move(port), clock);
}

}  // namespace drivers
