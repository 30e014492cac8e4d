// SPDX-License-Identifier: Apache-2.0
// Each mistake that a person can make in the file is named with file:line:column and what to do.
#include "config_fixture.h"

namespace {

struct Mistake {
  const char* text;
  const char* issues;
};

// What is between the lines of the file and the message is the contract: people paste these.
const Mistake kMistakes[] = {
    {"[spool]\nqouta = \"1GiB\"\n",
     "wattspool.toml:2:1: unknown key \"spool.qouta\"; did you mean \"spool.quota\"?\n"},
    {"[spol]\nquota = \"1GiB\"\n",
     "wattspool.toml:1:2: unknown key \"spol\"; did you mean \"spool\"?\n"},
    {"zzzzzzzz = 1\n", "wattspool.toml:1:1: unknown key \"zzzzzzzz\"\n"},
    {"[spool]\nquota = 10\n",
     "wattspool.toml:2:9: spool.quota: must be a string, not an integer (a quantity is written "
     "with its unit, in quotes)\n"},
    {"[spool]\nquota = \"10\"\n",
     "wattspool.toml:2:9: spool.quota: \"10\" has no unit; write one of TiB, TB, GiB, GB, MiB, MB, "
     "KiB, kB, B\n"},
    {"[spool]\nquota = \"1MiB\"\n",
     "wattspool.toml:2:9: spool.quota: 1MiB is out of range; allowed: 16MiB to 64TiB\n"},
    {"spool = 3\n", "wattspool.toml:1:9: spool: must be a table of keys, not an integer\n"},
    {"[spool]\ncommit_interval = \"5 parsecs\"\n",
     "wattspool.toml:2:19: spool.commit_interval: unknown unit \"parsecs\" in \"5 parsecs\"; "
     "known: "
     "d, h, min, s, ms, us\n"},
    {"[log]\nlevel = \"inof\"\n",
     "wattspool.toml:2:9: log.level: \"inof\" is not one of debug, info, warning or error; did you "
     "mean \"info\"?\n"},
    {"[agent]\nid = \"bench 7\"\n",
     "wattspool.toml:2:6: agent.id: \"bench 7\" has characters that an id cannot have; allowed: "
     "A-Z "
     "a-z 0-9 . _ -, 1 to 64\n"},
    {"[spool]\npath = \"spool.db\"\n",
     "wattspool.toml:2:8: spool.path: \"spool.db\" is not an absolute path\n"},
    {"[kafka]\nbrokers = \"broker:9092\"\n",
     "wattspool.toml:2:11: kafka.brokers: must be an array of strings, not a string\n"},
    {"[kafka]\nbrokers = [\"broker\"]\n",
     "wattspool.toml:2:11: kafka.brokers: \"broker\" is not host:port\n"},
    {"[kafka.security]\nprotocol = \"sasl_ssl\"\nsasl_mechanism = \"PLAIN\"\nusername = \"u\"\n",
     "wattspool.toml:2:12: kafka.security.password_file: missing; protocol sasl_ssl needs it\n"},
    {"[kafka.security]\nusername = \"u\"\n",
     "wattspool.toml:2:12: kafka.security.username: has no effect with protocol \"plaintext\"\n"},
    {"[forward.backoff]\ninitial = \"10s\"\nmax = \"1s\"\n",
     "wattspool.toml:3:7: forward.backoff.max: 1s is less than forward.backoff.initial (10s)\n"},
    {"[[instrument]]\nid = \"js220/1\"\nport = \"unix:/a\"\n[[instrument]]\nid = \"js220/1\"\nport "
     "= "
     "\"unix:/b\"\n",
     "wattspool.toml:5:6: id: instrument js220/1 is already configured at wattspool.toml:2:6\n"},
    {"[[instrument]]\nid = \"js220 1\"\nport = \"unix:/a\"\n",
     "wattspool.toml:1:1: id: missing; write id = \"js220/<serial>\"\n"
     "wattspool.toml:2:6: id: \"js220 1\" is not model/serial, for example js220/001234 (A-Z a-z "
     "0-9 "
     ". _ -)\n"},
    {"[metrics]\nlisten = \"localhost:19220\"\n",
     "wattspool.toml:2:10: metrics.listen: \"localhost:19220\" is not address:port; write "
     "127.0.0.1:19220 (IPv4, no name), or off\n"},
    {"[metrics]\nlisten = \"127.0.0.1:70000\"\n",
     "wattspool.toml:2:10: metrics.listen: \"127.0.0.1:70000\" is not address:port; write "
     "127.0.0.1:19220 (IPv4, no name), or off\n"},
    {"[usb]\ndiscover = \"of\"\n",
     "wattspool.toml:2:12: usb.discover: \"of\" is not one of auto or off; did you mean "
     "\"off\"?\n"},
    {"[usb]\nserials = [\"js220/1\"]\n",
     "wattspool.toml:2:11: usb.serials: \"js220/1\" cannot be the serial of an instrument; write "
     "\"001234\", without its model\n"},
    {"[usb]\ndiscover = \"off\"\nserials = [\"1\"]\n",
     "wattspool.toml:3:11: usb.serials: has no effect with usb.discover = \"off\"\n"},
    {"[[instrument]]\nid = \"js999/1\"\nport = \"unix:/a\"\n",
     "wattspool.toml:2:6: id: unknown instrument model in \"js999/1\"; known: js220, js110\n"},
    {"[[instrument]]\nid = \"js220/1\"\nport = \"com1\"\n",
     "wattspool.toml:1:1: port: missing for js220/1; write port = \"usb\", or \"unix:/path\", the "
     "socket of `wattspool emulate`\n"
     "wattspool.toml:3:8: port: \"com1\" is not a port; write usb, or unix:/path/of/the/socket\n"},
    {"[[instrument]]\nid = \"js220/1\"\nport = \"unix:/a\"\nserial = \"1\"\n",
     "wattspool.toml:4:1: unknown key \"serial\" of [[instrument]]\n"},
    {"[[instrument]]\nid = \"js220/1\"\nport = \"unix:/a\"\ntelemetry.rate = \"3Hz\"\n",
     "wattspool.toml:4:18: telemetry.rate: 3Hz does not divide the 1MHz of js220/1 into whole "
     "values; near: 3.000003000003Hz\n"},
    {"[instrument]\nid = \"js220/1\"\n",
     "wattspool.toml:1:1: instrument: must be an array of tables, written [[instrument]], not a "
     "table\n"},
    {"[spool]\nquota = \"16MiB\"\n[memory]\nring = \"64MiB\"\n[[instrument]]\nid = "
     "\"js220/1\"\nport "
     "= \"unix:/a\"\n",
     "wattspool.toml:2:9: spool.quota: 16MiB is smaller than one commit can be (72MiB: memory.ring "
     "of 1 instruments and 8MiB beside)\n"},
    {"[kafka.settings]\n\"a.b\" = [1]\n",
     "wattspool.toml:2:9: kafka.settings \"a.b\": must be a string, a number or a boolean, not an "
     "array\n"},
    {"[kafka.settings]\nsocket.timeout.ms = 5\n",
     "wattspool.toml:2:21: [kafka.settings] kafka.socket.timeout.ms = \"5\": expected a whole "
     "number, "
     "1000..10000: bad value\n"},
    {"[kafka.settings]\nsasl.password = \"hush\"\n",
     "wattspool.toml:2:17: [kafka.settings] kafka.sasl.password: a secret must not stand in a "
     "configuration file; use sasl.password_file: setting refused\n"},
    {"[kafka.settings]\nsocket.timeuot.ms = 5000\n",
     "wattspool.toml:2:21: [kafka.settings] kafka.socket.timeuot.ms; did you mean "
     "`socket.timeout.ms`?: unknown setting\n"},
    {"[forward]\nrate_max = \"fast\"\n",
     "wattspool.toml:2:12: forward.rate_max: \"fast\" does not begin with a number >= 0; units: "
     "TiB/s, TB/s, GiB/s, GB/s, MiB/s, MB/s, KiB/s, kB/s, B/s; or \"off\"\n"},
};

class EachMistake : public ConfigTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(EachMistake, IsNamedWithItsPlace) {
  EXPECT_EQ(issues_of(GetParam().text), GetParam().issues) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Config, EachMistake, ::testing::ValuesIn(kMistakes));

TEST_F(ConfigTest, AllMistakesAreReportedAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(issues_of("colour = 1\n[log]\nlevel = \"loud\"\n[spool]\npath = 3\n"),
            "wattspool.toml:1:1: unknown key \"colour\"\n"
            "wattspool.toml:3:9: log.level: \"loud\" is not one of debug, info, warning or error\n"
            "wattspool.toml:5:8: spool.path: must be a string, not an integer\n");
}

TEST_F(ConfigTest, BrokenTomlIsNamedWithItsPlace) {
  const std::string found = issues_of("[log]\nlevel = \n");
  EXPECT_EQ(found.rfind("wattspool.toml:2:", 0), 0U) << found;
  EXPECT_NE(found.find("not valid TOML"), std::string::npos) << found;
}

TEST_F(ConfigTest, AnEmptyFileIsAValidIdleConfiguration) {
  EXPECT_EQ(issues_of(""), "");
  const auto loaded = load();
  EXPECT_EQ(loaded.config.settings.text("agent.id"), "bench-07");
  EXPECT_EQ(loaded.config.settings.text("status.file"), "/run/wattspool/status.json");
  EXPECT_TRUE(loaded.config.instruments.empty());
}

TEST_F(ConfigTest, AHostNameThatIsNoIdIsRefusedAndTheKeyNamed) {
  sources_.host_name = "labor süd";
  EXPECT_EQ(issues_of(""),
            "host name: agent.id: the host name \"labor süd\" cannot serve as id; set agent.id\n");
}

TEST_F(ConfigTest, AFileGivenByNameMustExist) {
  EXPECT_EQ(issues(load()),
            "wattspool.toml: cannot read the configuration: No such file or directory\n");
}

}  // namespace
