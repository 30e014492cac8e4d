// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/discovery.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <utility>

#include "agent/config/setting_value.h"
#include "agent/status/instrument_words.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

using drivers::UsbFound;

constexpr std::size_t kShownMax = 64;

// A device's own text, as a person may see it.
std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, kShownMax)) {
    out += c >= ' ' && c <= '~' ? std::string(1, c)
                                : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return text.size() > kShownMax ? out + "..." : out;
}

HealthReason finding(std::string code, std::string object, std::string message,
                     std::string remedy) {
  return {Health::kDegraded, std::move(code), std::move(object), std::move(message),
          std::move(remedy)};
}

// Of one that has no usable name of its own.
HealthReason nameless(const UsbFound& found) {
  const std::string device = fmt::format("The {} at {}", found.model, found.node);
  if (found.updater) {
    return finding(
        "usb_updater", found.node, device + " is in updater mode, measuring nothing.",
        "finish its update with the vendor's program, or unplug it and plug it in again");
  }
  if (found.serial.empty()) {
    const bool denied = found.trouble == drivers::UsbErrc::kAccess;
    return finding("usb_unreadable", found.node,
                   fmt::format("{} does not tell its serial: {}.", device,
                               found.trouble ? found.trouble.message() : "it has none"),
                   denied ? instrument_remedy({found.model, "SERIAL"}, "denied")
                          : "unplug it and plug it in again");
  }
  return finding("usb_serial_unusable", found.node,
                 fmt::format("{} has the serial \"{}\", which cannot be part of a device id "
                             "(A-Z a-z 0-9 . _ -, 64 with the model).",
                             device, shown(found.serial)),
                 "give it another serial with the vendor's program");
}

HealthReason twice(const proto::InstrumentId& id, const std::vector<const UsbFound*>& devices,
                   bool is_known) {
  std::string nodes;
  for (const UsbFound* device : devices) nodes += (nodes.empty() ? "" : " and ") + device->node;
  return finding(
      "usb_serial_twice", id.to_string(),
      fmt::format("{} devices say that they are {}: at {}. {}.", devices.size(), id.to_string(),
                  nodes,
                  is_known ? "The one that is open, if there is one, is read on; none is opened"
                           : "None is read"),
      "unplug all but one");
}

}  // namespace

Discovery::Discovery(DiscoveryRules rules) : rules_(std::move(rules)) {}

bool Discovery::is_wanted(const UsbFound& found) const {
  return rules_.adds && (rules_.serials.empty() || rules_.serials.contains(found.serial));
}

BusView Discovery::look(const proto::Result<std::vector<UsbFound>>& found,
                        const std::set<proto::InstrumentId>& known) {
  BusView view;
  if (!found) {
    view.findings.push_back(
        finding("usb_bus_unreadable", "usb",
                fmt::format("The USB cannot be looked at: {}.", found.error().message()),
                "journalctl -k; instruments that are open go on"));
    return view;
  }
  std::map<proto::InstrumentId, std::vector<const UsbFound*>> devices;
  for (const UsbFound& one : *found) {
    if (is_instrument_id(one.model + "/" + one.serial)) {
      devices[{one.model, one.serial}].push_back(&one);
    } else if (rules_.adds && rules_.serials.empty()) {
      view.findings.push_back(nameless(one));
    }
  }
  std::set<std::string> seen;
  for (const auto& [id, ones] : devices) {
    const bool is_known = known.contains(id);
    if (!is_known && !is_wanted(*ones.front())) continue;
    if (ones.size() > 1) view.findings.push_back(twice(id, ones, is_known));
    for (const UsbFound* one : ones) {
      const std::string mark = id.to_string() + " " + one->node + (one->updater ? " updater" : "");
      seen.insert(mark);
      if (is_known && !one->updater && !seen_.contains(mark)) view.arrived.push_back(id);
    }
    if (is_known || ones.size() > 1) continue;
    if (added_ >= rules_.added_max) {
      view.findings.push_back(finding(
          "usb_too_many", id.to_string(),
          fmt::format("{} is not read: {} instruments were discovered, there is room for no more.",
                      id.to_string(), added_),
          "name the wanted ones in usb.serials, or raise spool.quota"));
      continue;
    }
    ++added_;
    view.add.push_back(id);
  }
  seen_ = std::move(seen);
  return view;
}

}  // namespace agent
