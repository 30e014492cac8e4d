// SPDX-License-Identifier: Apache-2.0
#include "agent/status/instrument_words.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace agent {
namespace {

struct StateWords {
  std::string_view state;
  std::string_view has_been;  // "has been <this> for 2 h"
  std::string_view remedy;    // {} is the instrument
};

constexpr std::array kWords = {
    StateWords{"absent", "absent", "check its cable and power; wattspool status {}"},
    StateWords{"opening", "opening", "wait a few seconds; wattspool status {}"},
    StateWords{"lost", "lost", "it is opened again by itself; check the cable and power of {}"},
    StateWords{"reopening", "reopening", "wait a few seconds; wattspool status {}"},
    StateWords{
        "busy", "in use by another program",
        "close that program (such as the Joulescope UI); {} is opened as soon as it is free"},
    StateWords{"denied", "there without permission to open it",
               "its node must belong to group wattspool: install the udev rule "
               "/lib/udev/rules.d/60-wattspool.rules, then sudo udevadm control --reload and plug "
               "{} in again"},
    StateWords{"updater", "in updater mode, measuring nothing,",
               "finish the update of {} with the vendor's program, or unplug it and plug it in "
               "again"},
    StateWords{"uncalibrated", "uncalibrated, so that it has no values,",
               "wattspool release {}, restore its calibration with the vendor's program, "
               "wattspool claim {}"},
    StateWords{
        "failing", "there without being opened",
        "do what the error asks for; if it asks for nothing, unplug {} and plug it in again"},
    StateWords{"released", "released to other programs", "wattspool claim {}"},
    StateWords{"stopped", "stopped", "wattspool status {}"}};

const StateWords* words_of(std::string_view state) {
  const auto* const at = std::find_if(kWords.begin(), kWords.end(),
                                      [&](const StateWords& it) { return it.state == state; });
  return at == kWords.end() ? nullptr : at;
}

}  // namespace

std::string instrument_sentence(const proto::InstrumentId& id, std::string_view state,
                                const std::string& since) {
  const StateWords* const words = words_of(state);
  return fmt::format("{} has been {} for {}.", id.to_string(),
                     words == nullptr ? state : words->has_been, since);
}

std::string instrument_remedy(const proto::InstrumentId& id, std::string_view state) {
  const StateWords* const words = words_of(state);
  std::string text(words == nullptr ? "wattspool status {}" : words->remedy);
  for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}", at)) {
    text.replace(at, 2, id.to_string());
  }
  return text;
}

}  // namespace agent
