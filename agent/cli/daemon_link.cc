// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/daemon_link.h"

#include <grp.h>
#include <pwd.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/config/config_keys.h"
#include "agent/control/control_client.h"
#include "agent/control/control_errc.h"
#include "agent/status/status_file.h"
#include "agent/status/status_json.h"
#include "agent/version.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

std::string beside(const std::string& socket) {
  const auto slash = socket.rfind('/');
  return (slash == std::string::npos ? "" : socket.substr(0, slash + 1)) + "status.json";
}

// Of the socket, when we may look at it.
std::string group_of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return "wattspool";
  const group* const owner = ::getgrgid(facts.st_gid);
  return owner == nullptr ? std::to_string(facts.st_gid) : owner->gr_name;
}

std::string user_name() {
  const passwd* const user = ::getpwuid(::geteuid());
  return user == nullptr ? "$USER" : user->pw_name;
}

DaemonTrouble absent(const std::string& socket) {
  return {"daemon_absent", fmt::format("wattspoold is not running: nobody listens on {}.", socket),
          "Start it: sudo systemctl start wattspoold (in a terminal: wattspoold --config FILE). If "
          "it listens elsewhere: --socket PATH."};
}

DaemonTrouble denied(const std::string& socket) {
  const std::string group = group_of(socket);
  return {"denied", fmt::format("You may not open the control socket {}.", socket),
          fmt::format("It is for members of group {0}: sudo usermod -aG {0} {1}, then log in "
                      "again. Or use sudo.",
                      group, user_name())};
}

DaemonTrouble no_answer(const std::string& socket, milliseconds timeout) {
  return {"no_answer",
          fmt::format("wattspoold does not answer within {} ms on {}.", timeout.count(), socket),
          "See what it does: systemctl status wattspoold; journalctl -u wattspoold."};
}

DaemonTrouble trouble_of(const proto::Error& error, const std::string& socket,
                         milliseconds timeout) {
  if (error.code == ControlErrc::kDaemonAbsent) return absent(socket);
  if (error.code == ControlErrc::kDenied) return denied(socket);
  return no_answer(socket, timeout);
}

double age_of(const AgentStatus& status, const proto::Clock& clock) {
  const std::int64_t age_us = clock.utc_ns() / 1000 - status.updated_utc_us;
  return std::max(0.0, static_cast<double>(age_us) / 1e6);
}

// What is no status: a refusal of the daemon, or the words of another version.
DaemonTrouble not_a_status(const std::string& document, const std::string& socket) {
  const auto json = nlohmann::json::parse(document, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    return {json["error"].value("code", "failed"),
            "wattspoold refuses: " + json["error"].value("message", ""), ""};
  }
  return {"unknown_schema",
          fmt::format("What answers on {} is not a status that wattspool {} can read.", socket,
                      version()),
          "Use the wattspool that was installed with the daemon; after an upgrade: sudo systemctl "
          "restart wattspoold."};
}

}  // namespace

DaemonPaths daemon_paths(const CliContext& cli) {
  if (!cli.socket.empty()) return {cli.socket, beside(cli.socket), ""};
  const LoadedConfig loaded = load_config(cli.sources);
  const Settings& settings = loaded.config.settings;
  DaemonPaths paths{settings.text("control.socket"), settings.text("status.file"), ""};
  if (!loaded.ok_but_for_secrets() && !settings.get("control.socket").is_set) {
    paths.note = loaded.issues.front().to_string() + "; so this is the default socket.";
  }
  return paths;
}

std::string trouble_json(const DaemonTrouble& trouble) {
  const nlohmann::ordered_json json{
      {"schema", 1},
      {"ok", false},
      {"error",
       {{"code", trouble.code}, {"message", trouble.message}, {"remedy", trouble.remedy}}}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string refusal_of(const nlohmann::ordered_json& reply) {
  using Json = nlohmann::ordered_json;
  const Json error = reply.is_object() ? reply.value("error", Json::object()) : Json::object();
  const Json message = error.is_object() ? error.value("message", Json()) : Json();
  if (message.is_string()) return message.get<std::string>();
  return "wattspoold answers what this wattspool cannot read; use the one that was installed with "
         "it";
}

int report_trouble(const CliContext& cli, const DaemonTrouble& trouble, bool json) {
  cli.err << "wattspool: " << trouble.message << '\n';
  if (!trouble.remedy.empty()) cli.err << trouble.remedy << '\n';
  if (json) cli.out << trouble_json(trouble) << '\n';
  return kExitUnreachable;
}

tl::expected<std::string, DaemonTrouble> call_daemon(const DaemonPaths& paths,
                                                     const ControlRequest& request,
                                                     milliseconds timeout) {
  auto answer = control_call(paths.socket, request, timeout);
  if (answer) return std::move(*answer);
  DaemonTrouble trouble = trouble_of(answer.error(), paths.socket, timeout);
  if (!paths.note.empty()) trouble.remedy += " (" + paths.note + ")";
  return tl::unexpected(std::move(trouble));
}

tl::expected<FetchedStatus, DaemonTrouble> fetch_status(const DaemonPaths& paths,
                                                        const proto::Clock& clock) {
  FetchedStatus fetched;
  auto answer = call_daemon(paths, StatusRequest{}, kStatusTimeout);
  if (answer) {
    auto status = status_from_json(*answer);
    if (!status) return tl::unexpected(not_a_status(*answer, paths.socket));
    fetched.status = std::move(*status);
    fetched.document = std::move(*answer);
  } else {
    if (answer.error().code != "no_answer") return tl::unexpected(answer.error());
    auto document = read_status_file(paths.status_file);
    if (!document) return tl::unexpected(answer.error());
    auto status = status_from_json(*document);
    if (!status) return tl::unexpected(answer.error());
    fetched.status = std::move(*status);
    fetched.document = std::move(*document);
    fetched.live = false;
  }
  fetched.age_s = age_of(fetched.status, clock);
  return fetched;
}

}  // namespace agent
