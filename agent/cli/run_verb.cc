// SPDX-License-Identifier: Apache-2.0
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/cli/daemon_link.h"
#include "agent/cli/verb.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

// The daemon gives an instrument 5 s to answer.
constexpr std::chrono::milliseconds kRunTimeout{6'000};

std::string label_problem(const std::string& text) {
  const auto equals = text.find('=');
  if (equals != std::string::npos && equals > 0) return "";
  return "\"" + text + "\" is not name=value";
}

std::string number_problem(const std::string& text) {
  double value = 0;
  if (CLI::detail::lexical_cast(text, value) && std::isfinite(value)) return "";
  return "\"" + text + "\" is not a finite number";
}

// Rest, Charge and Discharge in any case; own names with their id.
proto::StepType step_type(const std::string& name, int id) {
  const std::string lower = CLI::detail::to_lower(name);
  if (lower == "rest") return {"Rest", 0};
  if (lower == "charge") return {"Charge", 1};
  if (lower == "discharge") return {"Discharge", 2};
  return {name, id};
}

class RunVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("run", "Start, mark and stop a run on an instrument");
    verb->require_subcommand(1);
    add_start(*verb);
    add_stop(*verb);
    add_mark(*verb);
    add_step(*verb);
    add_cycle(*verb);
    verb->footer(
        "Examples:\n"
        "  wattspool run start --test-id soak-17 --part-id A0042 --label shift=night\n"
        "  wattspool run step --type discharge\n"
        "  wattspool run mark \"fan replaced\"\n"
        "  wattspool run stop\n"
        "INSTRUMENT may be left out where only one is configured.");
    return verb;
  }

  int run(const CliContext& cli) override {
    const auto answer =
        call_daemon(daemon_paths(cli), RunRequest{instrument_, command_}, kRunTimeout);
    if (!answer) {
      DaemonTrouble trouble = answer.error();
      if (trouble.code == "no_answer") {
        trouble.remedy += " Whether the command was executed: wattspool status.";
      }
      return report_trouble(cli, trouble, json_);
    }
    const Json reply = Json::parse(*answer, nullptr, false);
    const bool ok = reply.is_object() && reply.value("ok", Json()) == true;
    if (json_) cli.out << *answer << '\n';
    if (!ok) {
      cli.err << "wattspool: " << refusal_of(reply) << '\n';
      return kExitFailed;
    }
    if (!json_) print(cli, reply.value("run", Json::object()));
    return kExitDone;
  }

 private:
  CLI::App& add_action(CLI::App& verb, const char* name, const char* help) {
    CLI::App& action = *verb.add_subcommand(name, help);
    action.add_flag("--json", json_, "The daemon's answer as JSON, schema 1");
    action.parse_complete_callback([this, name] { action_ = name; });
    return action;
  }
  void add_instrument(CLI::App& action) {
    action.add_option("INSTRUMENT", instrument_, "js220/001234; may be left out if there is one");
  }

  void add_start(CLI::App& verb) {
    CLI::App& action = add_action(verb, "start", "Start a run");
    add_instrument(action);
    action.add_option("--test-id", start_.test_id,
                      "Name of the run: 1 to 64 of A-Z a-z 0-9 . _ -; left out: suggested");
    for (const auto& [name, target, help] :
         {std::tuple{"--recipe-id", &start_.recipe_id, "Id of the test's recipe"},
          std::tuple{"--recipe", &start_.recipe, "Name of the test's recipe"},
          std::tuple{"--part-id", &start_.part_id, "Id of the part under test"},
          std::tuple{"--part", &start_.part, "Name of the part under test"},
          std::tuple{"--algorithm", &start_.algorithm, "Name of the algorithm under test"},
          std::tuple{"--algorithm-version", &start_.algorithm_version, "Its version"}}) {
      action.add_option(name, *target, help);
    }
    action.add_option("--label", labels_, "name=value; repeatable")
        ->check(label_problem)
        ->allow_extra_args(false)
        ->type_name("NAME=VALUE");
    action.final_callback([this] {
      for (const std::string& label : labels_) {
        const auto equals = label.find('=');
        start_.labels[label.substr(0, equals)] = label.substr(equals + 1);
      }
      command_ = start_;
    });
  }
  void add_stop(CLI::App& verb) {
    CLI::App& action = add_action(verb, "stop", "Stop the run");
    add_instrument(action);
    action.final_callback([this] { command_ = StopRun{}; });
  }
  void add_mark(CLI::App& verb) {
    CLI::App& action = add_action(verb, "mark", "Write a marker into the run");
    action.add_option("MESSAGE", mark_.message, "What happened")->required();
    add_instrument(action);
    action.add_option("--value", mark_.value, "A number that belongs to it")->check(number_problem);
    action.final_callback([this] { command_ = mark_; });
  }
  void add_step(CLI::App& verb) {
    CLI::App& action = add_action(verb, "step", "Begin the next step of the run");
    add_instrument(action);
    CLI::Option* const type =
        action.add_option("--type", step_name_, "rest, charge, discharge, or a name of your own");
    action.add_option("--type-id", step_id_, "Id of a name of your own, from 100")
        ->check(CLI::Range(100, 1'000'000))
        ->needs(type);
    action.final_callback([this] {
      NextStep step;
      if (!step_name_.empty()) {
        step.type = step_type(step_name_, step_id_);
        if (step.type->id < 0) {
          throw CLI::ValidationError("--type", "\"" + step_name_ +
                                                   "\" is a name of your own: give it an id with "
                                                   "--type-id, from 100");
        }
      }
      command_ = step;
    });
  }
  void add_cycle(CLI::App& verb) {
    CLI::App& action = add_action(verb, "cycle", "Begin the next cycle of the run");
    add_instrument(action);
    action.final_callback([this] { command_ = NextCycle{}; });
  }

  void print(const CliContext& cli, const Json& run) const {
    const auto text = [&](const char* name) {
      const Json value = run.value(name, Json());
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::string what;
    if (action_ == "start") {
      what = fmt::format("run {} started", text("test_id"));
    } else if (action_ == "stop") {
      what = fmt::format("run {} stopped, {} records", text("test_id"), text("record_number"));
    } else if (action_ == "mark") {
      what = fmt::format("run {}: marked", text("test_id"));
    } else {
      what = fmt::format("run {}: step {}, cycle {} began", text("test_id"), text("step_number"),
                         text("cycle_number"));
    }
    cli.out << fmt::format("{}: {} at {}\n", text("device_id"), what, text("at"));
  }

  std::string action_;
  std::string instrument_;
  bool json_ = false;
  StartRun start_;
  std::vector<std::string> labels_;
  MarkRun mark_;
  std::string step_name_;
  int step_id_ = -1;
  RunCommand command_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() { return std::make_unique<RunVerb>(); }

}  // namespace agent
