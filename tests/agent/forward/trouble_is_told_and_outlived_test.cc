// SPDX-License-Identifier: Apache-2.0
// Absent brokers, missing topics, refused credentials, a second agent: what an operator reads, when
// it is tried again, and that it heals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <set>
#include <string>
#include <vector>

#include "buffer/spool_errc.h"
#include "tests/agent/forward/bench_agent.h"

namespace agent {
namespace {

using proto::Lane;
using testing::HasSubstr;

class Trouble : public testing::Test {
 protected:
  void down(int code = RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    cluster_.fault = [=](Call call) -> std::optional<Fault> {
      if (call != Call::kTopics) return std::nullopt;
      return Fault{plain_error(code), false};
    };
  }
  void up() { cluster_.fault = nullptr; }
  bool reaches(const std::string& state) {
    return agent_.run_until([&] { return agent_.status().state == state; }, 2000);
  }
  void append(int rows = 1) {
    for (int i = 0; i < rows; ++i) agent_.spool.append(Lane::kTelemetry, 1, agent_.now_us());
  }

  TestClock clock_;
  ModelCluster cluster_{clock_};
  BenchAgent agent_{clock_, cluster_};
};

TEST_F(Trouble, AnAbsentBrokerIsWaitedForWithGrowingDelays) {
  down();
  append();
  std::vector<double> delays_s;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(reaches("backing off"));
    delays_s.push_back(agent_.status().backoff_s);
    clock_.advance(std::chrono::seconds(31));
    agent_.turn();
  }
  double early = 0;
  double late = 0;
  for (int i = 0; i < 5; ++i) early = std::max(early, delays_s[static_cast<std::size_t>(i)]);
  for (const double delay : delays_s) {
    late = std::max(late, delay);
    EXPECT_LE(delay, 30.0);
  }
  EXPECT_LE(early, 1.6);
  EXPECT_GT(late, 15.0);
  EXPECT_GT(std::set<double>(delays_s.begin(), delays_s.end()).size(), 50U) << "jitter";
  EXPECT_THAT(agent_.status().explanation, HasSubstr("kafka.brokers"));
  up();
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(agent_.status().state, "delivering");
  EXPECT_EQ(agent_.status().last_error, "");
  down();
  cluster_.fault = [inner = cluster_.fault](Call call) -> std::optional<Fault> {
    if (call == Call::kCommit) return Fault{fatal(RD_KAFKA_RESP_ERR__FATAL), false};
    return inner(call);
  };
  append();
  ASSERT_TRUE(reaches("backing off"));
  EXPECT_LE(agent_.status().backoff_s, 0.1) << "a success begins anew";
  EXPECT_EQ(agent_.status().rebuilds_total, 1U);
}

TEST_F(Trouble, NoTransactionIsOpenDuringABackoff) {
  append();
  // Of the records: a commit that fails although all were delivered is in doubt.
  cluster_.verdict = [refusals = 0](const ModelRecord&, std::size_t) mutable {
    return ++refusals > 5 ? 0 : RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
  };
  int waits = 0;
  ASSERT_TRUE(agent_.run_until([&] {
    if (agent_.status().state == "backing off") {
      ++waits;
      EXPECT_FALSE(agent_.engine().in_hand());
    }
    return agent_.spool.all_acked();
  }));
  EXPECT_GE(waits, 5);
  EXPECT_EQ(cluster_.producers(), 1U) << "aborted and sent again by the same producer";
  EXPECT_GE(agent_.status().retried_total, 5U);
}

TEST_F(Trouble, AMissingTopicIsHeldAndFoundOnceItIsMade) {
  cluster_.missing_topics = {"bench.waveform.v1"};
  append();
  ASSERT_TRUE(reaches("held"));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("bench.waveform.v1"));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("run `wattspool topics create`"));
  cluster_.missing_topics.clear();
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(agent_.status().explanation, "");
}

TEST_F(Trouble, RefusedCredentialsAreHeldAndTriedSlowly) {
  down(RD_KAFKA_RESP_ERR__AUTHENTICATION);
  int tries = 0;
  cluster_.fault = [&, inner = cluster_.fault](Call call) {
    tries += call == Call::kTopics ? 1 : 0;
    return inner(call);
  };
  ASSERT_TRUE(reaches("held"));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("credentials"));
  const auto until = clock_.monotonic_ns() + 60'000'000'000;
  agent_.run_until([&] { return clock_.monotonic_ns() >= until; });
  EXPECT_LE(tries, 15);
  EXPECT_GE(tries, 8);
}

TEST_F(Trouble, ARefusedWriteIsAbortedAndHeld) {
  append();
  bool refused = true;
  cluster_.verdict = [&](const ModelRecord&, std::size_t) {
    return refused ? RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED : 0;
  };
  ASSERT_TRUE(reaches("held"));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("wattspool topics create --print-acls"));
  refused = false;
  ASSERT_TRUE(agent_.drain());
}

TEST_F(Trouble, ASpoolThatCannotBeReadIsTriedAgain) {
  append();
  agent_.spool.read_error = proto::Error{make_error_code(buffer::SpoolErrc::kIo), "read spool x"};
  ASSERT_TRUE(reaches("backing off"));
  EXPECT_THAT(agent_.status().last_error, HasSubstr("read spool x"));
  agent_.spool.read_error.reset();
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(cluster_.producers(), 1U);
}

TEST_F(Trouble, OwnPauseIsNoForeignAgent) {
  append();
  ASSERT_TRUE(agent_.drain());
  cluster_.fault = [begins = 0](Call call) mutable -> std::optional<Fault> {
    if (call != Call::kBegin || ++begins > 1) return std::nullopt;
    return Fault{fatal(RD_KAFKA_RESP_ERR__FENCED), false};
  };
  append();
  ASSERT_TRUE(agent_.drain());
  EXPECT_EQ(agent_.status().rebuilds_total, 1U);
}

TEST_F(Trouble, AForeignAgentIsNamedAndNotFencedAndOutwaited) {
  append();
  ASSERT_TRUE(agent_.drain());
  BenchAgent other(clock_, cluster_);
  other.start("bench-08");
  const auto other_sends = [&] {
    other.spool.append(Lane::kEvent, 1, other.now_us());
    return other.drain();
  };
  ASSERT_TRUE(other_sends());
  append();
  ASSERT_TRUE(reaches("held"));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("bench-08 (instance "));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("started 2026-"));
  const auto inits = cluster_.inits();
  for (int minute = 0; minute < 10; ++minute) {
    ASSERT_TRUE(other_sends());
    const auto until = clock_.monotonic_ns() + 60'000'000'000;
    agent_.run_until([&] { return clock_.monotonic_ns() >= until; });
    ASSERT_EQ(agent_.status().state, "held");
  }
  EXPECT_EQ(cluster_.inits(), inits) << "looking does not fence";
  EXPECT_EQ(other.status().rebuilds_total, 0U);
  other.kill();
  const auto silent_since = clock_.monotonic_ns();
  ASSERT_TRUE(agent_.drain());
  EXPECT_GE(clock_.monotonic_ns() - silent_since, 230'000'000'000);
  EXPECT_EQ(agent_.status().state, "delivering");
}

TEST_F(Trouble, WithoutAProgressRecordItSaysWhereItResumed) {
  append(3);
  ASSERT_TRUE(agent_.drain());
  agent_.spool.commit();
  ModelCluster made_anew(clock_);
  BenchAgent again(clock_, made_anew);
  again.spool = agent_.spool;
  again.spool.crash();
  again.start();
  again.spool.append(Lane::kTelemetry, 1, again.now_us());
  ASSERT_TRUE(again.drain());
  EXPECT_EQ(made_anew.of_topic("bench.telemetry.v1").size(), 1U);
  ASSERT_EQ(again.status().topic_warnings.size(), 1U);
  EXPECT_THAT(again.status().topic_warnings[0], HasSubstr("no progress record"));
}

TEST_F(Trouble, FinishingEndsWhatIsInHandAndBeginsNothing) {
  append(2);
  ASSERT_TRUE(agent_.run_until([&] { return agent_.engine().in_hand(); }));
  append(1);
  agent_.engine().finish();
  while (agent_.engine().in_hand()) agent_.turn();
  for (int i = 0; i < 20; ++i) agent_.turn();
  EXPECT_EQ(cluster_.of_topic("bench.telemetry.v1").size(), 2U);
}

}  // namespace
}  // namespace agent
