// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/code_cursor.h"

#include <algorithm>

namespace agent {

template <class Visit>
void CodeCursor::walk(std::uint64_t values, Visit visit) {
  while (values > 0 && run_ < column_->runs.size()) {
    const proto::CodeRun& run = column_->runs[run_];
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(values, run.run_length - used_));
    if (count > 0) visit(proto::CodeRun{run.code, count});
    values -= count;
    used_ += count;
    if (used_ == run.run_length) {
      ++run_;
      used_ = 0;
    }
  }
}

std::vector<proto::CodeRun> CodeCursor::take(std::uint64_t values) {
  std::vector<proto::CodeRun> runs;
  walk(values, [&](const proto::CodeRun& run) { runs.push_back(run); });
  return runs;
}

DutyCount CodeCursor::count_ones(std::uint64_t values) {
  DutyCount count;
  walk(values, [&](const proto::CodeRun& run) {
    if (run.code == proto::kMissingCode) return;
    count.known += run.run_length;
    if (run.code == 1) count.ones += run.run_length;
  });
  return count;
}

}  // namespace agent
