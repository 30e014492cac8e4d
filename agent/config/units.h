// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them: a number and its unit, "200ms", "10GiB", "1kHz", "2MB/s".
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace agent {

enum class UnitKind { kDuration, kSize, kRate, kByteRate };

// In the kind's base unit: milliseconds, bytes, hertz, bytes per second. The error is a sentence
// that names the units that are known.
tl::expected<double, std::string> parse_quantity(std::string_view text, UnitKind kind);

// The shortest text that parses to the same amount with a readable unit: 10737418240 -> "10GiB".
std::string format_quantity(double amount, UnitKind kind);

}  // namespace agent
