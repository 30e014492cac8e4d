// SPDX-License-Identifier: Apache-2.0
// A leader that was elected just now shows less than was committed: the agent would send again what
// is delivered. Progress is read from one that knows its end.
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "agent/forward/progress_reader.h"
#include "agent/kafka/kafka_errc.h"
#include "tests/agent/kafka/mock_cluster.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

class ProgressOfANewLeader : public testing::Test {
 protected:
  ProgressOfANewLeader() { cluster_.create_topic("progress", 1); }

  // From an offset that is known: the library itself does not ask for the end then.
  auto read(milliseconds timeout) {
    return read_progress({*check_kafka_settings(cluster_.settings()),
                          "progress",
                          "bench-07",
                          {{0, 0}},
                          timeout,
                          {}});
  }

  MockCluster cluster_;
};

TEST_F(ProgressOfANewLeader, IsNotReadBeforeItKnowsItsEnd) {
  cluster_.fail_list_offsets(
      std::vector<rd_kafka_resp_err_t>(1000, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE));
  const auto found = read(milliseconds(1500));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, KafkaErrc::kIncomplete) << found.error().message();
}

TEST_F(ProgressOfANewLeader, IsReadAsSoonAsItKnowsItsEnd) {
  cluster_.fail_list_offsets(
      {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
  const auto found = read(milliseconds(20'000));
  EXPECT_TRUE(found.has_value()) << found.error().message();
}

}  // namespace
}  // namespace agent
