// SPDX-License-Identifier: Apache-2.0
// What the Kafka side can answer: our own refusals, and librdkafka's and the broker's codes as they
// are.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "proto/result.h"

namespace agent {

enum class KafkaErrc {
  kUnknownSetting = 1,  // not in the table of settings
  kRefusedSetting,      // known, but ours to decide, or unsafe
  kBadValue,            // wrong type or outside its range
  kUnreadableFile,      // a secret or certificate that cannot be read
  kClient,              // librdkafka did not take our configuration
  kIncomplete,          // a read did not reach the end in time
};

const std::error_category& kafka_category();
std::error_code make_error_code(KafkaErrc code);

// rd_kafka_resp_err_t as an error code; its message is the sentence of error_table.h.
const std::error_category& broker_category();
// "<context>: <sentence> (<detail>)"; detail may be empty.
tl::unexpected<proto::Error> broker_fail(int code, std::string_view context,
                                         std::string_view detail);

}  // namespace agent

template <>
struct std::is_error_code_enum<agent::KafkaErrc> : std::true_type {};
