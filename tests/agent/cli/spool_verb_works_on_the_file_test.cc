// SPDX-License-Identifier: Apache-2.0
// `wattspool spool` needs no daemon: it reads the file, says what is in it and finds a flipped bit.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/cli/spool_verb.h"
#include "buffer/spool.h"
#include "proto/clock.h"

namespace agent {
namespace {

class SpoolVerb : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "spool-verb-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.path = folder_ / "spool.db";
    buffer::SpoolOptions spool_options;
    spool_options.path = options_.path;
    spool_options.quota_bytes = buffer::kQuotaMin;
    auto spool = buffer::Spool::open(spool_options, clock_);
    ASSERT_TRUE(spool) << spool.error().message();
    std::vector<buffer::NewRow> rows(3);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].facts.lane = proto::Lane::kWaveform;
      rows[i].facts.topic = "bench.waveform.v1";
      rows[i].facts.key = "js220-000001/t-1";
      rows[i].facts.device_id = "js220-000001";
      rows[i].payload.assign(40'000, std::byte{0x5A});
    }
    buffer::Commit commit;
    commit.rows = rows;
    const auto report = (*spool)->commit(commit);
    ASSERT_TRUE(report) << report.error().message();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  proto::SystemClock clock_;
  std::filesystem::path folder_;
  SpoolVerbOptions options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(SpoolVerb, InfoCountsWhatIsUnsent) {
  options_.json = true;
  ASSERT_EQ(spool_info(options_, out_, err_), 0) << err_.str();
  const auto json = nlohmann::json::parse(out_.str());
  EXPECT_EQ(json["lanes"]["waveform"]["unacked_rows"], 3);
  EXPECT_EQ(json["lanes"]["waveform"]["unacked_size_bytes"], 120'000);
}

TEST_F(SpoolVerb, ListShowsTheNewestRows) {
  options_.rows_max = 2;
  options_.json = true;
  ASSERT_EQ(spool_list(options_, out_, err_), 0) << err_.str();
  const auto rows = nlohmann::json::parse(out_.str())["rows"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1]["position"], 3);
  EXPECT_EQ(rows[1]["sequence_first"], 3);
  EXPECT_EQ(rows[1]["acked"], false);
}

TEST_F(SpoolVerb, VerifyFindsAFlippedBitAndSaysWhere) {
  ASSERT_EQ(spool_verify(options_, out_, err_), 0) << err_.str();
  EXPECT_NE(out_.str().find("every checksum holds"), std::string::npos);
  // Closing has checkpointed all; the log would be read in place of the page that is spoilt here.
  std::filesystem::remove(options_.path + "-wal");
  std::filesystem::remove(options_.path + "-shm");
  // The payload is one byte repeated: a run almost a page long is one of its overflow pages (a
  // shorter one may be what SQLite left behind in a page that it no longer reads there).
  std::string bytes;
  {
    std::ifstream file(options_.path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto at = bytes.find(std::string(4'000, 0x5A));
  ASSERT_NE(at, std::string::npos) << "rows are not checkpointed into the file on close";
  std::fstream file(options_.path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at + 500));
  file.put(0x5B);
  file.close();
  out_.str("");
  EXPECT_EQ(spool_verify(options_, out_, err_), 1);
  EXPECT_NE(out_.str().find("waveform row 1"), std::string::npos) << out_.str();
}

TEST_F(SpoolVerb, AMissingFileIsNamed) {
  options_.path = folder_ / "absent.db";
  EXPECT_EQ(spool_info(options_, out_, err_), 1);
  EXPECT_NE(err_.str().find("absent.db"), std::string::npos) << err_.str();
}

// Each verb's answer to a file that cannot be read: its name, what is wrong, and no crash.
class SpoolVerbRefuses : public SpoolVerb {
 protected:
  void expect_refusal(const std::string& reason) {
    for (const auto& verb : {spool_info, spool_list, spool_verify}) {
      err_.str("");
      EXPECT_EQ(verb(options_, out_, err_), 1);
      EXPECT_NE(err_.str().find(options_.path), std::string::npos) << err_.str();
      EXPECT_NE(err_.str().find(reason), std::string::npos) << err_.str();
    }
  }
  void drop_log() {
    std::filesystem::remove(options_.path + "-wal");
    std::filesystem::remove(options_.path + "-shm");
  }
  void overwrite(std::streamoff at, const std::string& bytes) {
    std::fstream file(options_.path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(at);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
};

TEST_F(SpoolVerbRefuses, WhatIsNoDatabase) {
  drop_log();
  std::ofstream(options_.path, std::ios::trunc) << std::string(9'000, 'x');
  expect_refusal("not a wattspool spool");
}

TEST_F(SpoolVerbRefuses, AnEmptyFile) {
  drop_log();
  std::ofstream(options_.path, std::ios::trunc).close();
  expect_refusal("empty file");
}

TEST_F(SpoolVerbRefuses, ANewerSchemaWithBothVersions) {
  drop_log();
  constexpr std::streamoff kUserVersion = 60;  // of SQLite's file header, big-endian
  overwrite(kUserVersion, std::string("\0\0\0\x09", 4));
  expect_refusal("the file has schema 9, this program knows 1");
}

TEST_F(SpoolVerbRefuses, ATruncatedFile) {
  drop_log();
  std::filesystem::resize_file(options_.path, 30'000);
  expect_refusal("damaged");
}

}  // namespace
}  // namespace agent
