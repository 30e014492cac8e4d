// SPDX-License-Identifier: Apache-2.0
// A recorded trace as a load: a raw array of samples at a stated rate, played in a loop, with
// straight lines between its samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "drivers/signal/load_shape.h"
#include "proto/result.h"

namespace drivers {

enum class TraceFormat { kF32, kI16 };                                // little endian, no header
std::optional<TraceFormat> trace_format_from(std::string_view text);  // "f32", "i16"

struct Trace {
  std::vector<float> samples;    // scaled, finite, at least one
  std::uint32_t rate_hz = 1000;  // 1 to 1,000,000
};

struct TraceFile {
  std::filesystem::path path;
  TraceFormat format = TraceFormat::kF32;
  std::uint32_t rate_hz = 1000;
  double scale = 1;  // to A (or V)
};

// Errors: what the system says of the file; std::errc::invalid_argument when its size, a value or
// the rate makes no sense.
proto::Result<Trace> read_trace(const TraceFile& file);

// The trace begins at value 0 and repeats; its last sample leads back to its first.
std::unique_ptr<LoadShape> make_trace_load(Trace trace);

}  // namespace drivers
