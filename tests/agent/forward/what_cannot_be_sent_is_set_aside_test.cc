// SPDX-License-Identifier: Apache-2.0
// Records that the broker never takes, and rows that are corrupt: named, skipped, remembered; the
// rest flows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/agent/forward/bench_agent.h"

namespace agent {
namespace {

using proto::Lane;

// Once for each way to deliver.
class SetAside : public testing::TestWithParam<Delivery> {
 protected:
  SetAside() {
    agent_.options().delivery = GetParam();
    agent_.options().on_event = [this](const ForwarderEvent& event) {
      events_.push_back(event);
      if (keeps_) agent_.spool.set_state(event.state);
    };
    agent_.start();
  }
  void append(Lane lane, int rows, std::uint32_t records = 1) {
    for (int i = 0; i < rows; ++i) {
      const auto ids = agent_.spool.append(lane, records, agent_.now_us());
      ids_.insert(ids_.end(), ids.begin(), ids.end());
    }
  }
  std::vector<std::string> delivered() const {
    std::vector<std::string> ids;
    for (const ModelRecord& record : cluster_.committed()) {
      if (record.topic != "bench.progress.v1") ids.push_back(record.header("ce_id"));
    }
    return ids;
  }
  std::vector<std::string> without(std::vector<std::size_t> indices) const {
    std::vector<std::string> rest;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (std::ranges::find(indices, i) == indices.end()) rest.push_back(ids_[i]);
    }
    return rest;
  }
  void refuse(const std::string& ce_id) {
    cluster_.verdict = [=](const ModelRecord& record, std::size_t) {
      return record.header("ce_id") == ce_id ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE : 0;
    };
  }
  void expect_delivered(const std::vector<std::string>& expected) {
    auto read = delivered();
    if (GetParam() == Delivery::kAtLeastOnce) {  // repeats are allowed
      std::ranges::sort(read);
      read.erase(std::unique(read.begin(), read.end()), read.end());
      auto sorted = expected;
      std::ranges::sort(sorted);
      EXPECT_EQ(read, sorted);
    } else {
      EXPECT_EQ(read, expected);
    }
  }

  TestClock clock_;
  ModelCluster cluster_{clock_};
  BenchAgent agent_{clock_, cluster_};
  std::vector<std::string> ids_;
  std::vector<ForwarderEvent> events_;
  bool keeps_ = true;  // the state that comes with an event
};

// The broker refuses the whole batch that the record travels in.
TEST_P(SetAside, OneRefusedRecordCostsOnlyItsRow) {
  append(Lane::kWaveform, 9);
  refuse(ids_[4]);
  ASSERT_TRUE(agent_.drain());
  expect_delivered(without({4}));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].kind, ForwarderEvent::Kind::kBatchQuarantined);
  EXPECT_EQ(events_[0].ce_id, ids_[4]);
  EXPECT_EQ(events_[0].row.position.value(), 5U);
  EXPECT_THAT(events_[0].reason, testing::HasSubstr("larger than the topic allows"));
  const auto listed = agent_.status().quarantined;
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].ce_id, ids_[4]);
}

TEST_P(SetAside, ItIsRememberedOverARestart) {
  append(Lane::kEvent, 3);
  refuse(ids_[1]);
  ASSERT_TRUE(agent_.drain());
  agent_.crash();
  append(Lane::kEvent, 1);
  ASSERT_TRUE(agent_.drain());
  ASSERT_EQ(agent_.status().quarantined.size(), 1U);
  EXPECT_EQ(agent_.status().quarantined[0].ce_id, ids_[1]);
  EXPECT_EQ(events_.size(), 1U) << "told once";
}

// Else a crash in between would forget that it was left out.
TEST_P(SetAside, NothingPassesItBeforeItsEntryIsDurable) {
  keeps_ = false;
  append(Lane::kEvent, 3);
  append(Lane::kTelemetry, 2);
  refuse(ids_[1]);
  EXPECT_FALSE(agent_.drain(3000));
  const auto read = delivered();
  EXPECT_EQ(std::ranges::count(read, ids_[2]), 0);
  EXPECT_GE(std::ranges::count(read, ids_[4]), 1) << "other lanes go on";
  ASSERT_EQ(events_.size(), 1U);
  agent_.spool.set_state(events_[0].state);
  ASSERT_TRUE(agent_.drain());
  auto all = delivered();
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  EXPECT_THAT(all, testing::UnorderedElementsAreArray(without({1})));
}

TEST_P(SetAside, AGroupIsRefusedWhereOneOfItsRecordsIs) {
  append(Lane::kTelemetry, 3, 2);
  refuse(ids_[3]);
  ASSERT_TRUE(agent_.drain());
  if (GetParam() == Delivery::kExactlyOnce) {
    expect_delivered(without({2, 3}));
  } else {
    expect_delivered(without({3}));  // nothing takes back what a group's first records were
  }
}

// Three records of a row are too large together, and each is fine alone.
TEST_P(SetAside, WhatIsTooLargeOnlyTogetherIsSentAlone) {
  append(Lane::kTelemetry, 2, 3);
  cluster_.verdict = [](const ModelRecord& record, std::size_t batch) {
    const bool ours = record.topic == "bench.telemetry.v1";
    return ours && batch > 2 ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE : 0;
  };
  ASSERT_TRUE(agent_.drain());
  expect_delivered(ids_);
  EXPECT_TRUE(events_.empty());
}

TEST_P(SetAside, ACorruptRowIsNamedAndSkipped) {
  append(Lane::kWaveform, 5);
  agent_.spool.damage(Lane::kWaveform, 3, false);
  ASSERT_TRUE(agent_.drain());
  expect_delivered(without({2}));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].kind, ForwarderEvent::Kind::kRowCorrupt);
  EXPECT_EQ(events_[0].ce_id, ids_[2]);
  EXPECT_TRUE(agent_.status().quarantined.empty()) << "a gap, not a quarantine";
  EXPECT_TRUE(agent_.run_until(
      [&] { return agent_.spool.state_with_prefix(kQuarantinePrefix)->empty(); }, 50))
      << "it is forgotten once it is acked";
}

TEST_P(SetAside, DamagedFactsAreNotBelieved) {
  append(Lane::kTelemetry, 4);
  agent_.spool.damage(Lane::kTelemetry, 2, true);
  ASSERT_TRUE(agent_.drain());
  expect_delivered(without({1}));
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].ce_id, "telemetry row 2");
  EXPECT_TRUE(events_[0].row.facts_damaged);
  append(Lane::kTelemetry, 2);
  ASSERT_TRUE(agent_.drain());
  expect_delivered(without({1}));
}

TEST_P(SetAside, AtTheEndsOfALaneAsWell) {
  append(Lane::kEvent, 3);
  agent_.spool.damage(Lane::kEvent, 1, false);
  agent_.spool.damage(Lane::kEvent, 3, false);
  ASSERT_TRUE(agent_.drain());
  expect_delivered({ids_[1]});
  EXPECT_EQ(events_.size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Delivery, SetAside,
                         testing::Values(Delivery::kExactlyOnce, Delivery::kAtLeastOnce),
                         [](const auto& each) {
                           return each.param == Delivery::kExactlyOnce ? "ExactlyOnce"
                                                                       : "AtLeastOnce";
                         });

}  // namespace
}  // namespace agent
