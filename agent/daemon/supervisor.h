// SPDX-License-Identifier: Apache-2.0
// Follows the bus while the daemon runs: discovered instruments get a worker, known ones are told
// that they arrived, and what cannot be read is put into words.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/daemon/bus_watch.h"
#include "agent/daemon/discovery.h"
#include "agent/daemon/main_mailbox.h"
#include "agent/daemon/parts.h"
#include "agent/log/log.h"

namespace agent {

// One thread, but for the bus's own.
class Supervisor {
 public:
  // All that it refers to outlives it.
  Supervisor(Parts& parts, const PartsSetup& setup, MainMailbox& mailbox);

  // The thread of the bus begins; nothing happens where no instrument is on a bus and none is
  // discovered.
  void start();
  // Acts on a scan; false: there is no new one. From the main thread, at each turn.
  bool serve();
  // The thread of the bus ends, which this does not wait for; the destructor does.
  void request_stop() { watch_.request_stop(); }
  // Of that thread, as BusWatch has it.
  std::optional<std::uint64_t> heartbeat() const { return watch_.heartbeat(); }

  const std::vector<HealthReason>& findings() const { return findings_; }

 private:
  void add(const proto::InstrumentId& id, std::vector<HealthReason>& findings);
  void tell(const std::vector<HealthReason>& findings);

  Parts& parts_;
  const PartsSetup setup_;
  MainMailbox& mailbox_;
  Discovery discovery_;
  BusWatch watch_;
  std::vector<HealthReason> findings_;
  std::vector<HealthReason> refused_;  // discovered, and no driver could be made; lasting
};

}  // namespace agent
