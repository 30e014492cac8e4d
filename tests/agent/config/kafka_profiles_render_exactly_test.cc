// SPDX-License-Identifier: Apache-2.0
// kafka.profile gives librdkafka exactly these settings; what contradicts it is an error that
// names both places, what is missing is named, and what it changes is said.
#include <gmock/gmock.h>

#include <algorithm>

#include "agent/config/config_options.h"
#include "agent/config/config_show.h"
#include "agent/config/kafka_profile.h"
#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "agent/kafka/topic_admin.h"
#include "config_fixture.h"

namespace agent {
namespace {

using testing::HasSubstr;
using testing::Not;

class KafkaProfiles : public ConfigTest {
 protected:
  void SetUp() override {
    ConfigTest::SetUp();
    // With the newline that every editor adds.
    for (const char* const name : {"password", "client.crt", "client.key", "ca.crt"}) {
      write(name, "secret of " + std::string(name) + "\n");
    }
  }

  std::string file(const std::string& key, const std::string& name) const {
    return "security." + key + " = \"" + path(name) + "\"\n";
  }
  std::string password() const { return file("password_file", "password"); }
  static std::string profile(const std::string& name) {
    return "[kafka]\nprofile = \"" + name + "\"\nbrokers = [\"broker:9093\"]\n";
  }

  // What librdkafka is given, as "name=value" in order.
  KafkaSettings settings_of(const std::string& text) {
    EXPECT_EQ(issues_of(text), "") << text;
    const auto settings = kafka_settings(load().config, {});
    EXPECT_TRUE(settings.has_value()) << settings.error().message();
    return *settings;
  }
};

KafkaSettings with_tls_checks(KafkaSettings settings, const KafkaSettings& more = {}) {
  settings.emplace_back("enable.ssl.certificate.verification", "true");
  settings.emplace_back("ssl.endpoint.identification.algorithm", "https");
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

KafkaSettings sasl(const std::string& protocol, const std::string& mechanism,
                   const std::string& user) {
  return {{"bootstrap.servers", "broker:9093"},
          {"security.protocol", protocol},
          {"sasl.mechanism", mechanism},
          {"sasl.username", user},
          {"sasl.password", "secret of password"}};
}

TEST_F(KafkaProfiles, NoneIsAsItWasBefore) {
  EXPECT_EQ(
      settings_of("[kafka]\nbrokers = [\"broker:9092\"]\n"),
      (KafkaSettings{{"bootstrap.servers", "broker:9092"}, {"security.protocol", "plaintext"}}));
}

TEST_F(KafkaProfiles, PlainIsAUserOverTls) {
  EXPECT_EQ(settings_of(profile("plain") + "security.username = \"bench\"\n" + password()),
            with_tls_checks(sasl("sasl_ssl", "PLAIN", "bench")));
}

TEST_F(KafkaProfiles, ScramIsSha512AndMayBe256) {
  const std::string text = profile("scram") + "security.username = \"bench\"\n" + password();
  EXPECT_EQ(settings_of(text), with_tls_checks(sasl("sasl_ssl", "SCRAM-SHA-512", "bench")));
  EXPECT_EQ(settings_of(text + "security.sasl_mechanism = \"SCRAM-SHA-256\"\n"),
            with_tls_checks(sasl("sasl_ssl", "SCRAM-SHA-256", "bench")));
}

TEST_F(KafkaProfiles, MtlsIsACertificateOfOurs) {
  EXPECT_EQ(settings_of(profile("mtls") + file("ca_file", "ca.crt") +
                        file("certificate_file", "client.crt") + file("key_file", "client.key")),
            with_tls_checks({{"bootstrap.servers", "broker:9093"},
                             {"security.protocol", "ssl"},
                             {"ssl.ca.location", path("ca.crt")},
                             {"ssl.certificate.location", path("client.crt")},
                             {"ssl.key.location", path("client.key")}}));
}

TEST_F(KafkaProfiles, ConfluentCloudIsAnApiKeyOverTls) {
  EXPECT_EQ(
      settings_of(profile("confluent-cloud") + "security.username = \"APIKEY\"\n" + password()),
      with_tls_checks(sasl("sasl_ssl", "PLAIN", "APIKEY"), {{"socket.keepalive.enable", "true"}}));
}

TEST_F(KafkaProfiles, EventHubsIsAConnectionStringAndItsLimits) {
  EXPECT_EQ(settings_of(profile("event-hubs") + password()),
            with_tls_checks(sasl("sasl_ssl", "PLAIN", "$ConnectionString"),
                            {{"compression.codec", "none"},
                             {"message.max.bytes", "1000000"},
                             {"request.timeout.ms", "30000"},
                             {"socket.timeout.ms", "60000"},
                             {"socket.keepalive.enable", "true"},
                             {"connections.max.idle.ms", "180000"},
                             {"metadata.max.age.ms", "180000"},
                             {"topic.metadata.refresh.interval.ms", "180000"}}));
}

TEST_F(KafkaProfiles, RedpandaIsScramWithTlsOrWithout) {
  const std::string text = profile("redpanda") + "security.username = \"bench\"\n" + password();
  EXPECT_EQ(settings_of(text), with_tls_checks(sasl("sasl_ssl", "SCRAM-SHA-256", "bench")));
  EXPECT_EQ(settings_of(text + "security.sasl_mechanism = \"SCRAM-SHA-512\"\n"
                               "security.protocol = \"sasl_plaintext\"\n"),
            sasl("sasl_plaintext", "SCRAM-SHA-512", "bench"));
}

TEST_F(KafkaProfiles, EventHubsPicksAtLeastOnceAndSaysSo) {
  ASSERT_EQ(issues_of(profile("event-hubs") + password()), "");
  const LoadedConfig loaded = load();
  const auto options = forwarder_options(loaded.config, {});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->delivery, Delivery::kAtLeastOnce);
  EXPECT_THAT(kafka_profile_note(loaded.config),
              HasSubstr("kafka.profile event-hubs: delivery is at_least_once, because Event Hubs' "
                        "standard tier has no transactions"));
  const std::string shown = show_config_toml(loaded.config);
  EXPECT_THAT(shown, HasSubstr("forward.delivery = \"at_least_once\""));
  EXPECT_THAT(shown, HasSubstr("# kafka.profile \"event-hubs\" at " + path("wattspool.toml:2:11")));
  EXPECT_THAT(shown, HasSubstr("# kafka.settings.\"compression.codec\" = \"none\""));
  EXPECT_THAT(shown, Not(HasSubstr("secret of")));
  EXPECT_THAT(show_config_json(loaded), HasSubstr("\"request.timeout.ms\": {\n"));
}

TEST_F(KafkaProfiles, OthersSayNothing) {
  for (const KafkaProfile& profile : kafka_profiles()) {
    if (profile.name == "event-hubs") continue;
    Config config = load().config;
    config.settings.set("kafka.profile", {std::string(profile.name), 0, {}, {}, true});
    EXPECT_EQ(kafka_profile_note(config), "") << profile.name;
  }
}

// `wattspool config show > file` is a configuration, too.
TEST_F(KafkaProfiles, WhatIsShownLoadsToTheSame) {
  const KafkaSettings before = settings_of(profile("event-hubs") + password());
  EXPECT_EQ(settings_of(show_config_toml(load().config)), before);
}

// Some of its settings lie outside of the ranges for operators.
TEST_F(KafkaProfiles, OfEventHubsMakesClients) {
  const KafkaSettings settings = settings_of(profile("event-hubs") + password());
  const auto producer = make_rd_producer({settings, "bench-07", false, {}});
  EXPECT_TRUE(producer.has_value()) << producer.error().message();
  EXPECT_TRUE(Consumer::open(settings, {}).has_value());
  EXPECT_TRUE(TopicAdmin::open(settings, "bench-07").has_value());
}

TEST_F(KafkaProfiles, WhatContradictsOneIsAnErrorThatNamesBothPlaces) {
  const std::string user = "security.username = \"bench\"\n" + password();
  const std::string is = "kafka.profile \"scram\" at wattspool.toml:2:11, which ";
  EXPECT_EQ(issues_of(profile("scram") + user + "security.protocol = \"plaintext\"\n"),
            "wattspool.toml:6:21: kafka.security.protocol: \"plaintext\" contradicts " + is +
                "sets \"sasl_ssl\"; leave one of them out\n");
  EXPECT_EQ(issues_of(profile("scram") + user + "security.sasl_mechanism = \"PLAIN\"\n"),
            "wattspool.toml:6:27: kafka.security.sasl_mechanism: \"PLAIN\" contradicts " + is +
                "sets \"SCRAM-SHA-512\" or \"SCRAM-SHA-256\"; leave one of them out\n");
  EXPECT_EQ(issues_of(profile("scram") + user +
                      "settings.\"tls.insecure\" = \"yes, connections can be intercepted\"\n"
                      "settings.\"enable.ssl.certificate.verification\" = false\n"),
            "wattspool.toml:7:50: [kafka.settings] enable.ssl.certificate.verification: \"false\" "
            "contradicts " +
                is + "sets \"true\"; leave one of them out\n");
}

TEST_F(KafkaProfiles, EventHubsTellsWhyItIsNotExactlyOnce) {
  EXPECT_EQ(issues_of(profile("event-hubs") + password() +
                      "settings.compression_codec = \"zstd\"\n"
                      "[forward]\ndelivery = \"exactly_once\"\n"),
            "wattspool.toml:5:30: [kafka.settings] compression.codec: \"zstd\" contradicts "
            "kafka.profile \"event-hubs\" at wattspool.toml:2:11, which sets \"none\"; leave one "
            "of them out\n"
            "wattspool.toml:7:12: forward.delivery: \"exactly_once\" contradicts kafka.profile "
            "\"event-hubs\" at wattspool.toml:2:11, which sets \"at_least_once\" (Event Hubs' "
            "standard tier has no transactions); leave one of them out\n");
}

TEST_F(KafkaProfiles, WhatIsMissingIsNamed) {
  EXPECT_EQ(issues_of(profile("mtls") + file("certificate_file", "client.crt")),
            "wattspool.toml:2:11: kafka.security.key_file: missing; kafka.profile \"mtls\" needs "
            "it\n");
  EXPECT_EQ(issues_of(profile("scram")),
            "wattspool.toml:2:11: kafka.security.username: missing; kafka.profile \"scram\" needs "
            "it\n"
            "wattspool.toml:2:11: kafka.security.password_file: missing; kafka.profile \"scram\" "
            "needs it\n");
}

TEST_F(KafkaProfiles, MtlsHasNoUser) {
  EXPECT_EQ(issues_of(profile("mtls") + file("certificate_file", "client.crt") +
                      file("key_file", "client.key") + "security.username = \"bench\"\n"),
            "wattspool.toml:6:21: kafka.security.username: contradicts kafka.profile \"mtls\" at "
            "wattspool.toml:2:11, which has no user; leave one of them out\n");
}

TEST_F(KafkaProfiles, TheSameWordTwiceIsNoContradiction) {
  EXPECT_EQ(issues_of(profile("plain") + "security.username = \"bench\"\n" + password() +
                      "security.protocol = \"sasl_ssl\"\nsettings.\"linger.ms\" = 20\n"),
            "");
}

}  // namespace
}  // namespace agent
