// SPDX-License-Identifier: Apache-2.0
// A metric is a rendering of the status: same numbers, names by the rules, labels of few values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "agent/metrics/exposition.h"
#include "agent/metrics/metrics.h"
#include "agent/status/status_json.h"

namespace agent {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNowUtcUs = 1'790'000'000'500'000;

AgentStatus busy_status() {
  AgentStatus status;
  status.agent_id = "bench-07";
  status.version = "0.1.0";
  status.started_utc_us = kNowUtcUs - 60'000'000;
  status.updated_utc_us = kNowUtcUs;
  status.health = Health::kDegraded;
  status.reasons = {{Health::kDegraded, "recent_gap", "js220/000001", "", ""},
                    {Health::kDegraded, "topic_warning", "a:1", "", ""},
                    {Health::kDegraded, "topic_warning", "a:1", "", ""}};
  InstrumentStatus& one = status.instruments.emplace_back();
  one.id = {"js220", "000001"};
  one.state = "streaming";
  one.value_rate_hz = 1e6;
  one.memory_bytes = 4096;
  one.pipeline.values_total = 9'007'199'254'740'991;
  one.pipeline.values_lost_total = 252;
  one.pipeline.gaps_by_reason = {{"usb_loss", 2}};
  one.pipeline.last_sample_utc_us = kNowUtcUs - 100'000;
  one.pipeline.current_a = 0.25;
  InstrumentStatus& away = status.instruments.emplace_back();
  away.id = {"js110", "000002"};
  away.state = "absent";
  away.pipeline.current_a = 0.75;  // of long ago
  status.spool.writer.totals.quota_bytes = 1 << 30;
  status.spool.writer.totals.lanes[proto::Lane::kTelemetry].unacked_bytes = 300;
  status.spool.writer.totals.lanes[proto::Lane::kWaveform].unacked_bytes = 700;
  status.spool.writer.last_commit_ms = 2.5;
  status.spool.evicted_unacked_rows_total = 3;
  status.kafka.state = "backing off";
  status.kafka.delivered_records_total = 77;
  return status;
}

// "name{labels} " to the value's text.
std::map<std::string, std::string> samples_of(const std::string& text) {
  std::map<std::string, std::string> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const auto space = line.rfind(' ');
    samples[line.substr(0, space)] = line.substr(space + 1);
  }
  return samples;
}

TEST(Metrics, SayWhatTheStatusSays) {
  const auto samples = samples_of(exposition_text(metric_families(busy_status())));
  const std::map<std::string, std::string> expected = {
      {"wattspool_build_info{agent_id=\"bench-07\",version=\"0.1.0\"}", "1"},
      {"wattspool_status_timestamp_seconds", "1790000000.5"},
      {"wattspool_health_severity", "1"},
      {"wattspool_health_reasons{code=\"topic_warning\"}", "2"},
      {"wattspool_instrument_up{instrument=\"js220/000001\"}", "1"},
      {"wattspool_instrument_up{instrument=\"js110/000002\"}", "0"},
      {"wattspool_instrument_values_total{instrument=\"js220/000001\"}", "9007199254740991"},
      {"wattspool_instrument_lost_values_total{instrument=\"js220/000001\"}", "252"},
      {"wattspool_instrument_gaps_total{instrument=\"js220/000001\",reason=\"usb_loss\"}", "2"},
      {"wattspool_instrument_gaps_total{instrument=\"js220/000001\",reason=\"overrun\"}", "0"},
      {"wattspool_instrument_state{instrument=\"js110/000002\",state=\"absent\"}", "1"},
      {"wattspool_instrument_state{instrument=\"js110/000002\",state=\"streaming\"}", "0"},
      {"wattspool_instrument_current_amperes{instrument=\"js220/000001\"}", "0.25"},
      {"wattspool_spool_unacked_bytes", "1000"},
      {"wattspool_spool_lane_unacked_bytes{lane=\"waveform\"}", "700"},
      {"wattspool_spool_last_commit_duration_seconds", "0.0025"},
      {"wattspool_spool_evicted_unacked_rows_total", "3"},
      {"wattspool_forward_state{state=\"backing_off\"}", "1"},
      {"wattspool_forward_state{state=\"delivering\"}", "0"},
      {"wattspool_forward_delivered_records_total", "77"}};
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(samples.contains(name)) << name;
    EXPECT_DOUBLE_EQ(std::stod(samples.at(name)), std::stod(value)) << name;
  }
}

TEST(Metrics, WhatIsNotKnownIsNotTold) {
  const auto samples = samples_of(exposition_text(metric_families(busy_status())));
  for (const char* name :
       {"wattspool_instrument_current_amperes{instrument=\"js110/000002\"}",
        "wattspool_instrument_last_sample_timestamp_seconds{instrument=\"js110/"
        "000002\"}",
        "wattspool_forward_last_ack_timestamp_seconds", "wattspool_spool_time_to_full_seconds"}) {
    EXPECT_FALSE(samples.contains(name)) << name;
  }
}

TEST(Metrics, OfAStatusThatWasReadBackAreTheSame) {
  const AgentStatus status = busy_status();
  const auto read = status_from_json(status_to_json(status));
  ASSERT_TRUE(read);
  EXPECT_EQ(exposition_text(metric_families(*read)), exposition_text(metric_families(status)));
}

TEST(Metrics, AreNamedByTheRules) {
  std::set<std::string_view> names;
  for (const MetricFamily& family : metric_families({})) {
    const std::string name(family.spec.name);
    SCOPED_TRACE(name);
    EXPECT_TRUE(names.insert(family.spec.name).second);
    EXPECT_TRUE(std::regex_match(name, std::regex("(wattspool|process)(_[a-z]+)+")));
    EXPECT_EQ(name.ends_with("_total"), family.spec.type == MetricType::kCounter);
    EXPECT_THAT(name, Not(testing::ContainsRegex("_(ms|us|percent|kb|mb)(_|$)")));
    EXPECT_FALSE(family.spec.help.empty());
  }
}

// 16 instruments of any name cost so many series, whatever happens to them.
TEST(Metrics, LabelsHaveFewValues) {
  const std::set<std::string> known = {"agent_id", "version", "code", "instrument",
                                       "state",    "reason",  "lane"};
  AgentStatus status = busy_status();
  status.instruments.resize(16, status.instruments.front());
  status.kafka.last_error = "of many forms";
  status.spool.path = "/some/where";
  std::size_t series = 0;
  for (const MetricFamily& family : metric_families(status)) {
    std::istringstream words{std::string(family.spec.labels)};
    const std::vector<std::string> names{std::istream_iterator<std::string>(words), {}};
    for (const MetricSample& sample : family.samples) {
      ++series;
      ASSERT_EQ(sample.labels.size(), names.size()) << family.spec.name;
      for (std::size_t i = 0; i < names.size(); ++i) {
        EXPECT_EQ(sample.labels[i].first, names[i]) << family.spec.name;
        EXPECT_TRUE(known.contains(names[i])) << names[i];
      }
    }
  }
  EXPECT_LT(series, 850u);
  const std::string text = exposition_text(metric_families(status));
  EXPECT_THAT(text, Not(HasSubstr("of many forms")));
  EXPECT_THAT(text, Not(HasSubstr("/some/where")));
}

TEST(Metrics, AreAllInTheReadme) {
  std::ostringstream readme;
  readme << std::ifstream(WATTSPOOL_SOURCE_DIR "/agent/metrics/README.md").rdbuf();
  EXPECT_THAT(readme.str(), HasSubstr(metrics_table_markdown())) << "the table should be:\n"
                                                                 << metrics_table_markdown();
}

}  // namespace
}  // namespace agent
