// SPDX-License-Identifier: Apache-2.0
#include "drivers/signal/load_source.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <system_error>

#include "drivers/signal/noise.h"

namespace drivers {
namespace {

// Adding and taking off 1.5 * 2^21 leaves a double with steps of 2^-31: the resolution of the
// instrument's own fixed point (A and V).
constexpr double kStepRounder = 0x1.8p21;

// The wave forms of GPI 1-3 and the trigger are the counter's own, to be checked against it: GPI k
// is bit 10 + k of the cell number, the trigger is high in the first of 16,000 cells (about 1 s).
std::uint8_t counter_inputs(std::uint64_t cell) {
  const auto gpi = static_cast<std::uint8_t>((cell >> 10) & 0b1110);
  return static_cast<std::uint8_t>(gpi | (cell % 16'000 == 0 ? 0x80 : 0));
}

class LoadSource final : public SampleSource {
 public:
  LoadSource(std::unique_ptr<LoadShape> current, std::unique_ptr<LoadShape> voltage,
             const LoadSourceOptions& options)
      : current_(std::move(current)),
        voltage_(std::move(voltage)),
        options_(options),
        current_key_(derive_key(options.seed, 1)),
        voltage_key_(derive_key(options.seed, 2)) {}

  void fill(std::uint64_t index, RangeLimits limits, Chunk& chunk) const override {
    const std::uint64_t first = index * kChunkValues;
    std::array<double, kChunkValues> amps;
    std::array<double, kChunkValues> volts;
    current_->fill(first, amps);
    fill_voltage(first, amps, volts);
    for (std::uint32_t cell = 0; cell < kChunkCells; ++cell) {
      const std::size_t at = std::size_t{cell} * kCellValues;
      const auto part = std::span(amps).subspan(at, kCellValues);
      double peak = 0;
      for (const double value : part) peak = std::max(peak, std::abs(value));
      const std::uint8_t range = range_for(peak, limits);
      const double limit = kCurrentRanges[range].full_scale_a * kHeadroom;
      if (peak > limit) {
        for (double& value : part) value = std::clamp(value, -limit, limit);
      }
      chunk.range[cell] = range;
      chunk.inputs[cell] = static_cast<std::uint8_t>(counter_inputs(index * kChunkCells + cell) |
                                                     (peak >= options_.gpi_threshold_a ? 1 : 0));
      measure(part, current_key_, first + at, kCurrentRanges[range].noise_a, &chunk.current[at]);
    }
    measure(volts, voltage_key_, first, kVoltageNoiseV, chunk.voltage.data());
  }

 private:
  void fill_voltage(std::uint64_t first, std::span<const double> amps,
                    std::span<double> volts) const {
    if (voltage_ != nullptr) {
      voltage_->fill(first, volts);
    } else {
      for (std::size_t k = 0; k < volts.size(); ++k) {
        volts[k] = options_.voltage_v - options_.source_resistance_ohm * amps[k];
      }
    }
    for (double& value : volts) value = std::clamp(value, -kVoltageMaxV, kVoltageMaxV);
  }

  // The most sensitive range that holds the cell's peak: no hysteresis, for that would be state.
  static std::uint8_t range_for(double peak_a, RangeLimits limits) {
    std::uint8_t range = limits.last;
    while (range > limits.first && peak_a > kCurrentRanges[range].full_scale_a) --range;
    return range;
  }

  void measure(std::span<const double> ideal, std::uint64_t key, std::uint64_t first, double noise,
               float* out) const {
    const double unit = options_.noise ? noise / kNormalRawSigma : 0;
    for (std::size_t k = 0; k < ideal.size(); ++k) {
      const double value = ideal[k] + unit * normal_raw(draw(key, first + k));
      out[k] = static_cast<float>((value + kStepRounder) - kStepRounder);
    }
  }

  std::unique_ptr<LoadShape> current_;
  std::unique_ptr<LoadShape> voltage_;
  LoadSourceOptions options_;
  std::uint64_t current_key_;
  std::uint64_t voltage_key_;
};

// From 2^-149 up to the limit: every exponent as likely as the next, one in 64 a zero.
float any_size(std::uint64_t bits, float limit) {
  const std::uint32_t sign = bits & 0x8000'0000;
  if ((bits >> 58) == 0) return std::bit_cast<float>(sign);
  const std::uint32_t exponent = (bits >> 32) % 131;  // 2^-149 to 2^3
  const std::uint32_t mantissa = bits & 0x007F'FFFF;
  const float size = std::min(std::bit_cast<float>(exponent << 23 | mantissa), limit);
  return sign != 0 ? -size : size;
}

class EdgeSource final : public SampleSource {
 public:
  explicit EdgeSource(std::uint64_t seed)
      : current_key_(derive_key(seed, 1)), voltage_key_(derive_key(seed, 2)) {}

  void fill(std::uint64_t index, RangeLimits limits, Chunk& chunk) const override {
    const std::uint64_t first = index * kChunkValues;
    for (std::uint32_t k = 0; k < kChunkValues; ++k) {
      chunk.current[k] = any_size(draw(current_key_, first + k), 10.0F);
      chunk.voltage[k] = any_size(draw(voltage_key_, first + k), 15.0F);
    }
    chunk.range.fill(limits.first);
    for (std::uint32_t cell = 0; cell < kChunkCells; ++cell) {
      chunk.inputs[cell] = counter_inputs(index * kChunkCells + cell);
    }
  }

 private:
  std::uint64_t current_key_;
  std::uint64_t voltage_key_;
};

std::string load_names() {
  std::string names;
  for (const Scenario& scenario : scenarios()) names += std::string(scenario.name) + ", ";
  return names + "edge";
}

}  // namespace

std::unique_ptr<SampleSource> make_edge_source(std::uint64_t seed) {
  return std::make_unique<EdgeSource>(seed);
}

std::unique_ptr<SampleSource> make_load_source(std::unique_ptr<LoadShape> current,
                                               std::unique_ptr<LoadShape> voltage,
                                               const LoadSourceOptions& options) {
  return std::make_unique<LoadSource>(std::move(current), std::move(voltage), options);
}

proto::Result<std::unique_ptr<SampleSource>> make_source(const SourceSpec& spec) {
  if (!spec.trace && spec.load == "edge") return make_edge_source(spec.seed);
  LoadSourceOptions options{.seed = spec.seed};
  std::unique_ptr<LoadShape> current;
  std::unique_ptr<LoadShape> voltage;
  if (spec.trace) {
    auto trace = read_trace(*spec.trace);
    if (!trace) return tl::unexpected(trace.error());
    current = make_trace_load(std::move(*trace));
  } else {
    const Scenario* scenario = find_scenario(spec.load);
    if (scenario == nullptr) {
      return proto::fail(make_error_code(std::errc::invalid_argument),
                         "load '" + spec.load + "': there are " + load_names());
    }
    options.noise = scenario->noise;
    options.voltage_v = scenario->voltage_v;
    options.source_resistance_ohm = scenario->source_resistance_ohm;
    current = make_scenario_load(*scenario, spec.seed);
  }
  if (spec.voltage_trace) {
    auto trace = read_trace(*spec.voltage_trace);
    if (!trace) return tl::unexpected(trace.error());
    voltage = make_trace_load(std::move(*trace));
  }
  options.voltage_v = spec.voltage_v.value_or(options.voltage_v);
  return make_load_source(std::move(current), std::move(voltage), options);
}

}  // namespace drivers
