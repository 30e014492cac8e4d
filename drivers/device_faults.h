// SPDX-License-Identifier: Apache-2.0
// What the faults of every emulated family have in common: a table says how each is written, and
// those that were armed wait for their occasion. Pure.
//
// A table's entry has a `name`, a `kind`, `arguments` (a letter each; n and D may be left out),
// `usage` and `meaning`; a fault has a `kind` and a `count`.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "proto/result.h"

namespace drivers {

// One line per fault, for a help text.
template <class Table>
std::string describe_fault_table(const Table& table) {
  std::string text;
  for (const auto& spec : table) {
    std::string line = "  " + std::string(spec.name) + " " + std::string(spec.usage);
    line.resize(std::max<std::size_t>(line.size() + 2, 30), ' ');
    text += line + std::string(spec.meaning) + "\n";
  }
  return text;
}

// `set_argument` (spec, letter, word, fault) is false for a word that makes no sense.
// std::errc::invalid_argument; the message says how the fault is written.
template <class Fault, class Table, class SetArgument>
proto::Result<Fault> parse_fault_by(const Table& table, std::string_view text,
                                    SetArgument set_argument) {
  const auto invalid = make_error_code(std::errc::invalid_argument);
  const std::string what = "fault '" + std::string(text) + "'";
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  const auto spec = std::ranges::find_if(
      table, [&](const auto& candidate) { return !words.empty() && candidate.name == words[0]; });
  if (spec == table.end()) {
    return proto::fail(invalid, what + " is not known; there are:\n" + describe_fault_table(table));
  }
  const std::string usage =
      what + " is written: " + std::string(spec->name) + " " + std::string(spec->usage);
  Fault fault{};
  fault.kind = spec->kind;
  std::size_t next = 1;
  for (const char argument : spec->arguments) {
    const bool optional = argument == 'n' || argument == 'D';
    if (next == words.size() && optional) continue;
    if (next == words.size() || !set_argument(*spec, argument, words[next++], fault)) {
      return proto::fail(invalid, usage);
    }
  }
  if (next != words.size()) return proto::fail(invalid, usage);
  return fault;
}

// The faults that wait for their occasion.
template <class Fault>
class ArmedFaults {
 public:
  void arm(const Fault& fault) { armed_.push_back(fault); }
  void heal() { armed_.clear(); }
  bool empty() const { return armed_.empty(); }

  // Uses up one of the first armed fault that `is_meant`.
  template <class Predicate>
  std::optional<Fault> take_if(Predicate is_meant) {
    const auto place = std::ranges::find_if(armed_, is_meant);
    if (place == armed_.end()) return std::nullopt;
    const Fault fault = *place;
    if (--place->count == 0) armed_.erase(place);
    return fault;
  }
  // Without using it up.
  const Fault* peek(decltype(Fault::kind) kind) const {
    const auto found = std::ranges::find(armed_, kind, &Fault::kind);
    return found == armed_.end() ? nullptr : &*found;
  }

 private:
  std::deque<Fault> armed_;
};

}  // namespace drivers
