// SPDX-License-Identifier: Apache-2.0
// A spool in a folder of its own, with rows whose content follows from a number.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "buffer/spool.h"
#include "buffer/spool_errc.h"
#include "buffer/spool_reader.h"
#include "tests/buffer/test_disk.h"

namespace buffer {

class TestClock final : public proto::Clock {
 public:
  std::int64_t utc_ns() const override { return 1'795'000'000'000'000'000 + now_ns_; }
  std::int64_t monotonic_ns() const override { return now_ns_; }
  void pass_s(std::int64_t seconds) { now_ns_ += seconds * 1'000'000'000; }

 private:
  std::atomic<std::int64_t> now_ns_{1};
};

inline constexpr std::array kAllRowLanes = {proto::Lane::kEvent, proto::Lane::kTelemetry,
                                            proto::Lane::kWaveform, proto::Lane::kArchive};

// 1000 ids and one second each: row n covers ids [1000 n, 1000 n + 999] of segment 1.
NewRow make_row(proto::Lane lane, std::uint64_t n, std::size_t payload_bytes);
std::vector<NewRow> make_rows(proto::Lane lane, std::uint64_t first, std::uint64_t count,
                              std::size_t payload_bytes);

struct SpoolContent {
  std::vector<std::string> lines;  // one per row, state entry and latest value
  bool operator==(const SpoolContent&) const = default;
};
// All that a reader can see. Fails the test when something cannot be read.
SpoolContent content_of(const std::string& path);

class SpoolBench : public testing::Test {
 protected:
  SpoolBench();
  ~SpoolBench() override;

  std::unique_ptr<Spool> open_spool();
  std::unique_ptr<SpoolReader> open_reader();
  // The commit must succeed.
  CommitReport commit(Spool& spool, const std::vector<NewRow>& rows);
  CommitReport ack(Spool& spool, proto::Lane lane, std::uint64_t through);
  static proto::Result<CommitReport> try_commit(Spool& spool, const std::vector<NewRow>& rows);

  std::vector<std::uint64_t> positions(proto::Lane lane);
  std::vector<RowMeta> metas(proto::Lane lane);

  TestDisk disk_;
  TestClock clock_;
  std::filesystem::path folder_;
  SpoolOptions options_;
};

}  // namespace buffer
