// SPDX-License-Identifier: Apache-2.0
// Prints the truth of id ranges, for people and as JSON.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "drivers/signal/truth.h"
#include "proto/gap.h"
#include "proto/result.h"

namespace agent {

// "FIRST:LAST", inclusive, FIRST <= LAST < 2^53.
proto::Result<proto::IdRange> parse_id_range(const std::string& text);

struct RangeTruth {
  proto::IdRange ids;
  drivers::Truth truth;
};

drivers::Truth total_of(const std::vector<RangeTruth>& ranges);
void print_truth(const std::vector<RangeTruth>& ranges, std::ostream& out);
void print_truth_json(const std::string& device_id, const std::vector<RangeTruth>& ranges,
                      std::ostream& out);

}  // namespace agent
