// SPDX-License-Identifier: Apache-2.0
// Quantities in words for people: "3 d 4 h", "1.6 MiB", "2 MS/s".
#pragma once

#include <cstdint>
#include <string>

namespace agent {

std::string age_text(double seconds);          // "0.4 s", "45 s", "12 min", "3 h 10 min", "3 d 4 h"
std::string bytes_text(std::uint64_t bytes);   // "512 B", "1.6 MiB"
std::string sample_rate_text(double rate_hz);  // "20 kS/s"
std::string si_text(double value, const char* unit);            // "1.25 mA"
std::string count_text(std::uint64_t count, const char* noun);  // "1 gap", "2 gaps"

}  // namespace agent
