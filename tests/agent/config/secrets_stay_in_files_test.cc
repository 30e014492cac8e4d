// SPDX-License-Identifier: Apache-2.0
// A secret comes from a file or a credential, is refused when others can read it, and is never
// shown.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "agent/config/config_options.h"
#include "agent/config/config_show.h"
#include "config_fixture.h"
#include "tests/as_nobody.h"

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
  const auto options = agent::forwarder_options(loaded.config, {});
  ASSERT_TRUE(options.has_value());
  const std::pair<std::string, std::string> expected("sasl.password", "correct horse");
  EXPECT_EQ(std::count(options->kafka.begin(), options->kafka.end(), expected), 1);
  EXPECT_EQ(agent::show_config_toml(loaded.config).find("correct horse"), std::string::npos);
  EXPECT_EQ(agent::show_config_json(loaded).find("correct horse"), std::string::npos);
}

TEST_F(ConfigTest, ABareNameIsACredentialOfTheUnit) {
  std::string found = issues_of(sasl_config("kafka_password"));
  EXPECT_NE(found.find("find the credential \"kafka_password\" (put the secret into "
                       "/etc/wattspool/credentials/password, mode 0600"),
            std::string::npos)
      << found;
  write("kafka_password", "x");
  sources_.credentials.unit = directory_;
  EXPECT_EQ(issues_of(sasl_config("kafka_password")), "");
  write("kafka.password", "x");  // of a drop-in
  EXPECT_EQ(issues_of(sasl_config("kafka.password")), "");
}

std::string given(const agent::LoadedConfig& loaded, std::string_view wanted = "sasl.password") {
  const auto kafka = agent::kafka_settings(loaded.config, loaded.credentials);
  if (!kafka) return kafka.error().message();
  for (const auto& [name, value] : *kafka) {
    if (name == wanted) return value;
  }
  return "";
}

TEST_F(ConfigTest, WithoutAUnitACredentialIsTheFileOfTheSite) {
  std::filesystem::create_directory(path("site"));
  std::filesystem::create_directory(path("unit"));
  write("site/password", "of the site\n", 0600);
  sources_.credentials.site = path("site");
  ASSERT_EQ(issues_of(sasl_config("kafka_password")), "");
  EXPECT_EQ(given(load()), "of the site");
  // In a unit its own come first; one that has none falls back.
  sources_.credentials.unit = path("unit");
  EXPECT_EQ(given(load()), "of the site");
  write("unit/kafka_password", "of the unit\n", 0600);
  EXPECT_EQ(given(load()), "of the unit");
  // The name of the file alone is no credential.
  EXPECT_NE(issues_of(sasl_config("password")).find("credentials are called kafka_NAME"),
            std::string::npos);
}

TEST_F(ConfigTest, WhatAReloadBroughtIsNewerThanTheUnitsOwn) {
  for (const char* const folder : {"renewed", "unit"}) {
    std::filesystem::create_directory(path(folder));
    write(std::string(folder) + "/kafka_password", std::string("of ") + folder + "\n", 0600);
  }
  sources_.credentials.unit = path("unit");
  sources_.credentials.renewed = path("renewed");
  ASSERT_EQ(issues_of(sasl_config("kafka_password")), "");
  EXPECT_EQ(given(load()), "of renewed");
  std::filesystem::remove_all(path("renewed"));  // a start
  EXPECT_EQ(given(load()), "of unit");
}

TEST_F(ConfigTest, CredentialsInTheSettingsOfLibrdkafkaAreFoundToo) {
  std::filesystem::create_directory(path("site"));
  write("site/password", "of the site\n", 0600);
  sources_.credentials.site = path("site");
  const std::string settings = "[kafka.settings]\nssl_key_password_file = \"kafka_password\"\n";
  ASSERT_EQ(issues_of(settings), "");
  EXPECT_EQ(given(load(), "ssl.key.password"), "of the site");
  sources_.credentials.site = path("elsewhere");
  EXPECT_NE(issues_of(settings).find("wattspool.toml:2:25: [kafka.settings] find the credential"),
            std::string::npos)
      << issues(load());
}

TEST_F(ConfigTest, AClosedFolderOfCredentialsIsSaidToBeClosed) {
  std::filesystem::create_directory(path("closed"));
  ASSERT_EQ(::chmod(path("closed").c_str(), 0), 0);
  sources_.credentials.site = path("closed/credentials");
  write("wattspool.toml", sasl_config("kafka_password"), 0644);
  agent::LoadedConfig loaded;
  {
    const AsNobody nobody(directory_);
    if (::access(directory_.c_str(), X_OK) != 0) GTEST_SKIP() << "closed to nobody: " << directory_;
    ASSERT_EQ(::access(sources_.credentials.site.c_str(), F_OK), -1);
    ASSERT_EQ(errno, EACCES);
    loaded = load();
  }
  ASSERT_EQ(::chmod(path("closed").c_str(), 0700), 0);
  const std::string found = issues(loaded);
  for (const char* const part :
       {"read closed/credentials/password, the credential \"kafka_password\" (closed belongs to ",
        ", mode 0000", "use sudo", "Permission denied"}) {
    EXPECT_NE(found.find(part), std::string::npos) << part << "\n" << found;
  }
  EXPECT_TRUE(loaded.ok_but_for_denied_secrets());
}

TEST_F(ConfigTest, ASecretInTheWrongPlaceIsNotShown) {
  EXPECT_EQ(issues_of(sasl_config("correct horse")).find("correct horse"), std::string::npos)
      << issues(load());
  const auto in_its_place = load();
  write("wattspool.toml",
        "[kafka.settings]\nsasl.password = \"correct horse\"\nsasl.pasword = \"correct horse\"\n"
        "client.id = \"bench\"\n");
  const auto in_the_table = load();
  EXPECT_EQ(issues(in_the_table).find("correct horse"), std::string::npos);
  for (const agent::LoadedConfig* loaded : {&in_its_place, &in_the_table}) {
    const std::string shown =
        agent::show_config_toml(loaded->config) + agent::show_config_json(*loaded);
    EXPECT_EQ(shown.find("correct horse"), std::string::npos) << shown;
    EXPECT_NE(shown.find("hidden"), std::string::npos) << shown;
  }
  EXPECT_NE(agent::show_config_toml(in_the_table.config).find("client.id\" = \"bench\""),
            std::string::npos);
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
