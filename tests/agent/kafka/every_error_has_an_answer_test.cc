// SPDX-License-Identifier: Apache-2.0
// Each error code that librdkafka can name has a row, and no row drops data.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <set>

#include "agent/kafka/error_table.h"
#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

TEST(EveryErrorHasAnAnswer, TheTablesAreTotal) {
  std::set<int> known;
  for (const auto table : {client_error_table(), broker_error_table()}) {
    for (const KafkaErrorEntry& entry : table) {
      EXPECT_TRUE(known.insert(entry.code).second) << entry.code << " twice";
      EXPECT_FALSE(entry.sentence.empty()) << entry.code;
    }
  }
  const rd_kafka_err_desc* descriptions = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  std::size_t named = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_err_desc& description = descriptions[i];
    const bool is_border =
        description.code == RD_KAFKA_RESP_ERR__BEGIN || description.code == RD_KAFKA_RESP_ERR__END;
    if (description.desc == nullptr || is_border) continue;
    ++named;
    EXPECT_TRUE(known.contains(description.code)) << description.code << " " << description.name;
  }
  EXPECT_GT(named, 140U);
  EXPECT_EQ(named, known.size());
}

TEST(EveryErrorHasAnAnswer, WhatAPersonMustDoIsSaid) {
  for (const auto table : {client_error_table(), broker_error_table()}) {
    for (const KafkaErrorEntry& entry : table) {
      const bool needs_a_person =
          entry.action == KafkaAction::kHold || entry.action == KafkaAction::kQuarantine;
      EXPECT_TRUE(!needs_a_person || !entry.remedy.empty()) << entry.sentence;
    }
  }
}

struct Expected {
  int code;
  KafkaAction action;
};

class ChosenAnswers : public testing::TestWithParam<Expected> {};

TEST_P(ChosenAnswers, AreAsDesigned) {
  EXPECT_EQ(to_string(kafka_error(GetParam().code).action), to_string(GetParam().action));
}

INSTANTIATE_TEST_SUITE_P(
    EveryErrorHasAnAnswer, ChosenAnswers,
    testing::Values(Expected{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, KafkaAction::kRetry},
                    Expected{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, KafkaAction::kRetry},
                    Expected{RD_KAFKA_RESP_ERR__TIMED_OUT, KafkaAction::kRetry},
                    Expected{RD_KAFKA_RESP_ERR__FENCED, KafkaAction::kRebuild},
                    Expected{RD_KAFKA_RESP_ERR__FATAL, KafkaAction::kRebuild},
                    Expected{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, KafkaAction::kRebuild},
                    Expected{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, KafkaAction::kQuarantine},
                    Expected{RD_KAFKA_RESP_ERR_INVALID_RECORD, KafkaAction::kQuarantine},
                    Expected{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, KafkaAction::kHold},
                    Expected{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, KafkaAction::kHold},
                    Expected{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, KafkaAction::kHold},
                    Expected{RD_KAFKA_RESP_ERR__AUTHENTICATION, KafkaAction::kHold}));

TEST(EveryErrorHasAnAnswer, AnUnknownCodeIsRetried) {
  EXPECT_EQ(kafka_error(12345).action, KafkaAction::kRetry);
  EXPECT_FALSE(kafka_error(12345).remedy.empty());
}

TEST(EveryErrorHasAnAnswer, ACodeBecomesAnErrorThatNamesTheObject) {
  const proto::Result<int> failed =
      broker_fail(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "produce to bench.event.v1", "");
  EXPECT_EQ(failed.error().message(),
            "produce to bench.event.v1: the record is larger than the topic allows");
}

}  // namespace
}  // namespace agent
