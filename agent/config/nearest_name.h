// SPDX-License-Identifier: Apache-2.0
// "did you mean": the known name that a misspelt one is nearest to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace agent {

// Absent when none is near (more than a third of the letters differ).
std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string_view> known);

}  // namespace agent
