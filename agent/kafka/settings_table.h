// SPDX-License-Identifier: Apache-2.0
// The table behind settings.h: what is allowed, and what is refused with which reason.
#pragma once

#include <span>
#include <string_view>

#include "agent/kafka/settings.h"

namespace agent {

struct RefusedSetting {
  std::string_view name;
  std::string_view reason;
};

std::span<const RefusedSetting> refused_kafka_settings();

inline constexpr std::string_view kInsecureKey = "tls.insecure";
inline constexpr std::string_view kInsecureWord = "yes, connections can be intercepted";

}  // namespace agent
