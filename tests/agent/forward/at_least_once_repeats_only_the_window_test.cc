// SPDX-License-Identifier: Apache-2.0
// delivery = "at_least_once": nothing is lost, the order of first arrivals holds, and what comes
// twice was in the window when something broke.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/agent/forward/bench_agent.h"

namespace agent {
namespace {

using proto::Lane;

class AtLeastOnce : public testing::Test {
 protected:
  AtLeastOnce() {
    agent_.options().delivery = Delivery::kAtLeastOnce;
    agent_.options().window_rows_max = 8;
    agent_.start();
  }
  void append(int rows) {
    for (int i = 0; i < rows; ++i) {
      const auto ids = agent_.spool.append(Lane::kTelemetry, 2, agent_.now_us());
      ids_.insert(ids_.end(), ids.begin(), ids.end());
    }
  }
  // The number of records that came more than once.
  std::size_t check() {
    std::vector<std::string> first;
    std::set<std::string> seen;
    std::size_t repeats = 0;
    for (const ModelRecord& record : cluster_.committed()) {
      const std::string id = record.header("ce_id");
      if (seen.insert(id).second) {
        first.push_back(id);
      } else {
        ++repeats;
      }
    }
    EXPECT_EQ(first, ids_);
    return repeats;
  }

  TestClock clock_;
  ModelCluster cluster_{clock_};
  BenchAgent agent_{clock_, cluster_};
  std::vector<std::string> ids_;
};

TEST_F(AtLeastOnce, OnceEachWhenNothingBreaks) {
  append(30);
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(check(), 0U);
  EXPECT_EQ(cluster_.inits(), 0U);
  EXPECT_TRUE(cluster_.of_topic("bench.progress.v1").empty());
  EXPECT_EQ(agent_.status().transactions_total, 0U);
  EXPECT_EQ(agent_.status().delivery, "at_least_once");
}

TEST_F(AtLeastOnce, TheProgressTopicIsNotNeeded) {
  cluster_.missing_topics = {"bench.progress.v1"};
  append(1);
  ASSERT_TRUE(agent_.drain());
}

TEST_F(AtLeastOnce, AFatalErrorRepeatsAtMostTheWindow) {
  for (int round = 0; round < 10; ++round) {
    append(20);
    cluster_.fault = [=, polls = 0](Call call) mutable -> std::optional<Fault> {
      if (call != Call::kPoll || ++polls != 2 + round % 3) return std::nullopt;
      return Fault{fatal(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER), true};
    };
    ASSERT_TRUE(agent_.drain());
  }
  EXPECT_LE(check(), 10U * 16U);
  EXPECT_GE(agent_.status().rebuilds_total, 5U);
}

TEST_F(AtLeastOnce, RandomFaultsAndCrashesLoseNothing) {
  std::mt19937 random(3);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  int crashes = 0;
  cluster_.fault = [&](Call call) -> std::optional<Fault> {
    if (!chance(3)) return std::nullopt;
    if (call == Call::kPoll) return Fault{plain_error(RD_KAFKA_RESP_ERR__TRANSPORT), chance(50)};
    return Fault{plain_error(RD_KAFKA_RESP_ERR__QUEUE_FULL), false};
  };
  for (int step = 0; step < 5000; ++step) {
    if (chance(20)) append(1);
    if (chance(30)) agent_.spool.commit();
    if (chance(1)) {
      agent_.crash();
      ++crashes;
    }
    const Turn turn = agent_.turn();
    if (turn.kind != Turn::Kind::kAgain) clock_.advance_to(turn.until_ns);
  }
  cluster_.fault = nullptr;
  ASSERT_TRUE(agent_.drain());
  const std::size_t repeats = check();
  EXPECT_GT(crashes, 20);
  EXPECT_GT(repeats, 0U) << "the script was too kind";
}

}  // namespace
}  // namespace agent
