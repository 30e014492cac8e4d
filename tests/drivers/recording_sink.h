// SPDX-License-Identifier: Apache-2.0
// Keeps what a driver hands over, and checks the contract of DriverSink while it does.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "drivers/instrument_driver.h"

namespace drivers {

class RecordingSink final : public DriverSink {
 public:
  void on_segment(const SegmentStart& start) override {
    EXPECT_EQ(start.segment.value(), segments.empty() ? 1 : segments.back().segment.value() + 1);
    segments.push_back(start);
    position_ = start.first_id;
    last_utc_ns_.reset();
  }

  void on_block(const proto::Block& block) override {
    ASSERT_FALSE(segments.empty()) << "a Block before its segment";
    EXPECT_EQ(block.segment, segments.back().segment);
    EXPECT_EQ(block.first_id, position_) << "ids missing without a Gap";
    EXPECT_GT(block.id_count, 0u);
    EXPECT_EQ(block.current.values.size() * block.current.ids_per_value, block.id_count);
    EXPECT_EQ(block.voltage.values.size(), block.current.values.size());
    EXPECT_LE(block.current.values.size(), proto::kBlockValuesMax);
    for (const proto::CodeColumn& column : block.codes) check_runs(column, block.id_count);
    check_time(block);
    position_ = block.end_id();
    blocks.push_back(block);
  }

  void on_gap(const proto::Gap& gap) override {
    ASSERT_FALSE(segments.empty()) << "a Gap before its segment";
    ASSERT_TRUE(gap.ids.has_value());
    EXPECT_EQ(gap.segment, segments.back().segment);
    EXPECT_EQ(gap.reason, proto::GapReason::kUsbLoss);
    const bool names_floats = gap.signals.size() > 1;
    if (names_floats) {
      EXPECT_EQ(gap.ids->first, position_) << "a Gap that does not follow its Block";
      position_ = gap.ids->last.next();
      float_gaps.push_back(gap);
    } else {
      code_gaps.push_back(gap);
    }
  }

  std::uint64_t values() const {
    std::uint64_t count = 0;
    for (const proto::Block& block : blocks) count += block.current.values.size();
    return count;
  }
  std::uint64_t ids_in_float_gaps() const {
    std::uint64_t count = 0;
    for (const proto::Gap& gap : float_gaps) count += gap.ids->count();
    return count;
  }
  std::uint64_t ids_in_code_gaps() const {
    std::uint64_t count = 0;
    for (const proto::Gap& gap : code_gaps) count += gap.ids->count();
    return count;
  }
  // Ids that read kMissingCode in the column of that index, over all Blocks.
  std::uint64_t missing_codes(std::size_t column) const {
    std::uint64_t count = 0;
    for (const proto::Block& block : blocks) {
      for (const proto::CodeRun& run : block.codes[column].runs) {
        if (run.code == proto::kMissingCode) count += run.run_length;
      }
    }
    return count;
  }
  proto::SampleId position() const { return position_; }

  std::vector<SegmentStart> segments;
  std::vector<proto::Block> blocks;
  std::vector<proto::Gap> float_gaps;
  std::vector<proto::Gap> code_gaps;

 private:
  static void check_runs(const proto::CodeColumn& column, std::uint64_t id_count) {
    std::uint64_t ids = 0;
    for (std::size_t i = 0; i < column.runs.size(); ++i) {
      EXPECT_GT(column.runs[i].run_length, 0u);
      EXPECT_TRUE(i == 0 || column.runs[i].code != column.runs[i - 1].code) << "runs not merged";
      ids += column.runs[i].run_length;
    }
    EXPECT_EQ(ids, id_count) << "the runs do not cover the Block";
  }
  void check_time(const proto::Block& block) {
    const std::int64_t first_ns = block.time.utc_ns(block.first_id);
    EXPECT_GT(first_ns, last_utc_ns_.value_or(first_ns - 1)) << "time went back";
    last_utc_ns_ = block.time.utc_ns(block.end_id() - 1);
    EXPECT_GT(*last_utc_ns_, first_ns);
  }

  proto::SampleId position_;
  std::optional<std::int64_t> last_utc_ns_;
};

}  // namespace drivers
