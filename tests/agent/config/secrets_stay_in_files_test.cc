// SPDX-License-Identifier: Apache-2.0
// A secret comes from a file or a credential, is refused when others can read it, and is never
// shown.
#include <algorithm>

#include "agent/config/config_options.h"
#include "agent/config/config_show.h"
#include "config_fixture.h"

namespace {

std::string sasl_config(const std::string& password_file) {
  return "[kafka.security]\nprotocol = \"sasl_ssl\"\nsasl_mechanism = \"PLAIN\"\nusername = \"u\"\n"
         "password_file = \"" +
         password_file + "\"\n";
}

TEST_F(ConfigTest, APasswordReachesOnlyTheKafkaSettings) {
  write("password", "correct horse\n");
  ASSERT_EQ(issues_of(sasl_config(path("password"))), "");
  const auto loaded = load();
  const auto options = agent::forwarder_options(loaded.config, "");
  ASSERT_TRUE(options.has_value());
  const std::pair<std::string, std::string> expected("sasl.password", "correct horse");
  EXPECT_EQ(std::count(options->kafka.begin(), options->kafka.end(), expected), 1);
  EXPECT_EQ(agent::show_config_toml(loaded.config).find("correct horse"), std::string::npos);
  EXPECT_EQ(agent::show_config_json(loaded).find("correct horse"), std::string::npos);
}

TEST_F(ConfigTest, ABareNameIsACredential) {
  std::string found = issues_of(sasl_config("kafka.password"));
  EXPECT_NE(found.find("find credential \"kafka.password\" ($CREDENTIALS_DIRECTORY is not set"),
            std::string::npos)
      << found;
  sources_.credentials_directory = directory_;
  EXPECT_EQ(issues_of(sasl_config("kafka.password")),
            "wattspool.toml:5:17: kafka.security.password_file: read secret kafka.password: No "
            "such file or directory; put it into /etc/wattspool/credentials, then systemctl "
            "restart wattspoold\n");
  write("kafka.password", "x");
  sources_.credentials_directory = directory_;
  EXPECT_EQ(issues_of(sasl_config("kafka.password")), "");
}

TEST_F(ConfigTest, UnreadableWorldReadableAndEmptySecretsAreRefused) {
  EXPECT_EQ(
      issues_of(sasl_config(path("absent"))),
      "wattspool.toml:5:17: kafka.security.password_file: read secret absent: No such file or "
      "directory\n");
  write("open", "x", 0644);
  EXPECT_EQ(
      issues_of(sasl_config(path("open"))),
      "wattspool.toml:5:17: kafka.security.password_file: read secret open (everybody can read "
      "it; chmod 0640): Operation not permitted\n");
  write("empty", "\n");
  EXPECT_EQ(issues_of(sasl_config(path("empty"))),
            "wattspool.toml:5:17: kafka.security.password_file: read secret empty (it is empty): "
            "Invalid argument\n");
}

}  // namespace
