// SPDX-License-Identifier: Apache-2.0
// The whole daemon against librdkafka's mock cluster: it delivers, it acquires while there is no
// broker, and it reports runs that were open when its spool was lost.
#include <gmock/gmock.h>

#include <filesystem>

#include "proto/topics.h"
#include "tests/agent/daemon/daemon_bench.h"
#include "tests/agent/kafka/mock_cluster.h"

namespace agent {
namespace {

using testing::HasSubstr;

class DaemonWithBroker : public DaemonBench {
 protected:
  void SetUp() override {
    DaemonBench::SetUp();
    for (const auto& topic : proto::kTopics) {
      cluster_.create_topic(proto::topic_name("bench.", topic.topic), 1);
    }
    plug_in({"000001"});
    configure({"000001"}, "kafka.brokers = [\"" + cluster_.bootstrap() +
                              "\"]\nforward.delivery = \"at_least_once\"\n"
                              "forward.backoff.max = \"200ms\"");
  }
  bool wait_for_delivered(std::uint64_t more) const {
    const std::uint64_t before = status()["kafka"]["delivered_records_total"];
    return wait_for([&] { return status()["kafka"]["delivered_records_total"] >= before + more; });
  }

  MockCluster cluster_;
};

TEST_F(DaemonWithBroker, DeliversAndAcks) {
  start();
  ASSERT_TRUE(wait_for_delivered(10));
  ASSERT_TRUE(wait_for([&] { return !status()["kafka"]["last_ack_at"].is_null(); }));
  EXPECT_EQ(status()["kafka"]["delivery"], "at_least_once");
  EXPECT_EQ(status()["instruments"][0]["gaps_total"], 0);
  ASSERT_TRUE(wait_for([&] { return status()["health"] == "healthy"; })) << status()["reasons"];
  EXPECT_TRUE(wait_for([&] { return log_text().find("kafka: first ack") != std::string::npos; }));
  EXPECT_TRUE(stop());
}

TEST_F(DaemonWithBroker, AcquiresThroughAnOutage) {
  start();
  ASSERT_TRUE(wait_for_delivered(1));
  cluster_.down();
  const std::uint64_t before = status()["instruments"][0]["values_total"];
  ASSERT_TRUE(wait_for_values(before + 100'000));
  EXPECT_EQ(status()["instruments"][0]["gaps_total"], 0);
  cluster_.up();
  EXPECT_TRUE(wait_for_delivered(10));
  EXPECT_TRUE(stop());
}

TEST_F(DaemonWithBroker, ReportsRunsOfALostSpoolAsAborted) {
  start();
  ASSERT_TRUE(wait_for_values(1'000));
  ASSERT_EQ(run("", start_of("t-lost"))["ok"], true);
  // The run's record and all before it are with the broker.
  ASSERT_TRUE(wait_for([&] {
    const auto spool = status()["spool"];
    return spool["latest_unacked"] == 0;
  }));
  ASSERT_TRUE(stop());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(path("spool.db") + suffix);
  }
  start();
  ASSERT_TRUE(wait_for_values(1'000));
  ASSERT_EQ(run("", start_of("t-new"))["ok"], true);
  EXPECT_TRUE(wait_for([&] {
    return log_text().find("reported as aborted run=js220-000001/t-lost") != std::string::npos;
  }));
  EXPECT_TRUE(stop());
  EXPECT_THAT(log_text(), testing::Not(HasSubstr("t-new")));
}

}  // namespace
}  // namespace agent
