// SPDX-License-Identifier: Apache-2.0
// Why the daemon did not start, for the person at the bench: what happened, to which object, what
// to do. Pure.
#pragma once

#include <string>

#include "agent/config/settings.h"
#include "proto/result.h"

namespace agent {

struct StartFailure {
  proto::Error error;
  std::string remedy;  // a sentence without its full stop

  std::string text() const { return error.message() + ". Try: " + remedy; }
};

StartFailure spool_failure(proto::Error error, const Config& config);
StartFailure socket_failure(proto::Error error, const Config& config);
StartFailure config_failure(proto::Error error);

}  // namespace agent
