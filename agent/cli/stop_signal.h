// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a flag, for verbs that run until they are told to end.
#pragma once

#include <atomic>
#include <chrono>

namespace agent {

// From now on these signals set the flag; a second one ends the program as usual. The flag is the
// process's.
const std::atomic<bool>& stop_on_signals();

// Returns early when the flag is set.
void sleep_unless_stopped(std::chrono::milliseconds time, const std::atomic<bool>& stop);

}  // namespace agent
