// SPDX-License-Identifier: Apache-2.0
#include "drivers/signal/load_shape.h"

#include <algorithm>
#include <cstdlib>

#include "drivers/signal/noise.h"

namespace drivers {
namespace {

// 430 kHz at 1 MSPS, the ripple of a DC/DC converter: phase per value in 2^-32 turns.
constexpr std::uint32_t kRippleStep = 1'846'835'937;

// A triangle of amplitude 1 over a turn of 2^32.
double triangle(std::uint32_t phase) {
  const auto centred = static_cast<std::int64_t>(static_cast<std::int32_t>(phase));
  return static_cast<double>(std::abs(centred) * 2 - 0x8000'0000) * 0x1p-31;
}

class ScenarioLoad final : public LoadShape {
 public:
  ScenarioLoad(const Scenario& scenario, std::uint64_t seed) : scenario_(scenario), seed_(seed) {}

  void fill(std::uint64_t first, std::span<double> out) const override {
    std::ranges::fill(out, scenario_.base_a);
    for (std::size_t k = 0; k < scenario_.layers.size(); ++k) {
      const Layer& layer = scenario_.layers[k];
      const std::uint64_t key = derive_key(seed_, 100 + k);
      const std::uint64_t last = first + out.size() - 1;
      for (std::uint64_t period = first / layer.period_us; period <= last / layer.period_us;
           ++period) {
        add_event(layer, key, period, first, out);
      }
    }
  }

 private:
  static void add_event(const Layer& layer, std::uint64_t key, std::uint64_t period,
                        std::uint64_t first, std::span<double> out) {
    const std::uint64_t base = period * layer.period_us;
    const std::uint64_t limit = base + layer.period_us;
    const std::uint64_t event_key = draw(key, period);
    std::uint64_t start =
        base + static_cast<std::uint64_t>(uniform(draw(event_key, 0)) * layer.start_spread_us);
    for (std::size_t k = 0; k < layer.phases.size(); ++k) {
      const Phase& phase = layer.phases[k];
      const std::uint64_t end = start + phase.duration_us +
                                static_cast<std::uint64_t>(uniform(draw(event_key, 2 * k + 1)) *
                                                           phase.duration_spread_us);
      const double level =
          phase.level_a + phase.level_spread_a * uniform(draw(event_key, 2 * k + 2));
      const std::uint64_t from = std::max(start, first);
      const std::uint64_t to = std::min({end, limit, first + out.size()});
      if (from < to) add_phase(phase, level, from, out.subspan(from - first, to - from));
      start = end;
    }
  }

  // `part` begins with value `begin`.
  static void add_phase(const Phase& phase, double level, std::uint64_t begin,
                        std::span<double> part) {
    if (phase.ripple == 0) {
      for (double& value : part) value += level;
      return;
    }
    auto turn = static_cast<std::uint32_t>(begin) * kRippleStep;
    for (double& value : part) {
      value += level * (1 + phase.ripple * triangle(turn));
      turn += kRippleStep;
    }
  }

  const Scenario& scenario_;
  std::uint64_t seed_;
};

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {.name = "sleep",
       .description = "1.2 uA asleep, a 12 us recharge pulse every 11.2 ms, awake 3 ms a second",
       .base_a = 1.2e-6,
       .layers = {{11'200, 500, {{12, 0, 180e-6}}},
                  {1'000'000, 20'000, {{400, 0, 1.2e-3}, {2'000, 600, 2.4e-3, 0.2e-3, 0.18}}}}},
      {.name = "ble",
       .description = "0.6 uA asleep, an advertising event every 100 ms with peaks near 7 mA",
       .base_a = 0.6e-6,
       .layers = {{37'000, 0, {{10, 0, 120e-6}}},
                  {100'000,
                   10'000,
                   {{400, 0, 1.2e-3, 0, 0.18},
                    {300, 0, 3.1e-3, 0, 0.18},
                    {130, 0, 4.2e-3, 0, 0.18},
                    {250, 0, 5.8e-3, 0, 0.18},
                    {150, 0, 3.5e-3, 0, 0.18},
                    {120, 200, 7.1e-3, 0, 0.18},
                    {500, 0, 3.0e-3, 0, 0.18},
                    {1'200, 0, 0.4e-3}}}}},
      {.name = "mcu",
       .description = "0.6 mA idle, active 2 to 9 ms of every 10 ms at 15 to 42 mA",
       .base_a = 0.6e-3,
       .layers = {{10'000, 500, {{2'000, 7'000, 15e-3, 27e-3, 0.10}}},
                  {1'000, 0, {{40, 0, 9e-3}}}}},
      {.name = "constant",
       .description = "10 mA from 3.3 V, with noise",
       .base_a = 10e-3,
       .layers = {}},
      {.name = "square",
       .description = "62.5 mA and 0.9765625 mA for 10 ms each at 3.25 V, no noise: exactly "
                      "0.103149 J a second",
       .base_a = 0x1p-10,
       .voltage_v = 3.25,
       .source_resistance_ohm = 0,
       .noise = false,
       .layers = {{20'000, 0, {{10'000, 0, 0x1p-4 - 0x1p-10}}}}},
  };
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
  return found == scenarios().end() ? nullptr : &*found;
}

std::unique_ptr<LoadShape> make_scenario_load(const Scenario& scenario, std::uint64_t seed) {
  return std::make_unique<ScenarioLoad>(scenario, seed);
}

}  // namespace drivers
