// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and secrets change while data flows: a reload, or a refused connection, makes
// a producer of the new ones; what the old one had in hand is delivered once, and one that cannot
// be made changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <string>
#include <vector>

#include "tests/agent/forward/bench_agent.h"

namespace agent {
namespace {

using proto::Lane;
using testing::HasSubstr;

class Credentials : public testing::Test {
 protected:
  explicit Credentials(Delivery delivery = Delivery::kExactlyOnce)
      : agent_(clock_, cluster_, options_of(delivery)) {}

  static ForwarderOptions options_of(Delivery delivery) {
    ForwarderOptions options;
    options.delivery = delivery;
    return options;
  }
  void append(std::uint32_t records = 3) {
    const auto ids = agent_.spool.append(Lane::kTelemetry, records, agent_.now_us());
    made_.insert(made_.end(), ids.begin(), ids.end());
  }
  bool deliver() {
    append();
    return agent_.drain();
  }
  void replace(const std::string& files) {
    cluster_.files = files;
    agent_.engine().renew();
  }
  // A transaction is sent, and the brokers do not answer its commit.
  void leave_in_doubt(bool applied) {
    cluster_.fault = [=](Call call) -> std::optional<Fault> {
      if (call != Call::kCommit) return std::nullopt;
      return Fault{timed_out(), applied};
    };
    append();
    ASSERT_TRUE(agent_.run_until([&] { return agent_.engine().in_hand(); }));
    agent_.turn();
    ASSERT_TRUE(agent_.engine().in_hand());
  }
  void expect_all_once() {
    std::vector<std::string> read;
    for (const ModelRecord& record : cluster_.of_topic("bench.telemetry.v1")) {
      read.push_back(record.header("ce_id"));
    }
    EXPECT_EQ(read, made_);
  }

  TestClock clock_;
  ModelCluster cluster_{clock_};
  BenchAgent agent_;
  std::vector<std::string> made_;
};

TEST_F(Credentials, ThatAreTheSameMakeNothing) {
  ASSERT_TRUE(deliver());
  replace("first");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 1U);
  EXPECT_EQ(agent_.status().renewals_total, 0U);
  EXPECT_EQ(agent_.status().reload_error, "");
}

TEST_F(Credentials, ThatDifferMakeOneProducer) {
  ASSERT_TRUE(deliver());
  replace("second");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 2U);
  EXPECT_EQ(agent_.status().renewals_total, 1U);
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 2U);
  expect_all_once();
}

TEST_F(Credentials, ThatMakeNoProducerLeaveTheOldOneAndSayWhy) {
  ASSERT_TRUE(deliver());
  replace(ModelCluster::kBroken);
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 1U);
  EXPECT_EQ(cluster_.inits(), 1U);
  EXPECT_EQ(agent_.status().state, "delivering");
  EXPECT_THAT(agent_.status().reload_error, HasSubstr("the certificate is none"));
  replace("second");
  EXPECT_EQ(agent_.status().reload_error, "");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(agent_.status().renewals_total, 1U);
  expect_all_once();
}

TEST_F(Credentials, ThatCannotBeReadLeaveTheOldOneAndSayWhy) {
  ASSERT_TRUE(deliver());
  cluster_.unreadable = true;
  replace("second");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 1U);
  EXPECT_THAT(agent_.status().reload_error, HasSubstr("read the key"));
}

TEST_F(Credentials, WaitForTheTransactionInHand) {
  ASSERT_TRUE(deliver());
  append();
  ASSERT_TRUE(agent_.run_until([&] { return agent_.engine().in_hand(); }));
  replace("second");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(agent_.status().retried_total, 0U);
  EXPECT_EQ(agent_.status().renewals_total, 1U);
  expect_all_once();
}

// Whichever way the brokers decide, whether they had heard of it or not.
TEST_F(Credentials, SettleATransactionInDoubt) {
  for (const bool applied : {false, true}) {
    for (const bool decided : {false, true}) {
      ASSERT_TRUE(deliver());
      const auto producers = cluster_.producers();
      cluster_.coin = [=] { return decided; };
      leave_in_doubt(applied);
      const std::int64_t since_ns = clock_.monotonic_ns();
      replace("files " + std::to_string(producers));
      ASSERT_TRUE(agent_.run_until([&] { return cluster_.inits() > producers; }));
      EXPECT_LE(clock_.monotonic_ns() - since_ns, 3'000'000'000) << "not waited out";
      cluster_.fault = nullptr;
      ASSERT_TRUE(deliver());
      EXPECT_EQ(cluster_.producers(), producers + 1);
      expect_all_once();
    }
  }
}

TEST_F(Credentials, AreReadAgainWhenBrokersRefuseThemAndNotInATightLoop) {
  ASSERT_TRUE(deliver());
  cluster_.accepts = [](const std::string& files) { return files == "second"; };
  append();
  int tries = 0;
  cluster_.fault = [&](Call call) -> std::optional<Fault> {
    tries += call == Call::kInit || call == Call::kTopics ? 1 : 0;
    return std::nullopt;
  };
  ASSERT_TRUE(agent_.run_until([&] { return agent_.status().state == "held"; }));
  EXPECT_THAT(agent_.status().explanation, HasSubstr("certificate verify failed"));
  const std::int64_t until_ns = clock_.monotonic_ns() + 60'000'000'000;
  int looks = 0;
  cluster_.accepts = [&](const std::string& files) {
    ++looks;
    return files == "second";
  };
  agent_.run_until([&] { return clock_.monotonic_ns() >= until_ns; });
  EXPECT_EQ(cluster_.producers(), 1U);
  EXPECT_EQ(tries, 0);
  EXPECT_LE(looks, 15);
  EXPECT_GE(looks, 8);
  cluster_.files = "second";  // nobody reloads
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 2U);
  expect_all_once();
}

TEST_F(Credentials, AreTriedAtOnceWhereOnlyTheyWereMissing) {
  cluster_.accepts = [](const std::string& files) { return files == "second"; };
  append();
  ASSERT_TRUE(agent_.run_until([&] { return agent_.status().state == "held"; }));
  const std::int64_t since_ns = clock_.monotonic_ns();
  replace("second");
  ASSERT_TRUE(agent_.run_until([&] { return agent_.status().state == "delivering"; }));
  EXPECT_LE(clock_.monotonic_ns() - since_ns, 1'000'000'000);
  ASSERT_TRUE(agent_.drain());
  expect_all_once();
}

TEST_F(Credentials, ThatWorkAgainTakeTheErrorOfTheReloadAway) {
  ASSERT_TRUE(deliver());
  replace(ModelCluster::kBroken);
  ASSERT_NE(agent_.status().reload_error, "");
  cluster_.files = "second";
  cluster_.accepts = [](const std::string& files) { return files == "second"; };
  ASSERT_TRUE(deliver());
  EXPECT_EQ(agent_.status().reload_error, "");
  expect_all_once();
}

class CredentialsAtLeastOnce : public Credentials {
 protected:
  CredentialsAtLeastOnce() : Credentials(Delivery::kAtLeastOnce) {}
};

// Rows that never end are no reason to wait for ever; and those on their way are waited for.
TEST_F(CredentialsAtLeastOnce, TakeOverBetweenTheReportsOfABusyStream) {
  ASSERT_TRUE(deliver());
  replace("second");
  ASSERT_TRUE(agent_.run_until([&] {
    if (made_.size() < 3000) append();
    return agent_.status().renewals_total == 1;
  }));
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 2U);
  expect_all_once();
}

TEST_F(CredentialsAtLeastOnce, AreReadAgainWhenBrokersRefuseThem) {
  ASSERT_TRUE(deliver());
  cluster_.accepts = [](const std::string& files) { return files == "second"; };
  append();
  ASSERT_TRUE(agent_.run_until([&] { return agent_.status().state == "held"; }));
  cluster_.files = "second";
  ASSERT_TRUE(deliver());
  EXPECT_EQ(cluster_.producers(), 2U);
  expect_all_once();
}

}  // namespace
}  // namespace agent
