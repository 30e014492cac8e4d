// SPDX-License-Identifier: Apache-2.0
// A set of SampleIds as a sorted list of ranges that do not touch.
#pragma once

#include <cstdint>
#include <vector>

#include "proto/gap.h"
#include "proto/ids.h"

namespace agent {

// From `begin` up to, not including, `end`.
struct IdSpan {
  proto::SampleId begin;
  proto::SampleId end;
  std::uint64_t ids() const { return end.value() - begin.value(); }
  bool operator==(const IdSpan&) const = default;
};
inline proto::IdRange to_range(const IdSpan& span) { return {span.begin, span.end - 1}; }

class IdRanges {
 public:
  void add(IdSpan span);
  void drop_before(proto::SampleId id);
  void clear() { spans_.clear(); }

  // The part of `span` that is not in the set.
  std::vector<IdSpan> missing_from(IdSpan span) const;
  const std::vector<IdSpan>& spans() const { return spans_; }
  bool empty() const { return spans_.empty(); }
  std::uint64_t ids() const;

 private:
  std::vector<IdSpan> spans_;
};

}  // namespace agent
