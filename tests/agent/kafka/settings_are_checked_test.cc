// SPDX-License-Identifier: Apache-2.0
// [kafka] settings: every one is in the table, secrets come from files, nothing that the promises
// rest on can be changed, certificate checks need an explicit word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "agent/kafka/kafka_errc.h"
#include "agent/kafka/settings.h"
#include "agent/kafka/settings_table.h"

namespace agent {
namespace {

using testing::HasSubstr;

struct Refusal {
  const char* key;
  const char* value;
  KafkaErrc code;
  const char* says;
};

class BadSettings : public testing::TestWithParam<Refusal> {};

TEST_P(BadSettings, AreRefusedWithTheReason) {
  const auto result = check_kafka_settings({{GetParam().key, GetParam().value}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, make_error_code(GetParam().code)) << result.error().message();
  EXPECT_THAT(result.error().message(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, BadSettings,
    testing::Values(
        Refusal{"sasl.mechanisme", "PLAIN", KafkaErrc::kUnknownSetting,
                "did you mean `sasl.mechanism`?"},
        Refusal{"ssl_ca_locatoin", "/x", KafkaErrc::kUnknownSetting,
                "did you mean `ssl.ca.location`?"},
        Refusal{"zzz", "1", KafkaErrc::kUnknownSetting, "kafka.zzz: unknown setting"},
        Refusal{"enable.idempotence", "false", KafkaErrc::kRefusedSetting, "exactly-once"},
        Refusal{"acks", "1", KafkaErrc::kRefusedSetting, "exactly-once"},
        Refusal{"transactional.id", "x", KafkaErrc::kRefusedSetting, "agent.id"},
        Refusal{"sasl.password", "geheim", KafkaErrc::kRefusedSetting, "use sasl.password_file"},
        Refusal{"brokers", "host", KafkaErrc::kBadValue, "host:port"},
        Refusal{"brokers", "a:9092,b:99999", KafkaErrc::kBadValue, "port from 1 to 65535"},
        Refusal{"brokers", "a:9092,", KafkaErrc::kBadValue, "host:port"},
        Refusal{"brokers", "", KafkaErrc::kBadValue, "host:port"},
        Refusal{"security.protocol", "tls", KafkaErrc::kBadValue, "plaintext|ssl"},
        Refusal{"socket.timeout.ms", "4s", KafkaErrc::kBadValue, "1000..10000"},
        Refusal{"socket.timeout.ms", "10", KafkaErrc::kBadValue, "1000..10000"},
        Refusal{"socket.keepalive.enable", "yes", KafkaErrc::kBadValue, "true or false"},
        Refusal{"client.id", "", KafkaErrc::kBadValue, "a text"},
        Refusal{"ssl.ca.location", "/no/such/ca.crt", KafkaErrc::kUnreadableFile,
                "read /no/such/ca.crt: No such file or directory"},
        Refusal{"sasl.password_file", "/no/such/password", KafkaErrc::kUnreadableFile,
                "No such file or directory"},
        Refusal{"enable.ssl.certificate.verification", "false", KafkaErrc::kRefusedSetting,
                "kafka.tls.insecure"},
        Refusal{"ssl.endpoint.identification.algorithm", "none", KafkaErrc::kRefusedSetting,
                "kafka.tls.insecure"},
        Refusal{"tls.insecure", "true", KafkaErrc::kBadValue, "connections can be intercepted"}));

TEST(Settings, ASecretIsNeverInTheMessage) {
  const auto result = check_kafka_settings({{"sasl.password", "geheim"}});
  EXPECT_EQ(result.error().message().find("geheim"), std::string::npos);
  EXPECT_TRUE(is_secret_setting("sasl.password"));
  EXPECT_TRUE(is_secret_setting("ssl.key.password"));
  EXPECT_FALSE(is_secret_setting("sasl.username"));
}

TEST(Settings, GoodOnesComeOutUnderLibrdkafkasNames) {
  const auto result = check_kafka_settings({{"brokers", "a.example:9092, [::1]:9093"},
                                            {"security_protocol", "SASL_SSL"},
                                            {"sasl.mechanism", "scram-sha-512"},
                                            {"linger.ms", "20"}});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, (KafkaSettings{{"bootstrap.servers", "a.example:9092, [::1]:9093"},
                                    {"security.protocol", "sasl_ssl"},
                                    {"sasl.mechanism", "SCRAM-SHA-512"},
                                    {"linger.ms", "20"}}));
}

TEST(Settings, TwiceUnderTwoNamesIsRefused) {
  const auto result =
      check_kafka_settings({{"brokers", "a:9092"}, {"bootstrap.servers", "b:9092"}});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("given twice"));
}

TEST(Settings, TheExplicitWordAllowsAnInsecureConnection) {
  const auto result = check_kafka_settings({{"tls.insecure", std::string(kInsecureWord)},
                                            {"ssl.endpoint.identification.algorithm", "none"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->size(), 1U);
}

class SecretFile : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/wattspool-secret-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    std::ofstream(directory_ + "/kafka.password") << "geheim\n";
    std::ofstream(directory_ + "/empty") << "";
  }
  void TearDown() override {
    unlink((directory_ + "/kafka.password").c_str());
    unlink((directory_ + "/empty").c_str());
    rmdir(directory_.c_str());
    unsetenv("CREDENTIALS_DIRECTORY");
  }
  std::string directory_;
};

TEST_F(SecretFile, ItsFirstLineIsTheValue) {
  const auto result =
      check_kafka_settings({{"sasl.password_file", directory_ + "/kafka.password"}});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, (KafkaSettings{{"sasl.password", "geheim"}}));
}

TEST_F(SecretFile, ABareNameIsASystemdCredential) {
  setenv("CREDENTIALS_DIRECTORY", directory_.c_str(), 1);
  const auto result = check_kafka_settings({{"sasl.password_file", "kafka.password"}});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->front().second, "geheim");
}

TEST_F(SecretFile, AnEmptyOneIsRefused) {
  const auto result = check_kafka_settings({{"sasl.password_file", directory_ + "/empty"}});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("is empty"));
}

TEST(Settings, LibrdkafkaKnowsEachNameOfTheTables) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto known = [conf](std::string_view name) {
    char text[256];
    return rd_kafka_conf_set(conf, std::string(name).c_str(), "1", text, sizeof text) !=
           RD_KAFKA_CONF_UNKNOWN;
  };
  for (const SettingSpec& spec : kafka_setting_specs()) {
    if (spec.name == kInsecureKey) continue;
    EXPECT_TRUE(known(spec.target.empty() ? spec.name : spec.target)) << spec.name;
    EXPECT_FALSE(spec.help.empty() && spec.type != SettingType::kBrokers) << spec.name;
  }
  for (const RefusedSetting& refused : refused_kafka_settings()) {
    EXPECT_TRUE(known(refused.name)) << refused.name;
  }
  rd_kafka_conf_destroy(conf);
}

}  // namespace
}  // namespace agent
