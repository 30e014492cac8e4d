// SPDX-License-Identifier: Apache-2.0
// What a person may ask of a run, what is refused, and what survives a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pipeline/pipeline_errc.h"
#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

constexpr Sample kOne{1.0F, 1.0F};

std::error_code refusal(PipelineBench& bench, const RunCommand& command) {
  const auto reply = bench.pipeline->execute(command);
  return reply.has_value() ? std::error_code() : reply.error().code;
}

TEST(Run, OneAtATime) {
  PipelineBench bench;
  bench.start_connected();
  for (const RunCommand& command : {RunCommand(StopRun()), RunCommand(NextStep()),
                                    RunCommand(NextCycle()), RunCommand(MarkRun{"x", {}})}) {
    EXPECT_EQ(refusal(bench, command), PipelineErrc::kNoRun);
  }
  EXPECT_EQ(bench.run(run_named("t-1")).test_id, "t-1");
  EXPECT_EQ(refusal(bench, run_named("t-2")), PipelineErrc::kAlreadyRunning);
  EXPECT_EQ(bench.run(StopRun()).state, "stopped");
  EXPECT_EQ(refusal(bench, StopRun()), PipelineErrc::kNoRun);
}

TEST(Run, ATestIdIsNeverReusedNotEvenAfterARestart) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(run_named("t-1"));
  bench.run(StopRun());
  EXPECT_EQ(refusal(bench, run_named("t-1")), PipelineErrc::kTestIdUsed);
  bench.crash();
  bench.start_connected();
  EXPECT_EQ(refusal(bench, run_named("t-1")), PipelineErrc::kTestIdUsed);
  EXPECT_EQ(refusal(bench, run_named("t-2")), std::error_code());
}

TEST(Run, BadIdsAndTextsAreRefused) {
  PipelineBench bench;
  bench.start_connected();
  for (const std::string id : {"a/b", "with space", "idle-12345678", "\xC3\xA4"}) {
    EXPECT_EQ(refusal(bench, run_named(id)), PipelineErrc::kInvalidId) << id;
  }
  EXPECT_EQ(refusal(bench, run_named(std::string(65, 'x'))), PipelineErrc::kInvalidId);
  StartRun part;
  part.part_id = "a b";
  EXPECT_EQ(refusal(bench, part), PipelineErrc::kInvalidId);
  StartRun labels;
  labels.labels["x"] = std::string("a\0b", 3);
  EXPECT_EQ(refusal(bench, labels), PipelineErrc::kInvalidText);
  EXPECT_EQ(bench.pipeline->status().run_state, "idle");
}

TEST(Run, ASuggestedIdNamesTheStart) {
  PipelineBench bench;
  bench.start_connected();
  const std::string id = bench.run(StartRun()).test_id;
  EXPECT_THAT(id, testing::MatchesRegex("20250101T000000Z-[0-9a-f]{4}"));
}

TEST(Run, StepTypesHaveTheirNumbers) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(StartRun());
  for (const proto::StepType& type : std::vector<proto::StepType>{
           {"Rest", 1}, {"Soak", 5}, {"Soak", 99}, {"", 100}, {"Charge", 100}}) {
    EXPECT_EQ(refusal(bench, NextStep{type}), PipelineErrc::kInvalidStepType) << type.name;
  }
  EXPECT_EQ(refusal(bench, NextStep{proto::StepType{"Soak", 100}}), std::error_code());
}

TEST(Run, BordersWithoutASampleBetweenThemAreOne) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(run_named("t"));
  EXPECT_EQ(bench.run(NextStep{proto::StepType{"Rest", 0}}).step_number, 1U);
  EXPECT_EQ(bench.run(NextCycle()).cycle_number, 1U);
  bench.add(100, kOne);
  EXPECT_EQ(bench.run(NextCycle()).cycle_number, 2U);
  const RunReply reply = bench.run(NextStep{proto::StepType{"Charge", 1}});
  EXPECT_EQ(reply.step_number, 2U);
  EXPECT_EQ(reply.cycle_number, 2U);
  bench.add(30, kOne);
  EXPECT_EQ(bench.run(NextStep()).step_number, 3U);
  EXPECT_EQ(bench.run(StopRun()).step_number, 3U);
}

// At 1 MSPS ten microseconds are ten values.
TEST(Run, AStepBorderWithinTenMicrosecondsMovesToTheIntervalsStart) {
  PipelineBench bench(1'000'000);
  bench.options.waveform = WaveformMode::kOff;
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(100'009, kOne);
  bench.run(NextStep());
  bench.add(100'000, kOne);
  bench.run(StopRun());
  const std::vector<Json> records = bench.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].at("step_number"), 1);
  EXPECT_EQ(records[1].at("step_number"), 2);
  EXPECT_EQ(records[1].at("auxiliary").at("sample_count"), 100'000);
  EXPECT_EQ(records[2].at("auxiliary").at("sample_count"), 9);
}

TEST(Run, AnOpenRunSurvivesAKill) {
  PipelineBench bench;
  bench.start_connected();
  StartRun start = run_named("t");
  start.part_id = "part-9";
  start.recipe_id = "sleep.v3";
  start.labels["h\xC3\xB6he"] = "\"quoted\"";
  bench.run(start);
  bench.add(300, kOne);
  bench.run(NextStep{proto::StepType{"Soak", 100}});
  bench.add(300, kOne);
  bench.crash();
  bench.options.version = "1.2.4";  // an upgrade in mid-step
  bench.start_connected();
  EXPECT_EQ(bench.pipeline->status().run_state, "running");
  bench.add(300, kOne);
  bench.run(NextStep());
  bench.add(100, kOne);
  bench.run(StopRun());
  std::map<int, std::set<std::string>> metadata;
  for (const Json& record : bench.records()) {
    EXPECT_EQ(record.at("test_id"), "t");
    metadata[record.at("step_number").get<int>()].insert(record.at("metadata"));
  }
  ASSERT_EQ(metadata.size(), 3U);
  for (const auto& [step, texts] : metadata) EXPECT_EQ(texts.size(), 1U) << "constant in a step";
  const Json parsed = Json::parse(*metadata[2].begin());
  EXPECT_EQ(parsed.at("part_id"), "part-9");
  EXPECT_EQ(parsed.at("labels").at("h\xC3\xB6he"), "\"quoted\"");
  EXPECT_EQ(parsed.at("version"), "1.2.3");
  EXPECT_EQ(Json::parse(*metadata[3].begin()).at("version"), "1.2.4");
}

TEST(Run, TheRunTopicHasItsWholeState) {
  PipelineBench bench;
  bench.start_connected();
  StartRun start = run_named("t");
  start.part_id = "part-9";
  bench.run(start);
  bench.add(250, kOne);
  bench.lose(50);
  bench.run(StopRun());
  const Json run = bench.latest().at("bench.run.v1 js220-001234/t");
  EXPECT_EQ(run.at("state"), "stopped");
  EXPECT_EQ(run.at("part_id"), "part-9");
  EXPECT_EQ(run.at("first_record_number"), 1);
  EXPECT_EQ(run.at("last_record_number"), 3);
  EXPECT_EQ(run.at("records_total"), 3);
  EXPECT_EQ(run.at("samples_lost"), 50);
  EXPECT_EQ(run.at("charge__C").get<double>(), 0.25);
  EXPECT_EQ(run.at("input_rate__Hz").get<double>(), 1000);
  EXPECT_EQ(run.at("output_rate__Hz").get<double>(), 10);
  const Json device = bench.latest().at("bench.device.v1 js220-001234");
  EXPECT_EQ(device.at("serial"), "001234");
}

TEST(Run, EventsComeInTheOrderOfTheRun) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(250, kOne);
  bench.run(MarkRun{"door opened", 21.5});
  bench.run(NextStep());
  bench.add(100, kOne);
  bench.run(NextCycle());
  bench.add(10, kOne);
  bench.run(StopRun());
  std::vector<std::string> types;
  for (const Json& event : bench.events()) types.push_back(event.at("event_type"));
  EXPECT_THAT(types, testing::ElementsAre("device_connected", "test_started", "marker",
                                          "step_changed", "cycle_changed", "test_stopped"));
  const Json marker = bench.events("marker").at(0);
  EXPECT_EQ(marker.at("message"), "door opened");
  EXPECT_EQ(marker.at("value").get<double>(), 21.5);
  EXPECT_EQ(marker.at("record_number"), 3) << "the record that the marker falls into";
  EXPECT_EQ(marker.at("timestamp"), "2025-01-01T00:00:00.250000Z");
}

TEST(Run, IdleRecordsGoOnAfterARunAndStepsMarkTheStretches) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(200, kOne);
  bench.run(run_named("t"));
  bench.add(200, kOne);
  bench.run(StopRun());
  bench.add(200, kOne);
  bench.pipeline->finish();
  std::vector<std::string> ids;
  for (const Json& record : bench.records()) ids.push_back(record.at("event_id"));
  const std::string idle = "js220-001234/idle-01010101/";
  EXPECT_THAT(ids, testing::ElementsAre(idle + "1", idle + "2", "js220-001234/t/1",
                                        "js220-001234/t/2", idle + "3", idle + "4"));
  EXPECT_EQ(bench.records().back().at("step_number"), 2);
  EXPECT_EQ(bench.records().back().at("step_duration__s").get<double>(), 0.2);
  EXPECT_EQ(bench.latest().count("bench.run.v1 js220-001234/idle-01010101"), 0U);
}

TEST(Run, CanStartBeforeTheInstrumentIsThere) {
  PipelineBench bench;
  bench.start();
  bench.run(run_named("early"));
  bench.connect();
  bench.begin_segment();
  bench.add(100, kOne);
  bench.run(StopRun());
  EXPECT_EQ(bench.records().at(0).at("test_id"), "early");
}

TEST(Rates, MustDivideIntoWholeValues) {
  PipelineOptions options;
  for (const double rate : {0.1, 1.0, 10.0, 50.0, 1000.0}) {
    options.telemetry_rate_hz = rate;
    EXPECT_TRUE(check_rates(options, 2e6, 2).has_value()) << rate;
  }
  for (const double rate : {3.0, 0.0, -1.0, 999.0, 2e6}) {
    options.telemetry_rate_hz = rate;
    const auto result = check_rates(options, 2e6, 2);
    ASSERT_FALSE(result.has_value()) << rate;
    EXPECT_EQ(result.error().code, PipelineErrc::kRateDoesNotDivide);
    EXPECT_THAT(result.error().message(), testing::HasSubstr("telemetry.rate"));
  }
  options.telemetry_rate_hz = 999;
  EXPECT_THAT(check_rates(options, 2e6, 2).error().message(),
              testing::HasSubstr("800 Hz and 1000 Hz fit"));
  options.telemetry_rate_hz = 10;
  options.waveform_rate_hz = 7;
  EXPECT_THAT(check_rates(options, 2e6, 2).error().message(), testing::HasSubstr("waveform.rate"));
  options.waveform = WaveformMode::kFull;
  EXPECT_TRUE(check_rates(options, 2e6, 2).has_value());
}

}  // namespace
}  // namespace agent::test
