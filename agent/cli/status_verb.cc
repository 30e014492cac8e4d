// SPDX-License-Identifier: Apache-2.0
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/cli/daemon_link.h"
#include "agent/cli/duration_argument.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/verb.h"
#include "agent/status/status_text.h"
#include "agent/status/words.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHomeAndClear = "\x1b[H\x1b[J";

// As a person may name it: js220/001234, js220-001234, 001234.
bool is_named(const proto::InstrumentId& id, const std::string& name) {
  return name == id.to_string() || name == id.device_id() || name == id.serial;
}

class StatusVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand(
        "status", "Is it acquiring, is anything lost, how far behind is Kafka, what to do");
    verb->add_option("INSTRUMENT", instrument_, "Only this one, in full (js220/001234)");
    verb->add_flag("--json", json_, "The status as JSON, schema 1");
    verb->add_flag("--watch{2s}", watch_, "Again and again (--watch=500ms); Ctrl-C ends it")
        ->check(duration_problem);
    verb->footer(
        "Examples:\n"
        "  wattspool status\n"
        "  wattspool status js220/001234\n"
        "  wattspool status --watch=500ms\n"
        "  wattspool status --json | jq .spool.unacked_bytes\n"
        "A daemon that does not answer: its last status from the file, with its age; exit code 3.");
    return verb;
  }

  int run(const CliContext& cli) override {
    const DaemonPaths paths = daemon_paths(cli);
    if (!watch_.empty()) return watch(cli, paths);
    return show(cli, paths);
  }

 private:
  int show(const CliContext& cli, const DaemonPaths& paths) const {
    const auto fetched = fetch_status(paths, cli.clock);
    if (!fetched) return report_trouble(cli, fetched.error(), json_);
    const InstrumentStatus* one = nullptr;
    if (!instrument_.empty()) {
      one = find(fetched->status);
      if (one == nullptr) return no_such_instrument(cli, fetched->status);
    }
    if (json_) {
      print_json(cli, *fetched);
    } else {
      print_screen(cli, *fetched, one);
    }
    return fetched->live ? kExitDone : kExitUnreachable;
  }

  const InstrumentStatus* find(const AgentStatus& status) const {
    const auto at =
        std::find_if(status.instruments.begin(), status.instruments.end(),
                     [&](const InstrumentStatus& it) { return is_named(it.id, instrument_); });
    return at == status.instruments.end() ? nullptr : &*at;
  }

  int no_such_instrument(const CliContext& cli, const AgentStatus& status) const {
    std::string names;
    for (const InstrumentStatus& it : status.instruments) {
      names += (names.empty() ? "" : ", ") + it.id.to_string();
    }
    const std::string message = fmt::format("No instrument {} is configured.", instrument_);
    const std::string remedy = names.empty()
                                   ? "There is none; add an [[instrument]] to the configuration."
                                   : fmt::format("There is: {}.", names);
    cli.err << "wattspool: " << message << ' ' << remedy << '\n';
    if (json_) cli.out << trouble_json({"unknown_instrument", message, remedy}) << '\n';
    return kExitFailed;
  }

  void print_screen(const CliContext& cli, const FetchedStatus& fetched,
                    const InstrumentStatus* one) const {
    const TextStyle style{.colour = cli.colour};
    const std::int64_t now_us = cli.clock.utc_ns() / 1000;
    if (!fetched.live) {
      cli.out << "! wattspoold does not answer; this is from " << age_text(fetched.age_s)
              << " ago.  Try: journalctl -u wattspoold\n";
    }
    cli.out << (one == nullptr ? status_screen(fetched.status, now_us, style)
                               : instrument_screen(*one, now_us, style));
  }

  // The daemon's document with all its fields, also those that this program does not know.
  void print_json(const CliContext& cli, const FetchedStatus& fetched) const {
    Json json = Json::parse(fetched.document);
    json["source"] = fetched.live ? "daemon" : "file";
    json["age_s"] = fetched.age_s;
    if (!instrument_.empty()) {
      Json kept = Json::array();
      for (std::size_t i = 0; i < fetched.status.instruments.size(); ++i) {
        if (is_named(fetched.status.instruments[i].id, instrument_)) {
          kept.push_back(json["instruments"][i]);
        }
      }
      json["instruments"] = std::move(kept);
    }
    // One line each when watching, so that a program can read along.
    const int indent = watch_.empty() ? 2 : -1;
    cli.out << json.dump(indent, ' ', false, Json::error_handler_t::replace) << '\n';
  }

  int watch(const CliContext& cli, const DaemonPaths& paths) const {
    const std::atomic<bool>& stop = stop_on_signals();
    const bool redraw = cli.out_is_terminal && !json_;
    bool first = true;
    while (!stop) {
      std::ostringstream block;
      // A screen that says why there is nothing to see is part of what is watched.
      CliContext inner{.out = block, .err = json_ ? cli.err : block, .clock = cli.clock};
      inner.colour = cli.colour;
      show(inner, paths);
      if (redraw) {
        cli.out << kHomeAndClear;
      } else if (!first && !json_) {
        cli.out << '\n';
      }
      cli.out << block.str() << std::flush;
      if (!cli.out) return kExitFailed;
      first = false;
      sleep_unless_stopped(duration_of(watch_), stop);
    }
    return kExitDone;
  }

  std::string instrument_;
  bool json_ = false;
  std::string watch_;  // the interval; empty: once
};

}  // namespace

std::unique_ptr<Verb> make_status_verb() { return std::make_unique<StatusVerb>(); }

}  // namespace agent
