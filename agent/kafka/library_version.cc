// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/library_version.h"

#include "agent/kafka/rdkafka_c.h"

namespace agent {

std::string_view librdkafka_version() { return rd_kafka_version_str(); }

}  // namespace agent
