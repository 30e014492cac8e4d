// SPDX-License-Identifier: Apache-2.0
// With librdkafka's mock cluster, which has no transactions to speak of and answers few admin
// requests: at_least_once delivers, through an outage as well.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "agent/kafka/consumer.h"
#include "tests/agent/forward/real_agent.h"
#include "tests/agent/kafka/mock_cluster.h"

namespace agent {
namespace {

using proto::Lane;

TEST(AtLeastOnceOnTheMockCluster, DeliversThroughAnOutage) {
  MockCluster cluster;
  for (const proto::TopicSpec& spec : proto::kTopics) {
    cluster.create_topic("bench." + std::string(spec.suffix), 3);
  }
  const std::string folder =
      testing::TempDir() + "forward-mock-" + proto::StreamId::random().to_hex();
  ForwarderOptions options;
  options.agent_id = "bench-07";
  options.kafka = cluster.settings();
  options.delivery = Delivery::kAtLeastOnce;
  {
    RealAgent one(folder, options);
    one.append(Lane::kTelemetry, 20);
    ASSERT_TRUE(wait_for([&] { return one.appended() == 20 && one.all_acked(); }))
        << one.status().state << ": " << one.status().explanation;
    cluster.down();
    one.append(Lane::kTelemetry, 20);
    ASSERT_TRUE(wait_for([&] { return one.appended() == 40; }));
    ASSERT_TRUE(wait_for([&] { return one.status().state == "unreachable"; }))
        << one.status().state;
    EXPECT_NE(one.status().explanation, "");
    cluster.up();
    ASSERT_TRUE(wait_for([&] { return one.all_acked(); })) << one.status().explanation;
    EXPECT_EQ(one.status().delivered_records_total, 40U);
  }
  auto consumer = Consumer::open(cluster.settings(), {.read_committed = false});
  ASSERT_TRUE(consumer);
  ASSERT_EQ((*consumer)->start_all("bench.telemetry.v1", milliseconds(10'000)).value_or(0), 3);
  std::set<std::string> ids;
  ASSERT_TRUE(wait_for([&] {
    EXPECT_TRUE((*consumer)->poll(milliseconds(50), 1000, [&](const KafkaRecord& record) {
      const auto event = proto::from_headers(record.headers);
      ASSERT_TRUE(event);
      ids.insert(proto::ce_id(event->stream, event->lane, event->sequence));
    }));
    return ids.size() == 40;
  }));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace agent
