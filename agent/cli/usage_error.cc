// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/usage_error.h"

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "agent/config/nearest_name.h"

namespace agent {
namespace {

// The verb that was being read, and how it is called: "wattspool run start".
struct Place {
  const CLI::App* verb;
  std::string command;
};

Place place_of(const CLI::App& app) {
  Place place{&app, app.get_name()};
  while (!place.verb->get_subcommands().empty()) {
    place.verb = place.verb->get_subcommands().back();
    place.command += " " + place.verb->get_name();
  }
  return place;
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

void add_options(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto nearest = nearest_name(name, views);
  return nearest ? "; did you mean " + *nearest + "?" : "";
}

// For an option that was given without its verb.
std::string verb_with_option(const CLI::App& app, const std::string& name) {
  for (const CLI::App* const verb : verbs_of(app)) {
    std::vector<std::string> names;
    add_options(*verb, names);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return "wattspool " + verb->get_name();
    }
  }
  return "";
}

std::string unknown_option(const CLI::App& app, const Place& place, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> known;
  add_options(*place.verb, known);
  add_options(app, known);
  if (place.verb == &app) {
    const std::string owner = verb_with_option(app, name);
    if (!owner.empty()) return fmt::format("{} is an option of {}", name, owner);
  }
  return fmt::format("there is no option {}{}", name, did_you_mean(name, known));
}

std::string unknown_word(const Place& place, const std::string& word) {
  std::vector<std::string> known;
  for (const CLI::App* const verb : verbs_of(*place.verb)) {
    known.push_back(verb->get_name());
  }
  if (known.empty()) return fmt::format("there is no place for argument \"{}\"", word);
  return fmt::format("there is no verb \"{}\"{}", word, did_you_mean(word, known));
}

std::string missing_verb(const Place& place) {
  std::string text = "one of these is missing:";
  for (const CLI::App* const verb : verbs_of(*place.verb)) {
    text += " " + verb->get_name();
  }
  return text;
}

}  // namespace

std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const Place place = place_of(app);
  const std::vector<std::string> left = app.remaining(true);
  const bool no_verb = place.verb->get_require_subcommand_min() > 0;
  std::string message;
  if (!left.empty()) {
    const auto option = std::find_if(left.begin(), left.end(), [](const std::string& argument) {
      return argument.size() > 1 && argument.front() == '-';
    });
    message =
        option != left.end() ? unknown_option(app, place, *option) : unknown_word(place, left[0]);
  } else if (no_verb && error.get_name() == "RequiredError") {
    message = missing_verb(place);
  } else {
    message = error.what();
  }
  return fmt::format("{0}: {1}\nTry: {0} --help\n", place.command, message);
}

}  // namespace agent
