// SPDX-License-Identifier: Apache-2.0
// How the CLI reaches the daemon, and what it says when that fails.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <tl/expected.hpp>

#include "agent/cli/cli_context.h"
#include "agent/control/control_request.h"
#include "agent/status/agent_status.h"

namespace agent {

// A status is answered, from the daemon or from its file, within 200 ms.
inline constexpr std::chrono::milliseconds kStatusTimeout{150};

struct DaemonPaths {
  std::string socket;
  std::string status_file;
  std::string note;  // why these are the defaults, when the configuration could not be read
};
// --socket, else the configuration's. A configuration that is not for us keeps nobody from asking
// the daemon: then these are the defaults.
DaemonPaths daemon_paths(const CliContext& cli);

// Why there is no answer. `code` is a stable word (agent/control/README.md).
struct DaemonTrouble {
  std::string code;     // daemon_absent, denied, no_answer, unknown_schema
  std::string message;  // a sentence that names the object
  std::string remedy;   // sentences
};
// The talk; with `json` also the document. Returns the exit code.
int report_trouble(const CliContext& cli, const DaemonTrouble& trouble, bool json);
std::string trouble_json(const DaemonTrouble& trouble);
// The daemon's sentence out of a reply that is not ok, whatever the reply is.
std::string refusal_of(const nlohmann::ordered_json& reply);

// The daemon's document as it came.
tl::expected<std::string, DaemonTrouble> call_daemon(const DaemonPaths& paths,
                                                     const ControlRequest& request,
                                                     std::chrono::milliseconds timeout);

struct FetchedStatus {
  AgentStatus status;
  std::string document;  // JSON
  bool live = true;      // false: the daemon does not answer; this is from the status file
  double age_s = 0;
};
tl::expected<FetchedStatus, DaemonTrouble> fetch_status(const DaemonPaths& paths,
                                                        const proto::Clock& clock);

}  // namespace agent
