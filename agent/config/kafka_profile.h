// SPDX-License-Identifier: Apache-2.0
// kafka.profile: one word for all that a kind of broker wants of its clients. A profile decides
// some of our keys, demands others, and gives librdkafka settings of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/settings.h"

namespace agent {

// A key that the profile decides. The first of `values` is what it sets; the others may be chosen.
struct ProfileKey {
  std::string_view path;
  std::vector<std::string_view> values;
  std::string_view reason;  // when it needs one
};

struct KafkaProfile {
  std::string_view name;
  std::vector<ProfileKey> keys;
  std::vector<std::string_view> needs;  // keys that have no default
  // librdkafka's names. They may lie outside of the ranges for operators: a profile is tested
  // whole. Certificate checks are not among them: every profile with TLS has them.
  std::vector<std::pair<std::string_view, std::string_view>> settings;
};

std::span<const KafkaProfile> kafka_profiles();

// Fills the keys that the profile decides and `kafka_profile`; without a profile it does nothing.
// The issues: a key or a [kafka.settings] entry that contradicts it (both places are named), a key
// that is missing.
std::vector<ConfigIssue> apply_kafka_profile(Config& config);

// For the log: what the profile decided that changes what is promised. Empty: nothing.
std::string kafka_profile_note(const Config& config);

}  // namespace agent
