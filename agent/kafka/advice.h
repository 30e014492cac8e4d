// SPDX-License-Identifier: Apache-2.0
// What an operator can do about an error, when the settings tell more than the error's own row of
// the table: which file, which user, which way out. Pure; no secret is in it.
#pragma once

#include <string>
#include <string_view>

#include "agent/kafka/settings.h"

namespace agent {

// `detail` is the library's text: causes with one code are told apart by it. Falls back to the
// remedy of error_table.h. `library_version` as "2.0.2": before 2.6.1 the library's SCRAM is
// refused by Apache Kafka 4.0 and newer with any password (librdkafka pull request 4895).
std::string kafka_advice(int code, std::string_view detail, const KafkaSettings& checked,
                         std::string_view library_version);
// With the library that is there.
std::string kafka_advice(int code, std::string_view detail, const KafkaSettings& checked);

}  // namespace agent
