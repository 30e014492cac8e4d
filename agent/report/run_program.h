// SPDX-License-Identifier: Apache-2.0
// Another program of this host, and what it said.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "proto/clock.h"
#include "proto/result.h"

namespace agent {

struct ProgramLimits {
  std::chrono::milliseconds time{10'000};
  std::size_t out_bytes_max = 16 << 20;
  int out_fd = -1;  // where standard output goes; -1: into ProgramOutcome::out
};

struct ProgramOutcome {
  int exit_code = 0;  // 128 + N: ended by signal N
  std::string out;
  std::string err;
  bool cut_off = false;  // it took too long or said too much, and was ended
};

// `words` are the program, looked for in $PATH, and its arguments; no shell. Its input is empty,
// its locale C.UTF-8. Errors: it cannot be started.
proto::Result<ProgramOutcome> run_program(const std::vector<std::string>& words,
                                          const ProgramLimits& limits, const proto::Clock& clock);

}  // namespace agent
