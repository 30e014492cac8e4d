// SPDX-License-Identifier: Apache-2.0
#include "drivers/value_queue.h"

#include <algorithm>
#include <cstring>

#include "proto/check.h"

namespace drivers {
namespace {

// The used part moves to the front when this many dead values lie before it: 128 KiB, so that the
// two queues stay in the second-level cache.
constexpr std::size_t kDeadValuesMax = 32'768;
constexpr std::size_t kFirstValues = 65'536;

}  // namespace

template <class Value>
ValueQueue<Value>::ValueQueue(std::uint32_t ids_per_value, std::size_t values_max)
    : ids_per_value_(ids_per_value),
      values_max_(values_max),
      values_(std::min(kFirstValues, values_max + kDeadValuesMax)) {
  extents_.reserve(64);
}

template <class Value>
void ValueQueue<Value>::append(proto::SampleId first, std::span<const std::byte> values) {
  const std::size_t count = values.size() / sizeof(Value);
  if (count == 0) return;
  WS_CHECK(count <= values_max_ && (empty() || first >= end_id_));
  make_room(count);
  std::memcpy(values_.data() + tail_, values.data(), count * sizeof(Value));
  tail_ += count;
  const auto added = static_cast<std::uint32_t>(count);
  if (!empty() && first == end_id_) {
    extents_.back().values += added;
  } else {
    extents_.push_back({first, added});
  }
  end_id_ = first + count * ids_per_value_;
}

template <class Value>
void ValueQueue<Value>::drop_before(proto::SampleId id) {
  while (!empty() && first_id() < id) {
    const std::uint64_t ids = id.value() - first_id().value();
    const std::uint64_t values = (ids + ids_per_value_ - 1) / ids_per_value_;
    drop_values(static_cast<std::uint32_t>(std::min<std::uint64_t>(values, contiguous_values())));
  }
}

template <class Value>
void ValueQueue<Value>::take(std::uint32_t values, std::vector<Value>& out) {
  WS_CHECK(values <= contiguous_values());
  const Value* begin = values_.data() + head_;
  out.insert(out.end(), begin, begin + values);
  drop_values(values);
}

template <class Value>
void ValueQueue<Value>::clear() {
  extents_.clear();
  first_extent_ = 0;
  head_ = tail_ = 0;
  end_id_ = {};
}

template <class Value>
void ValueQueue<Value>::drop_values(std::uint32_t values) {
  Extent& extent = extents_[first_extent_];
  head_ += values;
  extent.first = extent.first + std::uint64_t{values} * ids_per_value_;
  extent.values -= values;
  if (extent.values > 0) return;
  ++first_extent_;
  if (empty()) {
    extents_.clear();
    first_extent_ = 0;
    head_ = tail_ = 0;
  }
}

template <class Value>
void ValueQueue<Value>::make_room(std::size_t values) {
  while (tail_ - head_ + values > values_max_) {
    const std::size_t excess = tail_ - head_ + values - values_max_;
    drop_values(static_cast<std::uint32_t>(std::min<std::size_t>(excess, contiguous_values())));
  }
  if (head_ >= kDeadValuesMax || (tail_ + values > values_.size() && head_ > 0)) {
    std::memmove(values_.data(), values_.data() + head_, (tail_ - head_) * sizeof(Value));
    tail_ -= head_;
    head_ = 0;
    extents_.erase(extents_.begin(), extents_.begin() + static_cast<std::ptrdiff_t>(first_extent_));
    first_extent_ = 0;
  }
  if (tail_ + values > values_.size()) {
    // The dead part comes on top, so that a queue that is full does not move for each frame.
    values_.resize(std::min(values_max_ + kDeadValuesMax, 2 * std::max(tail_, values_.size())));
  }
}

template class ValueQueue<float>;
template class ValueQueue<std::uint32_t>;

}  // namespace drivers
