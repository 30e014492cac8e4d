// SPDX-License-Identifier: Apache-2.0
// What leaves the pipeline, byte by byte: the fields of a record, numbers that no reader misreads,
// the same bytes in every time zone, and a state that reads back.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <regex>
#include <set>

#include "agent/pipeline/pipeline_state.h"
#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

// A bit of everything, without anything random.
void play(PipelineBench& bench) {
  bench.start_connected();
  bench.add(150, [](std::uint64_t index) {
    return Sample{static_cast<float>(index % 5) - 2.0F, 3.0F};
  });
  bench.run(run_named("t"));
  bench.add(330, Sample{0.0F, 0.0F});
  bench.run(NextStep{proto::StepType{"Charge", 1}});
  bench.lose(250);
  bench.add(330, Sample{1.0F, 3.5F});
  bench.crash();
  bench.pass(100);
  bench.start_connected();
  bench.add(330, Sample{-1.0F, 3.5F});
  bench.run(StopRun());
  bench.add(100, Sample{-0.0F, -0.0F});
  bench.pipeline->finish();
}

TEST(Bytes, ARecordHasItsFields) {
  PipelineBench bench;
  play(bench);
  const std::vector<Json> records = bench.records();
  ASSERT_GT(records.size(), 10U);
  std::set<std::string> nullable = {"step_type", "step_id", "differential_capacity_charged__Ah_V",
                                    "differential_capacity_discharged__Ah_V"};
  for (const Json& record : records) {
    EXPECT_EQ(record.size(), 31U) << record;
    for (const auto& [name, value] : record.items()) {
      EXPECT_TRUE(!value.is_null() || nullable.count(name) == 1) << name;
    }
    EXPECT_EQ(record.at("event_id"),
              record.at("device_id").get<std::string>() + "/" +
                  record.at("test_id").get<std::string>() + "/" +
                  std::to_string(record.at("record_number").get<std::uint64_t>()));
    for (const auto& [name, value] : record.at("auxiliary").items()) {
      EXPECT_TRUE(value.is_number()) << name;
    }
    EXPECT_TRUE(Json::parse(record.at("metadata").get<std::string>()).is_object());
    EXPECT_GT(record.at("duration__s").get<double>(), 0);
  }
}

TEST(Bytes, FloatsCarryADotAndThereIsNoMinusZero) {
  PipelineBench bench;
  play(bench);
  const std::regex number("\"([A-Za-z0-9_]+)\":(-?[0-9][^,}]*)");
  const std::set<std::string> integers = {"cycle_number",    "step_number",     "step_id",
                                          "record_number",   "epoch_us",        "segment",
                                          "sample_count",    "samples_missing", "samples_invalid",
                                          "sample_id_first", "sample_id_last"};
  for (const std::string& text : bench.texts(proto::Lane::kTelemetry)) {
    const std::string head = text.substr(0, text.find("\"metadata\""));
    int seen = 0;
    for (std::sregex_iterator it(head.begin(), head.end(), number), end; it != end; ++it, ++seen) {
      const std::string name = (*it)[1];
      const std::string value = (*it)[2];
      const bool has_dot = value.find_first_of(".e") != std::string::npos;
      EXPECT_EQ(has_dot, integers.count(name) == 0) << name << " " << value;
      EXPECT_FALSE(std::regex_match(value, std::regex("-0(\\.0*)?"))) << name;
    }
    EXPECT_GE(seen, 30);
  }
}

TEST(Bytes, AreTheSameInEveryTimeZone) {
  std::vector<std::string> bytes[2];
  const char* zones[] = {"UTC", "Asia/Tokyo"};
  for (int k = 0; k < 2; ++k) {
    setenv("TZ", zones[k], 1);
    tzset();
    PipelineBench bench;
    play(bench);
    for (const SpoolEntry& entry : bench.entries()) {
      for (const buffer::NewRow& row : entry.rows) {
        bytes[k].push_back(row.facts.key);
        bytes[k].emplace_back(reinterpret_cast<const char*>(row.payload.data()),
                              row.payload.size());
      }
      for (const buffer::StateChange& change : entry.state) {
        bytes[k].push_back(change.key + change.value.value_or("(none)"));
      }
      for (const buffer::LatestValue& value : entry.latest) bytes[k].push_back(value.value);
    }
  }
  setenv("TZ", "UTC", 1);
  tzset();
  EXPECT_GT(bytes[0].size(), 50U);
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(Bytes, RowFactsCoverTheirRecords) {
  PipelineBench bench;
  play(bench);
  for (const buffer::NewRow& row : bench.rows(proto::Lane::kTelemetry)) {
    EXPECT_EQ(row.facts.topic, "bench.telemetry.v1");
    EXPECT_EQ(row.facts.device_id, "js220-001234");
    EXPECT_LT(row.facts.t_first_us, row.facts.t_last_us);
    EXPECT_LE(row.facts.id_count, row.facts.id_last.value() - row.facts.id_first.value() + 1);
    EXPECT_GT(row.facts.id_count, 0U);
  }
  for (const buffer::NewRow& row : bench.rows(proto::Lane::kWaveform)) {
    EXPECT_EQ(row.facts.topic, "bench.waveform.v1");
    EXPECT_EQ(row.facts.count, 1U);
  }
  for (const buffer::NewRow& row : bench.rows(proto::Lane::kEvent)) {
    EXPECT_EQ(row.facts.topic, "bench.event.v1");
    EXPECT_EQ(row.facts.id_count, 0U);
  }
}

TEST(State, ReadsBackAsItWasWritten) {
  PipelineBench bench;
  play(bench);
  const std::string prefix = Pipeline::state_prefix(bench.info.id);
  int texts = 0;
  for (const SpoolEntry& entry : bench.entries()) {
    for (const buffer::StateChange& change : entry.state) {
      if (!change.value) continue;
      ++texts;
      const std::string key = change.key.substr(prefix.size());
      const std::string& text = *change.value;
      const std::string again = key == kNowKey   ? to_text(*now_from_text(text))
                                : key == kRunKey ? to_text(*run_from_text(text))
                                                 : to_text(*tests_from_text(text));
      EXPECT_EQ(again, text);
    }
  }
  EXPECT_GT(texts, 15);
}

TEST(State, TextThatIsNotOursIsAbsent) {
  for (const char* text : {"", "{", "{}", "[]", "{\"test\":{},\"lanes\":{}}", "null", "7"}) {
    EXPECT_FALSE(now_from_text(text).has_value()) << text;
    EXPECT_FALSE(run_from_text(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace agent::test
