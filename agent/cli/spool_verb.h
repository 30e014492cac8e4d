// SPDX-License-Identifier: Apache-2.0
// `wattspool spool info|list|verify`: looks at the spool's file itself, so it works with the daemon
// dead.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "proto/lane.h"

namespace agent {

struct SpoolVerbOptions {
  std::string path;
  bool json = false;
  std::optional<proto::Lane> lane;       // list: of this lane only
  std::uint32_t rows_max = 20;           // list: the newest of each lane; 0: all
  std::function<bool(double)> progress;  // verify: 0..1; false stops
};

// Exit codes: 0 done; 1 the file cannot be read, or (verify) something is damaged.
int spool_info(const SpoolVerbOptions& options, std::ostream& out, std::ostream& err);
int spool_list(const SpoolVerbOptions& options, std::ostream& out, std::ostream& err);
int spool_verify(const SpoolVerbOptions& options, std::ostream& out, std::ostream& err);

}  // namespace agent
