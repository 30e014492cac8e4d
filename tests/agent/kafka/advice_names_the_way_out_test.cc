// SPDX-License-Identifier: Apache-2.0
// A refused connection is told with the file, user or host that it is about; one code of the
// library's has several causes, which its text tells apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "agent/kafka/advice.h"
#include "agent/kafka/denied_topic.h"
#include "agent/kafka/error_table.h"

namespace agent {
namespace {

using testing::HasSubstr;
using testing::Not;

const KafkaSettings kSettings = {{"bootstrap.servers", "kafka1:9093"},
                                 {"ssl.ca.location", "/etc/ca.crt"},
                                 {"ssl.certificate.location", "/etc/bench.crt"},
                                 {"sasl.mechanism", "SCRAM-SHA-512"},
                                 {"sasl.username", "bench"},
                                 {"sasl.password", "geheim"}};

struct Cause {
  int code;
  const char* detail;  // as librdkafka 2.0.2 says it
  const char* says;
};

class Advice : public testing::TestWithParam<Cause> {};

TEST_P(Advice, NamesWhatItIsAbout) {
  const std::string text = kafka_advice(GetParam().code, GetParam().detail, kSettings, "2.0.2");
  EXPECT_THAT(text, HasSubstr(GetParam().says));
  EXPECT_THAT(text, Not(HasSubstr("geheim")));
}

INSTANTIATE_TEST_SUITE_P(
    Causes, Advice,
    testing::Values(
        Cause{RD_KAFKA_RESP_ERR__SSL,
              "SSL handshake failed: broker certificate could not be verified, verify that "
              "ssl.ca.location is correctly configured",
              "kafka.security.ca_file (/etc/ca.crt)"},
        Cause{RD_KAFKA_RESP_ERR__TRANSPORT, "SSL routines::certificate verify failed",
              "the host in kafka.brokers (kafka1:9093) is not among its names"},
        Cause{RD_KAFKA_RESP_ERR__TRANSPORT, "sslv3 alert certificate unknown: SSL alert number 46",
              "openssl x509 -noout -subject -issuer -enddate -in /etc/bench.crt"},
        Cause{RD_KAFKA_RESP_ERR__SSL, "SSL routines::wrong version number", "does not speak TLS"},
        Cause{RD_KAFKA_RESP_ERR__SSL, "SSL routines::unexpected eof while reading",
              "does not speak TLS"},
        Cause{RD_KAFKA_RESP_ERR__AUTHENTICATION, "invalid credentials",
              "check kafka.security.username (bench)"},
        Cause{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "",
              "`wattspool topics create --print-acls`"},
        Cause{RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "",
              "`wattspool topics create --print-acls`"}));

TEST(AdviceOnScram, HasThreeWaysOutWithALibraryBefore261) {
  const auto with = [](const char* version, const KafkaSettings& settings) {
    return kafka_advice(RD_KAFKA_RESP_ERR__AUTHENTICATION, "", settings, version);
  };
  for (const char* const version : {"2.0.2", "2.6.0", "1.9.2"}) {
    const std::string text = with(version, kSettings);
    for (const char* const way :
         {"\"mtls\"", "\"plain\"", "librdkafka 2.6.1 or newer", "Apache Kafka 4.0"}) {
      EXPECT_THAT(text, HasSubstr(way)) << version;
    }
  }
  for (const char* const version : {"2.6.1", "2.8.0", "3.0.0", "2.10.0"}) {
    EXPECT_THAT(with(version, kSettings), Not(HasSubstr("three ways out"))) << version;
  }
  KafkaSettings plain = kSettings;
  plain[3].second = "PLAIN";
  EXPECT_THAT(with("2.0.2", plain), Not(HasSubstr("three ways out")));
}

TEST(AdviceWithoutACertificateOfOurs, SaysThatTheBrokerWantsOne) {
  EXPECT_THAT(kafka_advice(RD_KAFKA_RESP_ERR__TRANSPORT, "SSL alert number 42",
                           {{"bootstrap.servers", "kafka1:9093"}}),
              HasSubstr("kafka.profile = \"mtls\""));
}

TEST(AdviceOfOtherErrors, IsTheTables) {
  for (const int code : {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__RESOLVE,
                         RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS}) {
    EXPECT_EQ(kafka_advice(code, "", kSettings), kafka_error(code).remedy);
  }
}

TEST(DeniedTopics, AreHeardInTheLog) {
  DeniedTopic topic;
  topic.hear(
      "[thrd:TxnCoordinator]: Failed to add partition \"a\" [0] to transaction: Broker: "
      "Operation not attempted");
  EXPECT_EQ(topic.name(), "");
  topic.hear(
      "Failed to add partition \"bench.run.v1\" [3] to transaction: Broker: Topic "
      "authorization failed");
  EXPECT_EQ(topic.name(), "bench.run.v1");
  topic.hear("Failed to add partition \"torn authorization failed");
  EXPECT_EQ(topic.name(), "bench.run.v1");
}

}  // namespace
}  // namespace agent
