// SPDX-License-Identifier: Apache-2.0
// One record as a consumer sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proto/cloud_event.h"

namespace agent {

// Views are valid during the call that takes it.
struct ConsumedRecord {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string_view key;
  std::vector<proto::Header> headers;
  std::span<const std::byte> value;
};

}  // namespace agent
