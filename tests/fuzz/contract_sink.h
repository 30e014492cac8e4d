// SPDX-License-Identifier: Apache-2.0
// What the fuzzers of all families share: a sink that ends the process when a driver breaks its
// contract, and bytes that are used up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "drivers/instrument_driver.h"
#include "proto/check.h"

namespace drivers {

class ContractSink final : public DriverSink {
 public:
  explicit ContractSink(std::uint64_t ids_per_value) : ids_per_value_(ids_per_value) {}

  void on_segment(const SegmentStart& start) override {
    WS_CHECK(start.segment.value() == segment_.value() + 1);
    segment_ = start.segment;
    position_ = start.first_id;
    last_utc_ns_.reset();
  }
  void on_block(const proto::Block& block) override {
    WS_CHECK(block.segment == segment_ && block.first_id == position_ && block.id_count > 0);
    WS_CHECK(block.current.values.size() * ids_per_value_ == block.id_count);
    WS_CHECK(block.voltage.values.size() * ids_per_value_ == block.id_count);
    for (const proto::CodeColumn& column : block.codes) {
      std::uint64_t ids = 0;
      for (const proto::CodeRun& run : column.runs) ids += run.run_length;
      WS_CHECK(ids == block.id_count);
    }
    const std::int64_t first_ns = block.time.utc_ns(block.first_id);
    WS_CHECK(!last_utc_ns_ || first_ns > *last_utc_ns_);
    last_utc_ns_ = block.time.utc_ns(block.end_id() - 1);
    WS_CHECK(block.id_count == 1 || *last_utc_ns_ > first_ns);
    position_ = block.end_id();
  }
  void on_gap(const proto::Gap& gap) override {
    WS_CHECK(gap.segment == segment_ && gap.ids && gap.ids->first <= gap.ids->last);
    if (gap.signals.size() == 1) return;
    WS_CHECK(gap.ids->first == position_);
    position_ = gap.ids->last.next();
  }

 private:
  const std::uint64_t ids_per_value_;
  proto::SegmentId segment_;
  proto::SampleId position_;
  std::optional<std::int64_t> last_utc_ns_;
};

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  // What is missing at the end is zero.
  template <class T>
  T take() {
    T value{};
    const auto taken = take_bytes(sizeof value);
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::span<const std::uint8_t> take_bytes(std::size_t count) {
    const auto taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace drivers
