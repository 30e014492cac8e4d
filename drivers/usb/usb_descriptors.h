// SPDX-License-Identifier: Apache-2.0
// What a device says of itself when it is plugged in, as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace drivers {

struct UsbBulkEndpoint {
  std::uint8_t address = 0;  // 0x80 and up: IN
  std::uint16_t packet_bytes_max = 512;
};

// One configuration (value 1) with one vendor interface (0, alternate setting 0), high speed.
struct UsbDescriptors {
  std::uint16_t vendor_id = 0;
  std::uint16_t product_id = 0;
  std::uint16_t device_release = 0;  // bcdDevice
  std::string manufacturer;          // strings 1, 2 and 3
  std::string product;
  std::string serial;
  std::uint16_t max_power_ma = 500;
  std::vector<UsbBulkEndpoint> endpoints;
};

}  // namespace drivers
