// SPDX-License-Identifier: Apache-2.0
// The books of one lane in one segment: which ids are accounted for. An id is either in a row that
// the queue took, or named by a gap event, or still open; what is skipped is lost, and is found
// here.
#pragma once

#include <vector>

#include "agent/pipeline/id_ranges.h"

namespace agent {

struct LaneLedger {
  // All ids before this one are in rows or named.
  proto::SampleId next;
  // Ids from `next` on that gap events have named already.
  IdRanges named;

  void begin(proto::SampleId first_id) {
    next = first_id;
    named.clear();
  }
  void name(const IdSpan& span) {
    named.add(span);
    close_up();
  }
  // Ids of `span` that nothing accounts for.
  std::vector<IdSpan> open_within(IdSpan span) const {
    if (span.begin < next) span.begin = next;
    if (span.end <= span.begin) return {};
    return named.missing_from(span);
  }
  std::vector<IdSpan> open_before(proto::SampleId end) const { return open_within({next, end}); }
  void advance(proto::SampleId end) {
    if (end > next) next = end;
    close_up();
  }

 private:
  void close_up() {
    named.drop_before(next);
    if (!named.empty() && named.spans().front().begin == next) {
      next = named.spans().front().end;
      named.drop_before(next);
    }
  }
};

}  // namespace agent
