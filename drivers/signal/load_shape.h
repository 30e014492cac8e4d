// SPDX-License-Identifier: Apache-2.0
// The current that an emulated load draws, without noise: pure functions of the value number.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace drivers {

class LoadShape {
 public:
  virtual ~LoadShape() = default;
  // The values [first, first + out.size()) at 1 MSPS.
  virtual void fill(std::uint64_t first, std::span<double> out) const = 0;
};

// One stretch of an event: duration and level are drawn anew for each event.
struct Phase {
  std::uint32_t duration_us = 0;
  std::uint32_t duration_spread_us = 0;  // added, uniform
  double level_a = 0;
  double level_spread_a = 0;  // added, uniform
  double ripple = 0;          // amplitude of a triangle on the level, as a part of it
};

// An event in every period, at a place that is drawn for each: its phases one after another. An
// event that does not fit into its period is cut off.
struct Layer {
  std::uint32_t period_us = 1;
  std::uint32_t start_spread_us = 0;
  std::vector<Phase> phases;
};

// A base current, and layers of events on top of it.
struct Scenario {
  std::string_view name;
  std::string_view description;
  double base_a = 0;
  double voltage_v = 3.3;
  double source_resistance_ohm = 0.1;
  bool noise = true;
  std::vector<Layer> layers{};
};

// All that `--load` knows (except "edge", which is no load).
const std::vector<Scenario>& scenarios();
const Scenario* find_scenario(std::string_view name);

// `scenario` must outlive it.
std::unique_ptr<LoadShape> make_scenario_load(const Scenario& scenario, std::uint64_t seed);

}  // namespace drivers
