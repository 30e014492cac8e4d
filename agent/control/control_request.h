// SPDX-License-Identifier: Apache-2.0
// The language of the control socket: one JSON object on one line in, one JSON document out.
//   {"verb":"status"}
//   {"verb":"run","action":"start","instrument":"js220/001234","test_id":"t-0001","labels":{...}}
//   {"verb":"release","instrument":"js220/001234","for_ms":1800000}
//   {"verb":"claim","instrument":"js220/001234"}
// Requests come from anybody who may open the socket: nothing in them is trusted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "agent/control/hold_command.h"
#include "agent/pipeline/run_command.h"
#include "proto/result.h"

namespace agent {

inline constexpr std::size_t kRequestBytesMax = 64 << 10;
inline constexpr std::size_t kLabelsMax = 64;
inline constexpr std::size_t kTextBytesMax = 1024;  // of any one text in a request

struct StatusRequest {};
struct RunRequest {
  std::string instrument;  // "js220/001234" or "js220-001234"; empty: the only one
  RunCommand command;
};
struct HoldRequest {
  std::string instrument;  // as above
  HoldCommand command;
};
using ControlRequest = std::variant<StatusRequest, RunRequest, HoldRequest>;

// `line` without its newline. Errors: ControlErrc.
proto::Result<ControlRequest> parse_control_request(std::string_view line);
// The CLI's side; parses to the same request.
std::string to_json(const ControlRequest& request);

// {"schema":1,"ok":true,"run":{...}}
std::string run_reply_json(const RunReply& reply);
// {"schema":1,"ok":true,"instrument":{"instrument":...,"state":"released","released_until":...}}
std::string hold_reply_json(const HoldReply& reply);
// {"schema":1,"ok":false,"error":{"code":"already_running","message":"..."}}
std::string error_reply_json(const proto::Error& error);
// The stable word of an error: "no_run", "daemon_absent", "failed" for what has none.
std::string_view error_word(const std::error_code& code);

}  // namespace agent
