// SPDX-License-Identifier: Apache-2.0
// The librdkafka that this process runs with: "2.0.2".
#pragma once

#include <string_view>

namespace agent {

std::string_view librdkafka_version();

}  // namespace agent
