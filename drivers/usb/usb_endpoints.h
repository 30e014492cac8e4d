// SPDX-License-Identifier: Apache-2.0
// Whether what a device says of its interface is what the model needs: told at opening, before a
// byte goes to an endpoint that is not there. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proto/result.h"

namespace drivers {

// Of interface 0, alternate setting 0.
struct UsbEndpointSeen {
  std::uint8_t address = 0;  // 0x80 and up: IN
  bool bulk = false;
};

// JS220: bulk IN 0x82 and bulk OUT 0x01 (its sheet, section 1); JS110: bulk IN 0x82 (its sheet,
// section 2). More of them are no harm; of a model that is not known none is needed.
// UsbErrc::kProtocol: one is missing or not bulk. `node` is named.
proto::Result<void> check_endpoints(std::string_view model, const std::string& node,
                                    std::span<const UsbEndpointSeen> seen);

}  // namespace drivers
