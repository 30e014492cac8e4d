// SPDX-License-Identifier: Apache-2.0
// Codes of one integer signal (range, GPI) as runs, waiting for the floats of the same ids. One
// value per id. What never came is told as missing. Bounded, without allocation once it has grown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proto/block.h"
#include "proto/gap.h"
#include "proto/ids.h"

namespace drivers {

class CodeQueue {
 public:
  // Beyond `runs_max` the oldest runs go (their ids become missing).
  explicit CodeQueue(std::size_t runs_max);

  // Elements [skip, values) of packed `data`; `first` is the id of element `skip` and not before
  // end_id(). `bits` is 1 or 4, least significant first; the data holds at least `values`.
  void append_packed(proto::SampleId first, std::span<const std::byte> data, std::uint32_t bits,
                     std::uint32_t skip, std::uint32_t values);
  // The same code `length` times; `first` is not before end_id().
  void append_run(proto::SampleId first, std::uint32_t code, std::uint32_t length);
  void drop_before(proto::SampleId id);
  // Moves the codes of [first, end) to `out`, with kMissingCode where none came, and names those
  // ids in `missing`. Drops what is older.
  void take(proto::SampleId first, proto::SampleId end, std::vector<proto::CodeRun>& out,
            std::vector<proto::IdRange>& missing);
  void clear();

  bool empty() const { return first_run_ == runs_.size(); }
  proto::SampleId first_id() const { return runs_[first_run_].first; }
  // One past the newest code that ever came.
  proto::SampleId end_id() const { return end_id_; }

 private:
  struct Run {
    proto::SampleId first;
    std::uint32_t length = 0;
    std::uint32_t code = 0;
  };
  const std::size_t runs_max_;
  std::vector<Run> runs_;
  std::size_t first_run_ = 0;
  proto::SampleId end_id_;
};

// Elements from `index` on that equal the one at `index`, at most up to `values`. Compares 64 bits
// at a time.
std::uint32_t equal_codes(std::span<const std::byte> data, std::uint32_t bits, std::uint32_t index,
                          std::uint32_t values);

// Appends to `out`, lengthening its last run where the code is the same.
void append_code_run(std::vector<proto::CodeRun>& out, std::uint32_t code, std::uint64_t length);

}  // namespace drivers
