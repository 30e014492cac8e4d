// SPDX-License-Identifier: Apache-2.0
// Durations on the command line: "500ms", "60s", "30m", "30d"; a bare number is seconds.
#pragma once

#include <chrono>
#include <string>

namespace agent {

// For CLI11's check(): the sentence that says what is wrong, or empty.
std::string duration_problem(const std::string& text);
// Of a text without a problem.
std::chrono::milliseconds duration_of(const std::string& text);

}  // namespace agent
