// SPDX-License-Identifier: Apache-2.0
// wattspool report: everything in one file, whatever fails, and no secret in any part of it.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "agent/report/run_program.h"
#include "agent/status/status_json.h"
#include "tests/agent/cli/cli_fixture.h"

namespace agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPassword = "correct horse battery";
constexpr const char* kKeyLine = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
constexpr const char* kInline = "written-where-it-does-not-belong";

class Report : public CliTest {
 protected:
  // Each file of the archive; the archive is `folder`/r.tar.gz.
  std::map<std::string, std::string> files() {
    const std::string inside = folder + "/inside";
    fs::create_directory(inside);
    const auto tar = run_program({"tar", "-C", inside, "-xzf", folder + "/r.tar.gz"}, {}, clock);
    EXPECT_TRUE(tar && tar->exit_code == 0);
    std::map<std::string, std::string> texts;
    for (const auto& entry : fs::directory_iterator(inside + "/r")) {
      std::stringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      texts[entry.path().filename()] = text.str();
    }
    return texts;
  }
  int report() { return run({"report", folder + "/r.tar.gz"}); }
  void write_secret(const std::string& name, const std::string& text) {
    ASSERT_EQ(::chmod(write_file(name, text).c_str(), 0600), 0);
  }
};

TEST_F(Report, HoldsNoSecretOfTheConfiguration) {
  write_secret("password", std::string(kPassword) + "\n");
  write_secret("key", std::string("-----BEGIN PRIVATE KEY-----\n") + kKeyLine + "\n");
  write_file("wattspool.toml",
             "[kafka]\nbrokers = [\"127.0.0.1:1\"]\n[kafka.security]\n"
             "protocol = \"sasl_ssl\"\nsasl_mechanism = \"PLAIN\"\n"
             "username = \"bench\"\npassword_file = \"" +
                 folder +
                 "/password\"\n"
                 "certificate_file = \"/dev/null\"\nkey_file = \"" +
                 folder + "/key\"\n[kafka.settings]\nsasl.password = \"" + kInline + "\"\n");
  // A daemon that repeats what it should not.
  const FakeDaemon daemon(socket, [&](const ControlRequest&) {
    json status = json::parse(status_to_json(healthy_status(clock)));
    status["agent_id"] = std::string(kPassword) + kKeyLine;
    return status.dump();
  });
  ASSERT_EQ(ask({"report", folder + "/r.tar.gz"}), 0) << err;
  const auto texts = files();
  for (const auto& [name, text] : texts) {
    for (const char* secret : {kPassword, kKeyLine, kInline}) {
      EXPECT_THAT(text, Not(HasSubstr(secret))) << name;
    }
  }
  EXPECT_THAT(texts.at("status.json"), HasSubstr("<secret>"));
  EXPECT_THAT(texts.at("config.toml"), HasSubstr("kafka.security.username = \"bench\""));
  EXPECT_THAT(texts.at("config.toml"), HasSubstr("sasl.password\" is hidden"));
  EXPECT_THAT(texts.at("config-check.txt"), HasSubstr("wattspool.toml:11:"));
}

TEST_F(Report, IsWrittenWhateverIsMissingAndSaysWhatIs) {
  write_file("wattspool.toml", "[spool]\npath = \"" + folder + "/absent.db\"\n");
  ASSERT_EQ(report(), 0) << err;
  const auto texts = files();
  const json manifest = json::parse(texts.at("manifest.json"));
  EXPECT_EQ(manifest["schema"], 1);
  std::set<std::string> named{"manifest.json"};
  std::map<std::string, json> failures;
  for (const json& one : manifest["files"]) {
    named.insert(one["file"]);
    failures[one["file"]] = one["failure"];
    EXPECT_EQ(one["size_bytes"], texts.at(one["file"]).size());
  }
  for (const auto& [name, text] : texts) EXPECT_EQ(named.count(name), 1U) << name;
  EXPECT_THAT(failures.at("status.json").get<std::string>(), HasSubstr("is not running"));
  EXPECT_THAT(failures.at("spool.json").get<std::string>(), HasSubstr("absent.db"));
  EXPECT_TRUE(failures.at("version.json").is_null());
  EXPECT_THAT(texts.at("version.json"), HasSubstr("librdkafka"));
  EXPECT_THAT(texts.at("host.txt"), HasSubstr("kernel "));
  EXPECT_THAT(texts.at("disk.txt"), HasSubstr("bytes free"));
  EXPECT_THAT(out, HasSubstr("! status.json: wattspool: wattspoold is not running"));
}

TEST_F(Report, IsForItsOwnerOnlyAndReplacesNothing) {
  write_file("wattspool.toml", "");
  ASSERT_EQ(report(), 0) << err;
  struct stat facts {};
  ASSERT_EQ(::stat((folder + "/r.tar.gz").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  EXPECT_THAT(out, HasSubstr(folder + "/r.tar.gz"));
  EXPECT_EQ(report(), 1);
  EXPECT_THAT(err, HasSubstr("File exists"));
  EXPECT_THAT(err, HasSubstr("a report replaces none"));
  EXPECT_EQ(run({"report", folder + "/no/such/r.tar.gz"}), 1);
  EXPECT_THAT(err, HasSubstr("no/such/r.tar.gz: No such file or directory"));
}

TEST_F(Report, TellsAProgramWhatIsInIt) {
  write_file("wattspool.toml", "");
  ASSERT_EQ(run({"report", folder + "/r.tar.gz", "--json"}), 0) << err;
  EXPECT_EQ(json::parse(out)["files"].size() + 1, files().size());
}

}  // namespace
}  // namespace agent
