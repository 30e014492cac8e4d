// SPDX-License-Identifier: Apache-2.0
// Whatever the table of settings lets pass makes a producer and a reader: a configuration that was
// checked does not fail at the first connection.
#include <gtest/gtest.h>

#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "agent/kafka/topic_admin.h"

namespace agent {
namespace {

// Nothing listens there; nothing is asked of it.
const KafkaSettings kBrokers = {{"brokers", "127.0.0.1:1"}};

void expect_clients(const std::string& name, const std::string& value) {
  KafkaSettings raw = kBrokers;
  raw.emplace_back(name, value);
  const auto checked = check_kafka_settings(raw);
  ASSERT_TRUE(checked) << checked.error().message();
  for (const bool transactional : {true, false}) {
    const auto producer = make_rd_producer({*checked, "bench-07", transactional, {}});
    EXPECT_TRUE(producer) << name << " = " << value << ": " << producer.error().message();
  }
  const auto consumer = Consumer::open(*checked, {});
  EXPECT_TRUE(consumer) << name << " = " << value << ": " << consumer.error().message();
  const auto admin = TopicAdmin::open(*checked, "bench-07");
  EXPECT_TRUE(admin) << name << " = " << value << ": " << admin.error().message();
}

TEST(SettingsMakeClients, AtBothEndsOfEachRange) {
  for (const SettingSpec& spec : kafka_setting_specs()) {
    if (spec.type != SettingType::kInteger) continue;
    const auto dots = spec.range.find("..");
    expect_clients(std::string(spec.name), std::string(spec.range.substr(0, dots)));
    expect_clients(std::string(spec.name), std::string(spec.range.substr(dots + 2)));
  }
}

TEST(SettingsMakeClients, WithEachWordOfAChoice) {
  for (const SettingSpec& spec : kafka_setting_specs()) {
    const bool needs_others = spec.name == "security.protocol" ||
                              spec.name == "sasl.oauthbearer.method" ||
                              spec.name == "ssl.endpoint.identification.algorithm";
    if (spec.type != SettingType::kChoice || needs_others) continue;
    std::string_view rest = spec.range;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      expect_clients(std::string(spec.name), std::string(word));
    }
  }
}

}  // namespace
}  // namespace agent
