// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/id_ranges.h"

#include <algorithm>

namespace agent {

void IdRanges::add(IdSpan span) {
  if (span.begin >= span.end) return;
  const auto first = std::find_if(spans_.begin(), spans_.end(),
                                  [&](const IdSpan& other) { return other.end >= span.begin; });
  auto last = first;
  for (; last != spans_.end() && last->begin <= span.end; ++last) {
    span.begin = std::min(span.begin, last->begin);
    span.end = std::max(span.end, last->end);
  }
  spans_.insert(spans_.erase(first, last), span);
}

void IdRanges::drop_before(proto::SampleId id) {
  std::erase_if(spans_, [&](const IdSpan& span) { return span.end <= id; });
  if (!spans_.empty()) spans_.front().begin = std::max(spans_.front().begin, id);
}

std::vector<IdSpan> IdRanges::missing_from(IdSpan span) const {
  std::vector<IdSpan> missing;
  for (const IdSpan& present : spans_) {
    if (present.end <= span.begin) continue;
    if (present.begin >= span.end) break;
    if (present.begin > span.begin) missing.push_back({span.begin, present.begin});
    span.begin = present.end;
  }
  if (span.begin < span.end) missing.push_back(span);
  return missing;
}

std::uint64_t IdRanges::ids() const {
  std::uint64_t ids = 0;
  for (const IdSpan& span : spans_) ids += span.ids();
  return ids;
}

}  // namespace agent
