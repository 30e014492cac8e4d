// SPDX-License-Identifier: Apache-2.0
// Walks the run-length column of a block once, in steps.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/pipeline/telemetry_builder.h"
#include "proto/block.h"

namespace agent {

class CodeCursor {
 public:
  // The column outlives the cursor.
  explicit CodeCursor(const proto::CodeColumn& column) : column_(&column) {}

  // The next `values` values, or what is left of them.
  std::vector<proto::CodeRun> take(std::uint64_t values);
  // The same, counted: how many of them are 1.
  DutyCount count_ones(std::uint64_t values);

 private:
  template <class Visit>
  void walk(std::uint64_t values, Visit visit);

  const proto::CodeColumn* column_;
  std::size_t run_ = 0;
  std::uint32_t used_ = 0;  // values of run_ that were taken
};

}  // namespace agent
