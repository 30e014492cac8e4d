// SPDX-License-Identifier: Apache-2.0
// What the kernel says of the devices on its buses: no device is opened to be looked at. Works with
// and without udev.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/usb/usb_bus.h"

namespace drivers {

// A device that this program knows by its USB id. The udev rules name the same ones.
struct UsbModel {
  std::uint16_t vendor;
  std::uint16_t product;
  std::string_view model;
  bool updater;
};
std::span<const UsbModel> known_usb_models();

struct UsbNode {
  UsbFound found;
  std::filesystem::path sysfs;  // the device's folder
};

// Any thread.
class UsbSysfs {
 public:
  explicit UsbSysfs(std::filesystem::path devices = "/sys/bus/usb/devices",
                    std::filesystem::path nodes = "/dev/bus/usb")
      : devices_(std::move(devices)), nodes_(std::move(nodes)) {}

  // Devices of known models, by model, serial and node. A host without USB has none.
  std::vector<UsbNode> scan() const;
  // The one with this model and serial. UsbErrc::kNoDevice; kProtocol: there are two of them.
  proto::Result<UsbNode> find(const proto::InstrumentId& id) const;
  // As the kernel has set it; 0: not yet, or not at all.
  static int configuration(const UsbNode& node);
  // It is still this device that has the node: numbers are used again, but not soon.
  bool is_same(const UsbNode& node) const;
  const std::filesystem::path& nodes() const { return nodes_; }

 private:
  std::optional<UsbNode> look_at(const std::filesystem::path& device) const;

  const std::filesystem::path devices_;
  const std::filesystem::path nodes_;
};

}  // namespace drivers
