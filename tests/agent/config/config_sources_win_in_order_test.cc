// SPDX-License-Identifier: Apache-2.0
// defaults < file < conf.d in lexical order < environment; every documented key can be set by the
// environment; the effective configuration says where each value came from.
#include "agent/config/config_keys.h"
#include "agent/config/config_options.h"
#include "agent/config/config_show.h"
#include "config_fixture.h"

namespace {

constexpr const char* kInstrument = "[[instrument]]\nid = \"js220/1\"\nport = \"unix:/a\"\n";

TEST_F(ConfigTest, LaterSourcesWin) {
  write("wattspool.toml",
        "[log]\nlevel = \"error\"\nformat = \"json\"\n[spool]\nquota = \"1GiB\"\n");
  write("conf.d/20-b.toml", "[log]\nlevel = \"warning\"\n");
  write("conf.d/10-a.toml", "[log]\nlevel = \"debug\"\n[spool]\nquota = \"2GiB\"\n");
  write("conf.d/readme.txt", "not = read\n");
  auto loaded = load();
  ASSERT_EQ(issues(loaded), "");
  EXPECT_EQ(loaded.config.settings.text("log.level"), "warning");
  EXPECT_EQ(loaded.config.settings.text("log.format"), "json");
  EXPECT_EQ(loaded.config.settings.bytes("spool.quota"), 2ull << 30);
  EXPECT_EQ(loaded.config.settings.get("log.level").origin.to_string(),
            path("conf.d/20-b.toml") + ":2:9");
  set_environment("WATTSPOOL__LOG__LEVEL", "info");
  loaded = load();
  EXPECT_EQ(loaded.config.settings.text("log.level"), "info");
  EXPECT_EQ(loaded.config.settings.get("log.level").origin.to_string(),
            "environment WATTSPOOL__LOG__LEVEL");
}

TEST_F(ConfigTest, ArraysReplaceAndInstrumentsOverrideTheTop) {
  write("wattspool.toml",
        std::string("[kafka]\nbrokers = [\"a:1\", \"b:2\"]\n[waveform]\nrate = \"full\"\n") +
            kInstrument);
  write("conf.d/50-site.toml",
        "[kafka]\nbrokers = [\"c:3\"]\n[[instrument]]\nid = \"js220/2\"\nport = "
        "\"unix:/b\"\nwaveform.rate = \"off\"\n[[instrument]]\nid = \"js220/3\"\nport = "
        "\"unix:/c\"\n");
  const auto loaded = load();
  ASSERT_EQ(issues(loaded), "");
  EXPECT_EQ(loaded.config.settings.list("kafka.brokers"), std::vector<std::string>{"c:3"});
  ASSERT_EQ(loaded.config.instruments.size(), 2U);
  EXPECT_EQ(loaded.config.instruments[0].text("waveform.rate"), "off");
  EXPECT_EQ(loaded.config.instruments[1].text("waveform.rate"), "full");
}

TEST_F(ConfigTest, UnknownVariablesAreErrors) {
  set_environment("WATTSPOOL__LOG__LEVLE", "info");
  set_environment("WATTSPOOL__INSTRUMENT__1__PORT", "unix:/a");
  EXPECT_EQ(
      issues_of(""),
      "environment WATTSPOOL__INSTRUMENT__1__PORT: names no configured instrument; the rule is "
      "WATTSPOOL__INSTRUMENT__<number from 1>__KEY\n"
      "environment WATTSPOOL__LOG__LEVLE: unknown key \"log.levle\"; did you mean "
      "\"log.level\"?\n");
}

// A value that differs from the default and is valid, for every key.
std::string example_value(const agent::KeySpec& key, const std::string& secret) {
  switch (key.type) {
    case agent::KeyType::kWireId:
      return "bench-99";
    case agent::KeyType::kInstrumentId:
      return "js220/999";
    case agent::KeyType::kPort:
      return "unix:/run/other";
    case agent::KeyType::kListen:
      return "0.0.0.0:9000";
    case agent::KeyType::kPath:
      return key.path.find("ca_file") != std::string_view::npos ||
                     key.path.find("certificate_file") != std::string_view::npos
                 ? "/dev/null"
                 : "/run/elsewhere";
    case agent::KeyType::kSecretFile:
      return secret;
    case agent::KeyType::kChoice:
      if (key.path == "kafka.security.protocol") return "sasl_ssl";
      if (key.path == "usb.discover") return "auto";  // off does not go with usb.serials
      return std::string(key.choices.substr(key.choices.rfind(' ') + 1));
    case agent::KeyType::kInteger:
      return "3";
    case agent::KeyType::kNumber:
      return "1.5";
    case agent::KeyType::kDuration:
      return "40s";
    case agent::KeyType::kSize:
      return "20MiB";
    case agent::KeyType::kByteRate:
      return "1MB/s";
    case agent::KeyType::kRate:
    case agent::KeyType::kWaveformRate:
      return "100Hz";
    case agent::KeyType::kTextList:
      if (key.path == "usb.serials") return "001234, 001235";
      return "x:1, y:2";
    default:
      return "other";
  }
}

std::string variable_name(std::string_view path) {
  std::string name = "WATTSPOOL__";
  for (const char c : path) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

TEST_F(ConfigTest, EveryKeyCanBeSetByTheEnvironment) {
  write("wattspool.toml", kInstrument);
  write("secret", "hush\n");
  for (const agent::KeySpec& key : agent::config_keys()) {
    if (key.type == agent::KeyType::kAnyTable || key.path == "spool.commit_interval") continue;
    set_environment(variable_name(key.path),
                    key.path == "spool.quota" ? "4GiB" : example_value(key, path("secret")));
  }
  set_environment("WATTSPOOL__SPOOL__COMMIT_INTERVAL", "50ms");
  set_environment("WATTSPOOL__KAFKA__SETTINGS__SOCKET__KEEPALIVE__ENABLE", "true");
  for (const agent::KeySpec& key : agent::instrument_keys()) {
    set_environment(variable_name("instrument.1." + std::string(key.path)),
                    example_value(key, path("secret")));
  }
  const auto loaded = load();
  ASSERT_EQ(issues(loaded), "");
  for (const auto& [name, setting] : loaded.config.settings.all()) {
    EXPECT_EQ(setting.origin.to_string(), "environment " + variable_name(name));
  }
  for (const auto& [name, setting] : loaded.config.instruments[0].all()) {
    EXPECT_EQ(setting.origin.to_string(), "environment " + variable_name("instrument.1." + name));
  }
  ASSERT_EQ(loaded.config.kafka.size(), 1U);
  EXPECT_EQ(loaded.config.kafka[0].name, "socket.keepalive.enable");
  EXPECT_EQ(loaded.config.settings.list("kafka.brokers"), (std::vector<std::string>{"x:1", "y:2"}));
}

TEST_F(ConfigTest, ShowRoundTrips) {
  write("wattspool.toml",
        std::string("[kafka]\nbrokers = [\"a:1\"]\n[agent]\nsite = \"Süd \\\"1\\\"\"\n"
                    "[kafka.settings]\nsocket.keepalive.enable = true\n") +
            kInstrument);
  const auto first = load();
  ASSERT_EQ(issues(first), "");
  const std::string shown = agent::show_config_toml(first.config);
  EXPECT_NE(shown.find("site = \"Süd \\\"1\\\"\""), std::string::npos) << shown;
  EXPECT_NE(shown.find("# " + path("wattspool.toml") + ":4:8"), std::string::npos) << shown;
  EXPECT_NE(shown.find("# default"), std::string::npos) << shown;
  write("wattspool.toml", shown);
  const auto second = load();
  ASSERT_EQ(issues(second), "") << shown;
  const auto changes = agent::compare_config(first.config, second.config);
  EXPECT_TRUE(changes.reloadable.empty() && changes.restart.empty()) << shown;
}

TEST_F(ConfigTest, ReloadSeparatesWhatNeedsARestart) {
  write("wattspool.toml", kInstrument);
  const auto before = load();
  write("wattspool.toml", std::string("[log]\nlevel = \"debug\"\n[spool]\npath = \"/x\"\n") +
                              kInstrument + "telemetry.rate = \"1Hz\"\n");
  const auto changes = agent::compare_config(before.config, load().config);
  EXPECT_EQ(changes.reloadable, std::vector<std::string>{"log.level"});
  EXPECT_EQ(changes.restart,
            (std::vector<std::string>{"spool.path", "instrument js220/1 telemetry.rate"}));
}

TEST_F(ConfigTest, ReloadTakesCredentialsUnlessKafkaWaitsForARestart) {
  const std::string user =
      "[kafka.security]\nprotocol = \"sasl_ssl\"\nsasl_mechanism = "
      "\"PLAIN\"\npassword_file = \"";
  write("password", "x");
  const auto of = [&](const std::string& brokers, const std::string& name) {
    write("wattspool.toml", "kafka.brokers = [\"" + brokers + "\"]\n" + user + path("password") +
                                "\"\nusername = \"" + name + "\"\n");
    return load();
  };
  const auto before = of("a:1", "u");
  ASSERT_EQ(issues(before), "");
  const auto renamed = agent::compare_config(before.config, of("a:1", "v").config);
  EXPECT_EQ(renamed.reloadable, std::vector<std::string>{"kafka.security.username"});
  EXPECT_TRUE(renamed.restart.empty());
  EXPECT_FALSE(agent::kafka_waits(renamed));
  // Another user of other brokers: both, or none.
  const auto moved = agent::compare_config(before.config, of("b:1", "v").config);
  EXPECT_TRUE(moved.reloadable.empty());
  EXPECT_EQ(moved.restart, (std::vector<std::string>{"kafka.brokers", "kafka.security.username"}));
  EXPECT_TRUE(agent::kafka_waits(moved));
}

TEST_F(ConfigTest, OptionsOfThePartsFollowTheKeys) {
  write("wattspool.toml",
        std::string("current_sign = \"inverted\"\n[forward]\nrate_max = \"1MiB/s\"\ndelivery = "
                    "\"at_least_once\"\n[forward.backoff]\nmultiplier = 3\n[kafka]\nbrokers = "
                    "[\"a:1\",\"b:2\"]\n") +
            kInstrument + "telemetry.rate = \"0.1Hz\"\n");
  const auto loaded = load();
  ASSERT_EQ(issues(loaded), "");
  const auto pipeline = agent::pipeline_options(loaded.config, loaded.config.instruments[0]);
  EXPECT_TRUE(pipeline.current_inverted);
  EXPECT_EQ(pipeline.telemetry_rate_hz, 0.1);
  EXPECT_EQ(pipeline.waveform, agent::WaveformMode::kDecimated);
  EXPECT_EQ(pipeline.waveform_rate_hz, 1000);
  const auto forward = agent::forwarder_options(loaded.config, {});
  ASSERT_TRUE(forward.has_value());
  EXPECT_EQ(forward->delivery, agent::Delivery::kAtLeastOnce);
  EXPECT_EQ(forward->rate_max_bytes_per_s, 1U << 20);
  EXPECT_EQ(forward->backoff.multiplier, 3);
  EXPECT_EQ(forward->kafka.front(),
            (std::pair<std::string, std::string>("bootstrap.servers", "a:1,b:2")));
}

}  // namespace
