// SPDX-License-Identifier: Apache-2.0
// The `gap` event of wire.md 4.
#pragma once

#include <optional>
#include <string>

#include "agent/pipeline/gap_join.h"
#include "proto/gap.h"
#include "proto/lane.h"
#include "proto/side_records.h"

namespace agent {

// lane absent: all lanes. `tail` is the segment that the missing ids belong to.
proto::EventRecord gap_event(const std::string& device_id, const SegmentTail& tail,
                             std::optional<proto::Lane> lane, proto::Gap gap);

// Whether it takes ids from the lanes. A gap of codes alone does not: the ids are delivered, with
// missing codes in their rows.
bool takes_samples(const proto::Gap& gap);

// Values of a float signal that the gap cost: exact with ids, else by its duration.
std::uint64_t values_lost(const proto::Gap& gap, const SegmentTail& tail);

}  // namespace agent
