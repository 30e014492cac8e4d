// SPDX-License-Identifier: Apache-2.0
// Tells our own pause from a second agent with our id, by the instance that the newest progress
// record names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/forward/progress_reader.h"

namespace agent {

// One thread. Pure: time is passed in.
class InstanceGuard {
 public:
  explicit InstanceGuard(std::string instance_id) : ours_(std::move(instance_id)) {}

  // At start: whoever wrote before us has ended, we take over.
  void accept(const FoundProgress& found);
  // Later: somebody else has written since.
  bool is_foreign(const FoundProgress& found) const;
  // While held: what a look from where the last one ended has found. True once the other has
  // written nothing for `silence`: a live agent writes at least each minute.
  bool is_gone(const FoundProgress& found, std::int64_t now_ns);
  // "<host> (instance ..., started ...)".
  static std::string describe(const proto::ProgressRecord& record);

 private:
  const std::string ours_;
  std::string predecessor_;
  std::optional<std::int64_t> heard_ns_;
};

}  // namespace agent
