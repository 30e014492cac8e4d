// SPDX-License-Identifier: Apache-2.0
// What to make of the devices that a bus shows: which ones get a worker, which ones have just come,
// and what a person should know of the others. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "agent/status/agent_status.h"
#include "drivers/usb/usb_bus.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace agent {

struct DiscoveryRules {
  bool adds = true;               // usb.discover = "auto"
  std::set<std::string> serials;  // usb.serials; empty: any
  std::size_t added_max = 0;      // memory and disk are given out for so many
};

struct BusView {
  std::vector<proto::InstrumentId> add;      // get a worker now
  std::vector<proto::InstrumentId> arrived;  // known ones that the scan before did not show so
  std::vector<HealthReason> findings;        // of what is on the bus and cannot be read
};

// One thread.
class Discovery {
 public:
  explicit Discovery(DiscoveryRules rules);

  // `known` have a worker, configured or added before.
  BusView look(const proto::Result<std::vector<drivers::UsbFound>>& found,
               const std::set<proto::InstrumentId>& known);

 private:
  bool is_wanted(const drivers::UsbFound& found) const;

  const DiscoveryRules rules_;
  std::size_t added_ = 0;
  std::set<std::string> seen_;  // of the last scan: id, node and mode
};

}  // namespace agent
