// SPDX-License-Identifier: Apache-2.0
// The [kafka] settings that an operator may give: one checked table. Names are librdkafka's own, so
// that every Kafka document applies; `_` may stand for `.`. Secrets come from files only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/result.h"

namespace agent {

// Ordered pairs (name, value) as rd_kafka_conf_set() takes them.
using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

enum class SettingType {
  kText,
  kBrokers,     // "host:port, host:port"
  kChoice,      // one word of `range`
  kBool,        // true, false
  kInteger,     // min..max in `range`
  kPath,        // a file that must be readable now
  kSecretFile,  // a file whose first line becomes the value of `target`
};

struct SettingSpec {
  std::string_view name;
  SettingType type = SettingType::kText;
  std::string_view range;   // "a|b|c" or "min..max"
  std::string_view target;  // librdkafka's name, when it differs
  std::string_view help;
};

// The allowed settings, for `config show`, the man page and the docs.
std::span<const SettingSpec> kafka_setting_specs();

// Checks every pair and returns what librdkafka is given. The first bad one is the error: unknown
// (with "did you mean"), ours to decide (with the reason), wrong type, unreadable file. A secret's
// file without a `/` is looked for in $CREDENTIALS_DIRECTORY. Certificate checks can be switched
// off only together with `tls.insecure = "yes, connections can be intercepted"`.
proto::Result<KafkaSettings> check_kafka_settings(const KafkaSettings& raw);

// True when the value of this librdkafka name must never be shown.
bool is_secret_setting(std::string_view librdkafka_name);

}  // namespace agent
