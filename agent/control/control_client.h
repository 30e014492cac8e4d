// SPDX-License-Identifier: Apache-2.0
// The CLI's end of the control socket: one request, one document, within a time.
#pragma once

#include <chrono>
#include <string>

#include "agent/control/control_request.h"
#include "proto/result.h"

namespace agent {

// Errors: ControlErrc::kDaemonAbsent, kDenied, kNoAnswer.
proto::Result<std::string> control_call(const std::string& socket_path,
                                        const ControlRequest& request,
                                        std::chrono::milliseconds timeout);

}  // namespace agent
