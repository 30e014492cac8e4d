// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_sysfs.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <system_error>
#include <tuple>

#include "drivers/usb/usb_errc.h"
#include "proto/ids.h"

namespace drivers {
namespace {

namespace fs = std::filesystem;

// Sheet of the JS220, section 1; sheet of the JS110, section 1.
constexpr std::array kKnown = {
    UsbModel{0x16D0, 0x10BA, "js220", false},
    UsbModel{0x16D0, 0x10B9, "js220", true},
    UsbModel{0x16D0, 0x0E88, "js110", false},
    UsbModel{0x16D0, 0x0E87, "js110", true},
};

// The first line of a small file; absent when it is not there (any more).
std::optional<std::string> read_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return line;
}

std::optional<unsigned> read_number(const fs::path& file, int base) {
  const auto line = read_line(file);
  unsigned value = 0;
  if (!line) return std::nullopt;
  const auto [end, status] =
      std::from_chars(line->data(), line->data() + line->size(), value, base);
  if (status != std::errc()) return std::nullopt;
  return value;
}

// "004"
std::string three_digits(unsigned number) {
  std::string text = std::to_string(number);
  return std::string(text.size() < 3 ? 3 - text.size() : 0, '0') + text;
}

std::error_code access_to(const fs::path& node) {
  if (::access(node.c_str(), R_OK | W_OK) == 0) return {};
  if (errno == EACCES || errno == EPERM || errno == EROFS) return UsbErrc::kAccess;
  return {};  // going or coming: what opens it will say
}

}  // namespace

std::span<const UsbModel> known_usb_models() { return kKnown; }

std::vector<UsbNode> UsbSysfs::scan() const {
  std::vector<UsbNode> nodes;
  std::error_code ignored;
  for (fs::directory_iterator entry(devices_, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (auto node = look_at(entry->path())) nodes.push_back(std::move(*node));
  }
  std::ranges::sort(nodes, {}, [](const UsbNode& node) {
    return std::tuple(node.found.model, node.found.serial, node.found.node);
  });
  return nodes;
}

std::optional<UsbNode> UsbSysfs::look_at(const fs::path& device) const {
  const auto vendor = read_number(device / "idVendor", 16);  // interfaces have none
  const auto product = read_number(device / "idProduct", 16);
  const auto known = std::ranges::find_if(
      kKnown, [&](const UsbModel& one) { return vendor == one.vendor && product == one.product; });
  const auto bus = read_number(device / "busnum", 10);
  const auto number = read_number(device / "devnum", 10);
  if (known == kKnown.end() || !bus || !number) return std::nullopt;
  UsbNode node;
  node.sysfs = device;
  node.found.model = known->model;
  node.found.updater = known->updater;
  const fs::path path = nodes_ / three_digits(*bus) / three_digits(*number);
  node.found.node = path.string();
  const auto serial = read_line(device / "serial");
  if (!serial) {
    node.found.trouble = UsbErrc::kIo;
  } else if (!proto::is_wire_id(*serial)) {
    node.found.trouble = UsbErrc::kProtocol;
  } else {
    node.found.serial = *serial;
    node.found.trouble = access_to(path);
  }
  return node;
}

proto::Result<UsbNode> UsbSysfs::find(const proto::InstrumentId& id) const {
  std::optional<UsbNode> match;
  for (UsbNode& node : scan()) {
    if (node.found.model != id.model || node.found.serial != id.serial) continue;
    if (match) {
      return proto::fail(UsbErrc::kProtocol, "two instruments call themselves " + id.to_string() +
                                                 " (" + match->found.node + " and " +
                                                 node.found.node + "): unplug one of them");
    }
    match = std::move(node);
  }
  if (!match) return proto::fail(UsbErrc::kNoDevice, "find " + id.to_string() + " on the USB");
  return std::move(*match);
}

int UsbSysfs::configuration(const UsbNode& node) {
  return static_cast<int>(read_number(node.sysfs / "bConfigurationValue", 10).value_or(0));
}

bool UsbSysfs::is_same(const UsbNode& node) const {
  const auto now = look_at(node.sysfs);
  return now && now->found.node == node.found.node && now->found.serial == node.found.serial;
}

}  // namespace drivers
