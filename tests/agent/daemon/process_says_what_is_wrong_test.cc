// SPDX-License-Identifier: Apache-2.0
// Each thing that keeps wattspoold from starting: its exit code, the object that it names, the
// remedy; and what does not keep it from starting.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/agent/daemon/daemon_process.h"

namespace agent {
namespace {

using testing::HasSubstr;

class WattspooldSays : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "wsp_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void configure(const std::string& more = "", const std::string& spool = "spool.db") const {
    std::ofstream(path("conf.toml")) << "agent.id = \"bench-1\"\nspool.path = \"" << path(spool)
                                     << "\"\ncontrol.socket = \"" << path("control.sock") << "\"\n"
                                     << more << "\n";
  }
  ProcessOutcome run(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {"--config", path("conf.toml")});
    return run_daemon(arguments, path("log"));
  }
  // Starts, is asked to stop, and must end well; what it said.
  std::string start_and_stop() const {
    DaemonProcess daemon({"--config", path("conf.toml")}, path("log"));
    EXPECT_TRUE(daemon.wait_for_output("no broker is configured")) << daemon.output();
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.output();
    return daemon.output();
  }

  std::string directory_;
};

TEST_F(WattspooldSays, WhichVersionsItRuns) {
  const auto outcome = run_daemon({"--version"}, path("log"));
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* name : {"wattspoold ", "librdkafka", "SQLite", "zstd"}) {
    EXPECT_THAT(outcome.output, HasSubstr(name));
  }
}

TEST_F(WattspooldSays, WhatIsWrongWithItsArguments) {
  EXPECT_EQ(run_daemon({"--no-such"}, path("log")).exit_code, 2);
  EXPECT_EQ(run_daemon({"--log-level", "loud"}, path("log")).exit_code, 2);
}

TEST_F(WattspooldSays, EveryMistakeInTheConfigurationAtOnce) {
  configure("spool.qouta = \"1GiB\"\nspool.quota = \"1MiB\"");
  for (const bool only_check : {true, false}) {
    const auto outcome = only_check ? run({"--check-config"}) : run();
    EXPECT_EQ(outcome.exit_code, only_check ? 1 : 2);
    EXPECT_THAT(outcome.output, HasSubstr("conf.toml:4:7: unknown key \"spool.qouta\""));
    EXPECT_THAT(outcome.output, HasSubstr("did you mean"));
    EXPECT_THAT(outcome.output, HasSubstr("conf.toml:5:"));
    EXPECT_THAT(outcome.output, HasSubstr("16MiB"));
  }
  EXPECT_FALSE(std::filesystem::exists(path("spool.db")));
  configure();
  const auto valid = run({"--check-config"});
  EXPECT_EQ(valid.exit_code, 0);
  EXPECT_THAT(valid.output, HasSubstr("configuration is valid"));
}

TEST_F(WattspooldSays, ThatTheConfigurationIsMissing) {
  const auto outcome = run();
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("conf.toml: cannot read the configuration"));
}

TEST_F(WattspooldSays, ThatTheDirectoryIsMissing) {
  configure("", "none/spool.db");
  const auto outcome = run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr(path("none/spool.db")));
  EXPECT_THAT(outcome.output, HasSubstr("Try: make " + path("none") + " a directory"));
}

TEST_F(WattspooldSays, ThatTheDirectoryIsReadOnly) {
  std::filesystem::create_directory(path("readonly"));
  ASSERT_EQ(::chmod(path("readonly").c_str(), 0500), 0);
  configure("", "readonly/spool.db");
  const auto outcome = run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr(path("readonly")));
  EXPECT_THAT(outcome.output, HasSubstr("Try: make"));
}

TEST_F(WattspooldSays, ThatTheSchemaIsNewer) {
  configure();
  start_and_stop();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path("spool.db").c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "PRAGMA user_version=77", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const auto outcome = run();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("77"));
  EXPECT_THAT(outcome.output, HasSubstr("written by a newer wattspool"));
  EXPECT_THAT(outcome.output, HasSubstr("Try: install that wattspool again"));
}

TEST_F(WattspooldSays, ThatAnotherDaemonHoldsTheSpool) {
  configure();
  DaemonProcess first({"--config", path("conf.toml")}, path("first"));
  ASSERT_TRUE(first.wait_for_output("no broker is configured"));
  const auto second = run();
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr("process " + std::to_string(first.pid())));
  EXPECT_THAT(second.output, HasSubstr("Try: systemctl stop wattspoold"));
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait(), 0);
}

TEST_F(WattspooldSays, ThatAnotherProgramServesTheSocket) {
  configure();
  DaemonProcess first({"--config", path("conf.toml")}, path("first"));
  ASSERT_TRUE(first.wait_for_output("no broker is configured"));
  configure("", "other.db");
  const auto second = run();
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr(path("control.sock")));
  EXPECT_THAT(second.output, HasSubstr("set control.socket"));
}

TEST_F(WattspooldSays, WhereItPutAFileThatIsNoSpoolAndAcquires) {
  configure();
  std::ofstream(path("spool.db")) << std::string(100'000, 'x');
  const std::string output = start_and_stop();
  EXPECT_THAT(output, HasSubstr("damaged spool set aside"));
  EXPECT_THAT(output, HasSubstr("set_aside=" + path("spool.db.damaged-")));
  std::size_t aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path().filename().string().starts_with("spool.db.damaged-")) ++aside;
  }
  EXPECT_EQ(aside, 1U) << "nothing of it is thrown away";
  EXPECT_THAT(start_and_stop(), testing::Not(HasSubstr("set aside"))) << "once is enough";
}

TEST_F(WattspooldSays, ThatItHasNoControlSocketAndAcquires) {
  std::ofstream(path("conf.toml"))
      << "agent.id = \"bench-1\"\nspool.path = \"" << path("spool.db") << "\"\ncontrol.socket = \""
      << path("no/such/control.sock") << "\"\n";
  EXPECT_THAT(start_and_stop(), HasSubstr("no control socket"));
}

}  // namespace
}  // namespace agent
