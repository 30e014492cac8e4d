// SPDX-License-Identifier: Apache-2.0
// A run that was open when the spool was lost is reported aborted; one that is not, is left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/forward/open_runs.h"

namespace agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kNoonUs = 1'795'521'600'000'000;
constexpr const char* kDevice = "js220-001234";

proto::RunRecord run(const std::string& test_id, const std::string& state, std::int64_t updated) {
  proto::RunRecord record;
  record.device_id = kDevice;
  record.test_id = test_id;
  record.state = state;
  record.started_utc_us = kNoonUs;
  record.updated_utc_us = updated;
  record.current_sign = "measured";
  record.recipe_id = "formation-3";
  record.labels = {{"operator", "Zoë"}};
  record.records_total = 17;
  record.energy_j = -41.25;
  return record;
}

class LostRuns : public testing::Test {
 protected:
  void take(const proto::RunRecord& record, std::int32_t partition = 0) {
    runs_.take(partition, record.device_id + "/" + record.test_id, to_json(record));
  }
  std::vector<std::string> open() const {
    std::vector<std::string> tests;
    for (const auto& record : runs_.result()) tests.push_back(record.test_id);
    return tests;
  }
  OpenRuns runs_{{kDevice}, {std::string(kDevice) + "/t-new"}};
};

TEST_F(LostRuns, AreThoseWhoseLastStateIsRunning) {
  take(run("t-1", "running", kNoonUs));
  take(run("t-2", "running", kNoonUs));
  take(run("t-1", "stopped", kNoonUs + 1));
  take(run("t-3", "aborted", kNoonUs));
  EXPECT_THAT(open(), ElementsAre("t-2"));
}

TEST_F(LostRuns, AreNotThoseOfOtherBenchesNorTheOneThatRunsNow) {
  auto foreign = run("t-1", "running", kNoonUs);
  foreign.device_id = "js220-009999";
  take(foreign);
  take(run("t-new", "running", kNoonUs));
  EXPECT_THAT(open(), IsEmpty());
}

TEST_F(LostRuns, AreNotThoseThatWereRemovedOrAreUnknown) {
  take(run("t-1", "running", kNoonUs));
  take(run("t-2", "running", kNoonUs));
  runs_.take(0, "js220-001234/t-1", "");
  runs_.take(0, "js220-001234/t-2", "{\"state\":\"of a later version\"}");
  EXPECT_THAT(open(), IsEmpty());
}

// In one partition the offset decides, whatever the clocks said.
TEST_F(LostRuns, FollowTheOffsetsInOnePartition) {
  take(run("t-1", "running", kNoonUs + 9));
  take(run("t-1", "stopped", kNoonUs));
  EXPECT_THAT(open(), IsEmpty());
}

TEST_F(LostRuns, FollowTheLastUpdateAcrossPartitions) {
  take(run("t-1", "running", kNoonUs), 5);
  take(run("t-1", "stopped", kNoonUs + 1), 0);
  take(run("t-2", "running", kNoonUs + 1), 0);
  take(run("t-2", "stopped", kNoonUs), 5);
  EXPECT_THAT(open(), ElementsAre("t-2"));
}

TEST(AbortedRun, EndedWhenItWasLastHeardOfAndKeepsAllElse) {
  const auto open = run("t-1", "running", kNoonUs + 60);
  const auto value = aborted_run(open, "bench.run.v1", kNoonUs + 1000);
  EXPECT_EQ(value.topic, "bench.run.v1");
  EXPECT_EQ(value.key, "js220-001234/t-1");
  EXPECT_EQ(value.utc_us, kNoonUs + 1000);
  auto expected = open;
  expected.state = "aborted";
  expected.ended_utc_us = kNoonUs + 60;
  expected.updated_utc_us = kNoonUs + 1000;
  EXPECT_EQ(value.value, to_json(expected));
}

TEST(AbortedRun, IsNotOlderThanWhatItReplaces) {
  const auto value = aborted_run(run("t-1", "running", kNoonUs + 60), "bench.run.v1", kNoonUs);
  EXPECT_EQ(value.utc_us, kNoonUs + 60);
}

}  // namespace
}  // namespace agent
