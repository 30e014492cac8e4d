// SPDX-License-Identifier: Apache-2.0
// A load at the terminals of an instrument: ranges, noise floor, the resolution of its numbers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "drivers/signal/load_shape.h"
#include "drivers/signal/sample_source.h"
#include "drivers/signal/trace.h"
#include "proto/result.h"

namespace drivers {

// One current range of the JS220. The noise is that of a quiet bench at 1 MSPS.
struct CurrentRange {
  double full_scale_a = 0;
  double noise_a = 0;  // standard deviation
};
// From 15 % headroom over a 16-bit converter, its white noise per range (2.2 to 8 steps) and the
// noise bandwidth of the filter to 1 MSPS (0.44).
inline constexpr std::array<CurrentRange, 6> kCurrentRanges = {{{10, 510e-6},
                                                                {180e-3, 10e-6},
                                                                {18e-3, 1.0e-6},
                                                                {1.8e-3, 108e-9},
                                                                {180e-6, 14.6e-9},
                                                                {18e-6, 3.3e-9}}};
inline constexpr double kVoltageNoiseV = 0.5e-3;  // 15 V range
inline constexpr double kVoltageMaxV = 15 * 1.15;
inline constexpr double kHeadroom = 1.15;

struct LoadSourceOptions {
  std::uint64_t seed = 1;
  bool noise = true;
  double voltage_v = 3.3;  // of the supply, unloaded
  double source_resistance_ohm = 0.1;
  double gpi_threshold_a = 1e-3;  // GPI 0 is high where the load draws at least this
};

// `voltage` may be null: then the supply of the options.
std::unique_ptr<SampleSource> make_load_source(std::unique_ptr<LoadShape> current,
                                               std::unique_ptr<LoadShape> voltage,
                                               const LoadSourceOptions& options);

// What the command line can ask for.
struct SourceSpec {
  std::uint64_t seed = 1;
  std::string load = "ble";                  // when there is no trace; "edge" is no load, see above
  std::optional<TraceFile> trace{};          // of the current, A
  std::optional<TraceFile> voltage_trace{};  // V
  std::optional<double> voltage_v{};
};
// std::errc::invalid_argument: no such load (the message lists all); else what read_trace() says.
proto::Result<std::unique_ptr<SampleSource>> make_source(const SourceSpec& spec);

}  // namespace drivers
