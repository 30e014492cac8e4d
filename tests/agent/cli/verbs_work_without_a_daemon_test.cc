// SPDX-License-Identifier: Apache-2.0
// config, spool, topics and audit: what they take from the configuration, and what they say when it
// does not help.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "buffer/spool.h"
#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class Offline : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    spool = folder + "/spool.db";
  }
  void make_spool() {
    buffer::SpoolOptions options;
    options.path = spool;
    options.quota_bytes = buffer::kQuotaMin;
    ASSERT_TRUE(buffer::Spool::open(options, clock));
  }
  std::string spool;
};

TEST_F(Offline, ConfigShowNamesTheSourceOfEachValue) {
  const std::string file = write_file("wattspool.toml", "[spool]\nquota = \"2GiB\"\n");
  ASSERT_EQ(run({"config", "show"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("spool.quota = \"2GiB\""));
  EXPECT_THAT(out, HasSubstr("# " + file + ":2:9"));
  EXPECT_THAT(out, HasSubstr("# default"));
  ASSERT_EQ(run({"config", "show", "--json"}), 0) << err;
  const json document = json::parse(out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["settings"]["spool.quota"]["value"], "2GiB");
}

TEST_F(Offline, ConfigCheckSaysEverythingThatIsWrong) {
  write_file("wattspool.toml", "");
  EXPECT_EQ(run({"config", "check"}), 0) << err;
  EXPECT_THAT(out, HasSubstr("the configuration is valid: " + folder + "/wattspool.toml"));
  const std::string bad = write_file("bad.toml", "[spool]\nquotta = \"2GiB\"\npath = 7\n");
  EXPECT_EQ(run({"config", "check", bad}), 1);
  EXPECT_EQ(out, "");
  EXPECT_THAT(err, HasSubstr(bad + ":2:1: "));
  EXPECT_THAT(err, HasSubstr("did you mean"));
  EXPECT_THAT(err, HasSubstr(bad + ":3:8: "));
  EXPECT_THAT(err, HasSubstr("2 mistakes in the configuration"));
}

TEST_F(Offline, ConfigShowOfABrokenConfigurationShowsWhatIsLeftAndFails) {
  write_file("wattspool.toml", "[spool\n");
  EXPECT_EQ(run({"config", "show"}), 1);
  EXPECT_THAT(err, HasSubstr("wattspool.toml:1:"));
  EXPECT_THAT(out, HasSubstr("spool.path = "));
}

TEST_F(Offline, SpoolIsTheConfigurationsOrTheOneNamed) {
  make_spool();
  write_file("wattspool.toml", "[spool]\npath = \"" + spool + "\"\n");
  ASSERT_EQ(run({"spool", "info", "--json"}), 0) << err;
  EXPECT_EQ(json::parse(out)["path"], spool);
  write_file("wattspool.toml", "[spool]\npaht = \"x\"\n");
  EXPECT_EQ(run({"spool", "info"}), 1);
  EXPECT_THAT(err, HasSubstr("name it: --path FILE"));
  ASSERT_EQ(run({"spool", "verify", "--path", spool, "--json"}), 0) << err;
  EXPECT_EQ(json::parse(out)["ok"], true);
  ASSERT_EQ(run({"spool", "list", "--path", spool, "--lane", "event", "--rows", "3", "--json"}), 0);
  EXPECT_EQ(json::parse(out)["rows"].size(), 0u);
}

TEST_F(Offline, SpoolNamesAFileThatIsNone) {
  const std::string text = write_file("notes.txt", std::string(4096, 'x'));
  EXPECT_EQ(run({"spool", "info", "--path", text}), 1);
  EXPECT_THAT(err, HasSubstr("notes.txt"));
  EXPECT_THAT(err, HasSubstr("not a wattspool spool"));
  EXPECT_EQ(run({"spool", "verify", "--path", folder + "/absent.db"}), 1);
  EXPECT_THAT(err, HasSubstr("absent.db"));
  EXPECT_EQ(run({"spool", "verify", "--path", folder}), 1);
  EXPECT_THAT(err, HasSubstr(folder));
}

TEST_F(Offline, ATruncatedSpoolIsSaidToBeDamaged) {
  make_spool();
  std::filesystem::remove(spool + "-wal");
  std::filesystem::remove(spool + "-shm");
  std::filesystem::resize_file(spool, 2 * 16'384);  // its end is room that was never used
  EXPECT_EQ(run({"spool", "verify", "--path", spool}), 1);
  EXPECT_THAT(err, HasSubstr(spool));
  EXPECT_THAT(err, HasSubstr("the file is damaged"));
  EXPECT_THAT(err, HasSubstr("wattspoold sets it aside"));
}

TEST_F(Offline, TopicsAndAuditNameTheBrokerThatDoesNotAnswer) {
  write_file("wattspool.toml", "[kafka]\nbrokers = [\"127.0.0.1:1\"]\n");
  EXPECT_EQ(run({"topics", "create", "--timeout", "1s"}), 1);
  EXPECT_THAT(err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(err, HasSubstr("check network, firewall and kafka.brokers"));
  EXPECT_EQ(run({"audit", "--stall-timeout", "1s"}), 3);
  EXPECT_THAT(err, HasSubstr("127.0.0.1:1"));
  EXPECT_EQ(run({"audit", "--brokers", "127.0.0.1:2", "--stall-timeout", "1s"}), 3);
  EXPECT_THAT(err, HasSubstr("127.0.0.1:2"));
}

TEST_F(Offline, AnInvalidConfigurationIsNoVerdictOfTheAudit) {
  write_file("wattspool.toml", "[kafka]\nbrokres = [\"127.0.0.1:1\"]\n");
  EXPECT_EQ(run({"audit"}), 3);
  EXPECT_THAT(err, HasSubstr("wattspool.toml:2:1"));
  EXPECT_EQ(run({"topics", "create"}), 1);
  EXPECT_THAT(err, HasSubstr("wattspool.toml:2:1"));
}

}  // namespace
}  // namespace agent
