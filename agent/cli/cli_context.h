// SPDX-License-Identifier: Apache-2.0
// What every verb works with: where the result goes, where the talk goes, and the options that all
// verbs share.
#pragma once

#include <ostream>
#include <string>

#include "agent/config/config_load.h"
#include "proto/clock.h"

namespace agent {

// `check` has meanings of its own (README.md).
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;

struct CliContext {
  std::ostream& out;  // the result, and nothing else
  std::ostream& err;  // talk
  const proto::Clock& clock;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;

  ConfigSources sources = {};  // with --config
  std::string socket = {};     // --socket; empty: the configuration's
};

// Colours are for a terminal, and not for one that asked for none (NO_COLOR, TERM=dumb).
bool wants_colour(bool is_terminal);

}  // namespace agent
