// SPDX-License-Identifier: Apache-2.0
// What the process around the parts can answer.
#pragma once

#include <system_error>

namespace agent {

enum class DaemonErrc {
  kNoAnswer = 1,  // a thread did not answer in time
  kStopping,      // the daemon is about to end
  kBadPort,       // an instrument's port names nothing that can be opened
  kReleased,      // a person gave the instrument to other programs
};

const std::error_category& daemon_category();
std::error_code make_error_code(DaemonErrc code);

}  // namespace agent

template <>
struct std::is_error_code_enum<agent::DaemonErrc> : std::true_type {};
