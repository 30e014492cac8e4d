// SPDX-License-Identifier: Apache-2.0
// Values of one signal, floats or raw words, that wait for the other signals of the same ids. Holes
// are kept: a value has its id, not its place. Bounded, and without allocation once it has grown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proto/ids.h"

namespace drivers {

template <class Value>  // float or std::uint32_t
class ValueQueue {
 public:
  // Beyond `values_max` the oldest values go (they become part of a hole).
  ValueQueue(std::uint32_t ids_per_value, std::size_t values_max);

  // `values` are little endian and of any alignment, at most values_max; `first` is not before
  // end_id().
  void append(proto::SampleId first, std::span<const std::byte> values);
  void drop_before(proto::SampleId id);
  // Moves the oldest `values` to the end of `out`; at most contiguous_values().
  void take(std::uint32_t values, std::vector<Value>& out);
  void clear();

  bool empty() const { return first_extent_ == extents_.size(); }
  // Of the oldest value; only when not empty.
  proto::SampleId first_id() const { return extents_[first_extent_].first; }
  std::uint32_t contiguous_values() const { return empty() ? 0 : extents_[first_extent_].values; }
  // One past the newest value that ever came.
  proto::SampleId end_id() const { return end_id_; }

 private:
  // A stretch without a hole. The values of all extents lie one after another.
  struct Extent {
    proto::SampleId first;
    std::uint32_t values = 0;
  };
  void drop_values(std::uint32_t values);
  void make_room(std::size_t values);

  const std::uint32_t ids_per_value_;
  const std::size_t values_max_;
  std::vector<Value> values_;  // [head_, tail_) are in use
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::vector<Extent> extents_;
  std::size_t first_extent_ = 0;
  proto::SampleId end_id_;
};

using FloatQueue = ValueQueue<float>;
using WordQueue = ValueQueue<std::uint32_t>;

}  // namespace drivers
