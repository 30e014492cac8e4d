// SPDX-License-Identifier: Apache-2.0
// Exactly once against a model of committed transactions: whatever fails, and whenever the agent is
// killed, each record is read once, in order.
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

constexpr std::array kLanes = {Lane::kEvent, Lane::kTelemetry, Lane::kWaveform};
constexpr std::array kTopics = {"bench.event.v1", "bench.telemetry.v1", "bench.waveform.v1"};

// One agent, its cluster, and what was given to it.
struct World {
  void append(Lane lane, std::uint32_t records) {
    const auto ids = agent_.spool.append(lane, records, agent_.now_us());
    auto& all = made_[lane];
    all.insert(all.end(), ids.begin(), ids.end());
  }
  void append_everywhere(int rows) {
    for (int i = 0; i < rows; ++i) {
      append(Lane::kEvent, 1);
      append(Lane::kTelemetry, 3);
      append(Lane::kWaveform, 1);
    }
  }
  // In the order in which they were made, each once.
  void expect_all_once() {
    for (std::size_t i = 0; i < kLanes.size(); ++i) {
      std::vector<std::string> read;
      for (const ModelRecord& record : cluster_.of_topic(kTopics[i])) {
        read.push_back(record.header("ce_id"));
      }
      EXPECT_EQ(read, made_[kLanes[i]]) << kTopics[i];
    }
  }
  // The fault at the n-th call of the kind, once.
  void fail_once(Call call, int nth, Fault fault) {
    cluster_.fault = [=, count = 0](Call asked) mutable -> std::optional<Fault> {
      if (asked != call || ++count != nth) return std::nullopt;
      return fault;
    };
  }

  TestClock clock_;
  ModelCluster cluster_{clock_};
  BenchAgent agent_{clock_, cluster_};
  std::map<Lane, std::vector<std::string>> made_;
};

class ExactlyOnce : public testing::Test, protected World {};

TEST_F(ExactlyOnce, AllIsDeliveredAndAcked) {
  append_everywhere(20);
  ASSERT_TRUE(agent_.drain());
  expect_all_once();
  EXPECT_EQ(agent_.status().delivered_records_total, 100U);
  EXPECT_EQ(agent_.status().state, "delivering");
  EXPECT_EQ(cluster_.transactions(), 1U) << "one transaction takes what there is";
  for (const Lane lane : kLanes) EXPECT_FALSE(agent_.spool.pinned(lane));
}

TEST_F(ExactlyOnce, EachTransactionEndsWithItsProgress) {
  append_everywhere(2);
  ASSERT_TRUE(agent_.drain());
  append_everywhere(1);
  ASSERT_TRUE(agent_.drain());
  const auto& all = cluster_.committed();
  ASSERT_EQ(cluster_.of_topic("bench.progress.v1").size(), 2U);
  EXPECT_EQ(all.back().topic, "bench.progress.v1");
  EXPECT_EQ(all.back().key, "bench-07");
  const auto progress = proto::progress_from_json(all.back().value);
  ASSERT_TRUE(progress);
  const auto& next = progress->next_sequence.at(agent_.spool.stream());
  EXPECT_EQ(next.at(Lane::kTelemetry).value(), 10U);
  EXPECT_EQ(next.at(Lane::kEvent).value(), 4U);
}

TEST_F(ExactlyOnce, AnIdleForwarderMakesNoTransactions) {
  append_everywhere(1);
  ASSERT_TRUE(agent_.drain());
  const auto before = cluster_.transactions();
  EXPECT_FALSE(agent_.run_until([] { return false; }, 500));
  EXPECT_EQ(cluster_.transactions(), before);
}

TEST_F(ExactlyOnce, ACommitThatTimesOutIsCommittedAgain) {
  for (const bool applied : {false, true}) {
    fail_once(Call::kCommit, 1, {timed_out(), applied});
    append_everywhere(3);
    ASSERT_TRUE(agent_.drain());
    expect_all_once();
  }
  EXPECT_EQ(cluster_.producers(), 1U) << "the same producer goes on";
  EXPECT_EQ(agent_.status().retried_total, 0U);
}

// The model fails a test that aborts or sends again while a commit is in doubt.
TEST_F(ExactlyOnce, ACommitInDoubtIsSettledByTheNextProducer) {
  append_everywhere(1);
  ASSERT_TRUE(agent_.drain());
  for (const bool committed : {false, true}) {
    bool down = true;
    cluster_.coin = [=] { return committed; };
    cluster_.fault = [&](Call call) -> std::optional<Fault> {
      if (!down || (call != Call::kCommit && call != Call::kTopics)) return std::nullopt;
      return Fault{timed_out(), false};
    };
    append_everywhere(3);
    ASSERT_TRUE(agent_.run_until([&] { return agent_.status().state == "backing off"; }));
    down = false;
    ASSERT_TRUE(agent_.drain());
    expect_all_once();
  }
  EXPECT_EQ(agent_.status().rebuilds_total, 2U);
}

// The library says that the transaction must be aborted, and the abort succeeds: by a new epoch of
// the producer, which says nothing of a commit that the broker had taken.
TEST_F(ExactlyOnce, ACommitThatFailedMayHaveBeenTaken) {
  for (const bool applied : {false, true}) {
    fail_once(Call::kCommit, 1,
              {abortable(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING), applied});
    append_everywhere(3);
    ASSERT_TRUE(agent_.drain());
    expect_all_once();
  }
  EXPECT_EQ(agent_.status().rebuilds_total, 2U);
}

TEST_F(ExactlyOnce, EveryFaultAtEveryCall) {
  const std::vector<Fault> faults = {
      {timed_out(), false},
      {abortable(RD_KAFKA_RESP_ERR__TIMED_OUT), false},
      {abortable(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING), false},
      {abortable(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), false},
      {fatal(RD_KAFKA_RESP_ERR__FENCED), false},
      {fatal(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER), false},
      {plain_error(RD_KAFKA_RESP_ERR__STATE), false},
      {plain_error(RD_KAFKA_RESP_ERR__TRANSPORT), false},
  };
  const std::vector<Call> calls = {Call::kTopics, Call::kInit,  Call::kBegin,   Call::kProduce,
                                   Call::kCommit, Call::kAbort, Call::kProgress};
  for (const Fault& fault : faults) {
    for (const Call call : calls) {
      for (int nth = 1; nth <= 3; ++nth) {
        if (call == Call::kAbort) {
          // An abort needs a reason.
          cluster_.fault = [=, aborts = 0,
                            commits = 0](Call asked) mutable -> std::optional<Fault> {
            if (asked == Call::kCommit && ++commits == 1) {
              return Fault{abortable(RD_KAFKA_RESP_ERR__TIMED_OUT), false};
            }
            if (asked != Call::kAbort || ++aborts != nth) return std::nullopt;
            return fault;
          };
        } else {
          fail_once(call, nth, fault);
        }
        append_everywhere(2);
        ASSERT_TRUE(agent_.drain()) << "call " << static_cast<int>(call);
        append_everywhere(1);
        ASSERT_TRUE(agent_.drain()) << "call " << static_cast<int>(call);
        agent_.crash();
      }
    }
  }
  expect_all_once();
}

TEST_F(ExactlyOnce, AFullQueueIsWaitedFor) {
  cluster_.fault = [count = 0](Call call) mutable -> std::optional<Fault> {
    if (call != Call::kProduce || ++count % 3 != 0) return std::nullopt;
    return Fault{plain_error(RD_KAFKA_RESP_ERR__QUEUE_FULL), false};
  };
  append_everywhere(30);
  ASSERT_TRUE(agent_.drain());
  expect_all_once();
  EXPECT_EQ(agent_.status().retried_total, 0U);
}

// Without the progress record in the transaction this test is red.
TEST_F(ExactlyOnce, ACrashBetweenCommitAndAckRepeatsNothing) {
  for (int life = 0; life < 5; ++life) {
    append_everywhere(4);
    const auto before = cluster_.transactions();
    while (cluster_.transactions() == before) {
      const Turn turn = agent_.turn();
      if (turn.kind != Turn::Kind::kAgain) clock_.advance_to(turn.until_ns);
    }
    agent_.crash();  // the acks were not durable
  }
  ASSERT_TRUE(agent_.drain());
  expect_all_once();
}

TEST_F(ExactlyOnce, AnOldImageOfTheSpoolIsNotSentAgain) {
  append_everywhere(5);
  const ModelSpool image = agent_.spool;
  ASSERT_TRUE(agent_.drain());
  append_everywhere(5);
  ASSERT_TRUE(agent_.drain());
  agent_.kill();
  agent_.spool = image;
  agent_.spool.crash();
  agent_.start();
  append_everywhere(3);  // of the new stream: not swallowed
  ASSERT_TRUE(agent_.drain());
  expect_all_once();
}

TEST_F(ExactlyOnce, RowsOfAnOpenTransactionAreNotEvicted) {
  append_everywhere(50);
  std::set<std::string> lost;
  cluster_.fault = [&](Call call) -> std::optional<Fault> {
    if (call != Call::kCommit) return std::nullopt;
    for (const Lane lane : kLanes) {
      for (const auto& id : agent_.spool.evict(lane, 10)) lost.insert(id);
    }
    return std::nullopt;
  };
  ASSERT_TRUE(agent_.drain());
  EXPECT_TRUE(lost.empty());
  expect_all_once();
}

// Appends, faults, commits of the spool, waits and kills, in an order that the seed decides.
void play(World& world, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  int trouble = 5;
  world.cluster_.coin = [&] { return chance(50); };
  world.cluster_.fault = [&](Call call) -> std::optional<Fault> {
    if (!chance(trouble)) return std::nullopt;
    switch (random() % 6) {
      case 0:
        return Fault{fatal(RD_KAFKA_RESP_ERR__FENCED), false};
      case 1:
        return Fault{fatal(RD_KAFKA_RESP_ERR__FATAL), false};
      case 2:
        if (call == Call::kBegin) return std::nullopt;
        return Fault{abortable(RD_KAFKA_RESP_ERR__TIMED_OUT), false};
      case 3:
        return Fault{plain_error(RD_KAFKA_RESP_ERR__QUEUE_FULL), false};
      default:
        return Fault{timed_out(), call == Call::kCommit && chance(50)};
    }
  };
  for (int step = 0; step < 3000; ++step) {
    if (chance(20)) world.append(kLanes[random() % 3], 1 + random() % 3);
    if (chance(30)) world.agent_.spool.commit();
    if (chance(1)) world.agent_.crash();
    if (chance(2)) trouble = static_cast<int>(random() % 40);
    const Turn turn = world.agent_.turn();
    if (turn.kind != Turn::Kind::kAgain && chance(50)) world.clock_.advance_to(turn.until_ns);
  }
  world.cluster_.fault = nullptr;
  ASSERT_TRUE(world.agent_.drain());
  world.expect_all_once();
}

// Ten scripts from this seed on: sanitizers take minutes for all forty.
class RandomScripts : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomScripts, testing::Values(1, 11, 21, 31));

TEST_P(RandomScripts, WithFaultsAndCrashesLoseAndRepeatNothing) {
  std::uint64_t producers = 0;
  for (std::uint32_t seed = GetParam(); seed < GetParam() + 10 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world;
    play(world, seed);
    producers += world.cluster_.producers();
  }
  RecordProperty("producers", std::to_string(producers));
  EXPECT_GT(producers, 100U) << "the scripts were too kind";
}

}  // namespace
}  // namespace agent
