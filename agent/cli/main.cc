// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <iostream>

#include "agent/cli/cli.h"

int main(int argc, char** argv) {
  const proto::SystemClock clock;
  agent::CliContext cli{.out = std::cout, .err = std::cerr, .clock = clock};
  cli.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  cli.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  cli.colour = agent::wants_colour(cli.out_is_terminal);
  cli.sources = agent::process_sources(std::nullopt);
  const int code = agent::run_cli({argv + 1, argv + argc}, std::move(cli));
  if (std::cout.flush()) return code;
  std::cerr << "wattspool: the result could not be written to standard output\n";
  return agent::kExitFailed;
}
