// SPDX-License-Identifier: Apache-2.0
// Rows that will not be sent: those that the broker never takes (listed for people), and corrupt
// ones (until their ack is durable). Kept in the spool's state, so that a restart knows them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/forward/forwarder.h"
#include "agent/forward/row_expander.h"
#include "buffer/row.h"

namespace agent {

inline constexpr const char* kQuarantinePrefix = "forward.quarantine/";

// One thread.
class Quarantine {
 public:
  // `saved` is state_with_prefix(kQuarantinePrefix); what cannot be read of it is left out.
  void load(const std::map<std::string, std::string>& saved);

  // The change that marks the row as set aside. It counts once settle() saw it in the spool's
  // state.
  buffer::StateChange add(const RowId& id, ForwarderEvent::Kind kind, QuarantinedBatch batch);
  static std::string key_of(const RowId& id);

  bool contains(const RowId& id) const { return entries_.contains(id); }
  bool settled(const RowId& id) const;
  void settle(const RowId& id);
  // The ack of the lane is durable through there: corrupt rows before it need no entry any more.
  std::vector<buffer::StateChange> forget_corrupt(proto::Lane lane, buffer::Position through);

  std::vector<QuarantinedBatch> list() const;

 private:
  struct Entry {
    ForwarderEvent::Kind kind = ForwarderEvent::Kind::kBatchQuarantined;
    QuarantinedBatch batch;
    bool settled = false;
  };
  std::map<RowId, Entry> entries_;
};

}  // namespace agent
