// SPDX-License-Identifier: Apache-2.0
// The figures of telemetry records: means, exact integrals, deltas, step accumulators, losses.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "proto/exact_sum.h"
#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

double number(const Json& record, const char* name) { return record.at(name).get<double>(); }
double aux(const Json& record, const char* name) {
  return record.at("auxiliary").at(name).get<double>();
}

// Reproducible noise of both signs.
Sample noise(std::uint64_t index) {
  std::minstd_rand random(static_cast<unsigned>(index * 2654435761U + 1));
  const auto one = [&] { return static_cast<float>(random() % 20001) / 10000.0F - 1.0F; };
  const float bias = std::sin(static_cast<float>(index) / 130.0F);
  return {one() * 0.01F + bias * 0.1F, 3.0F + one() * 0.1F};
}

TEST(Records, HoldExactIntegralsOfTheSamples) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(1234, noise);
  bench.pipeline->finish();
  const std::vector<Json> records = bench.records();
  ASSERT_EQ(records.size(), 13U);
  std::uint64_t at = 500;
  for (const Json& record : records) {
    const auto count = record.at("auxiliary").at("sample_count").get<std::uint64_t>();
    proto::ExactSum current;
    proto::ExactSum power;
    double min = 1e9;
    double max = -1e9;
    for (std::uint64_t k = 0; k < count; ++k, ++at) {
      const Sample sample = noise(at);
      current.add(sample.current);
      power.add_product(sample.current, sample.voltage);
      min = std::min(min, double{sample.current} * double{sample.voltage});
      max = std::max(max, double{sample.current} * double{sample.voltage});
    }
    EXPECT_EQ(aux(record, "charge__C"), current.divided_by(1000));
    EXPECT_EQ(aux(record, "energy__J"), power.divided_by(1000));
    EXPECT_EQ(number(record, "current__A"), current.divided_by(count));
    EXPECT_EQ(number(record, "power__W"), power.divided_by(count));
    EXPECT_EQ(aux(record, "power_min__W"), min);
    EXPECT_EQ(aux(record, "power_max__W"), max);
    EXPECT_NEAR(aux(record, "gpi0_duty"), 0.25, 0.02);
  }
  EXPECT_EQ(at, 500U + 1234U);
}

TEST(Records, SignedIntegralIsChargedMinusDischarged) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(5000, noise);
  bench.run(StopRun());
  double charged = 0;
  double discharged = 0;
  double net = 0;
  for (const Json& record : bench.records()) {
    const double in = number(record, "capacity_charged__Ah");
    const double out = number(record, "capacity_discharged__Ah");
    EXPECT_TRUE(in >= 0 && out >= 0 && (in == 0 || out == 0));
    EXPECT_NEAR(in - out, aux(record, "charge__C") / 3600, 1e-18);
    EXPECT_NEAR(number(record, "energy_charged__Wh") - number(record, "energy_discharged__Wh"),
                aux(record, "energy__J") / 3600, 1e-18);
    charged += in;
    discharged += out;
    net += aux(record, "charge__C");
    EXPECT_NEAR(number(record, "step_capacity_charged__Ah"), charged, 1e-15);
    EXPECT_NEAR(number(record, "step_capacity_discharged__Ah"), discharged, 1e-15);
  }
  EXPECT_GT(charged, 0);
  EXPECT_GT(discharged, 0);
  const auto latest = bench.latest();
  EXPECT_NEAR(latest.at("bench.run.v1 js220-001234/t").at("charge__C").get<double>(), net, 1e-12);
}

TEST(Records, InvertedSignFlipsRecordsAndNotWaveforms) {
  std::vector<Json> records[2];
  std::vector<float> waveform[2];
  for (const bool inverted : {false, true}) {
    PipelineBench bench;
    bench.options.current_inverted = inverted;
    bench.start_connected();
    bench.add(300, noise);
    bench.pipeline->finish();
    records[inverted] = bench.records();
    for (const auto& row : bench.waveform()) {
      waveform[inverted].insert(waveform[inverted].end(), row.values.begin(), row.values.end());
    }
  }
  EXPECT_EQ(waveform[0], waveform[1]);
  for (std::size_t k = 0; k < records[0].size(); ++k) {
    const Json& plain = records[0][k];
    const Json& inverted = records[1][k];
    EXPECT_EQ(number(inverted, "current__A"), -number(plain, "current__A"));
    EXPECT_EQ(number(inverted, "power__W"), -number(plain, "power__W"));
    EXPECT_EQ(number(inverted, "voltage__V"), number(plain, "voltage__V"));
    EXPECT_EQ(number(inverted, "capacity_charged__Ah"), number(plain, "capacity_discharged__Ah"));
    EXPECT_EQ(aux(inverted, "current_min__A"), -aux(plain, "current_max__A"));
    EXPECT_EQ(aux(inverted, "current_std__A"), aux(plain, "current_std__A"));
    const auto sign = [](const Json& record) {
      return Json::parse(record.at("metadata").get<std::string>()).at("current_sign");
    };
    EXPECT_EQ(sign(plain), "measured");
    EXPECT_EQ(sign(inverted), "inverted");
  }
}

// One value of each level per record, so that the means are the levels.
TEST(Records, DeltasGoToThePreviousRecordOfTheRunAcrossEverything) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(150, Sample{9.0F, 9.0F});
  bench.run(run_named("t"));
  float level = 1;
  const auto one_record = [&] {
    bench.add(100, Sample{level, 2 * level});
    level += 1 + level / 4;
  };
  one_record();
  one_record();
  bench.run(NextStep());
  one_record();
  bench.lose(3000);
  one_record();
  bench.pipeline->on_tick();
  bench.crash();
  bench.pass(500);
  bench.start_connected();
  one_record();
  bench.run(NextCycle());
  one_record();
  bench.run(StopRun());
  double previous = 0;
  int seen = 0;
  for (const Json& record : bench.records()) {
    if (record.at("test_id") != "t") continue;
    const double current = number(record, "current__A");
    const double expected = seen++ == 0 ? 0 : current - previous;
    EXPECT_EQ(number(record, "current_delta__A"), expected) << record;
    EXPECT_EQ(number(record, "voltage_delta__V"), 2 * expected);
    previous = current;
  }
  EXPECT_EQ(seen, 6);
}

TEST(Records, StepAccumulatorsSurviveAKillInMidStep) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(700, Sample{1.0F, 4.0F});
  bench.run(NextStep{proto::StepType{"Charge", 1}});
  for (int k = 0; k < 10; ++k) bench.add(100, Sample{1.0F, 4.0F});
  bench.crash();
  bench.pass(100);
  bench.start_connected();
  for (int k = 0; k < 10; ++k) bench.add(100, Sample{1.0F, 4.0F});
  bench.run(StopRun());
  double duration = 0;
  for (const Json& record : bench.records()) {
    if (record.at("step_number") != 2) continue;
    EXPECT_EQ(record.at("step_type"), "Charge");
    duration += number(record, "duration__s");
    EXPECT_NEAR(number(record, "step_duration__s"), duration, 1e-9);
    EXPECT_NEAR(number(record, "step_capacity_charged__Ah"), duration / 3600, 1e-15);
    EXPECT_NEAR(number(record, "step_energy_charged__Wh"), 4 * duration / 3600, 1e-15);
  }
  EXPECT_NEAR(duration, 1.9, 0.11);  // what was in memory is lost, and named by a gap
}

TEST(Records, ALossShowsInTheRecordAroundIt) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(130, Sample{1.0F, 1.0F});
  bench.lose(3000);
  bench.add(170, Sample{1.0F, 1.0F});
  bench.pipeline->finish();
  const std::vector<Json> records = bench.records();
  ASSERT_EQ(records.size(), 4U);
  std::uint64_t missing = 0;
  for (const Json& record : records) {
    EXPECT_EQ(number(record, "current__A"), 1.0);
    missing += record.at("auxiliary").at("samples_missing").get<std::uint64_t>();
  }
  // 30 values, 2900 in 29 intervals that have no record, and the gap's last 70 values.
  EXPECT_EQ(missing, 70U + 30U);
  EXPECT_EQ(number(records[1], "duration__s"), 0.1);
  EXPECT_EQ(aux(records[1], "charge__C"), 0.03);
  EXPECT_EQ(
      records[2].at("epoch_us").get<std::int64_t>() - records[1].at("epoch_us").get<std::int64_t>(),
      3'000'000);
}

TEST(Records, InvalidSamplesAreCountedAndInNoFigure) {
  PipelineBench bench;
  bench.start_connected();
  bench.add(100, [](std::uint64_t index) {
    return index % 4 == 0   ? Sample{std::numeric_limits<float>::quiet_NaN(), 1.0F}
           : index % 4 == 1 ? Sample{1.0F, std::numeric_limits<float>::infinity()}
                            : Sample{1.0F, 2.0F};
  });
  bench.pipeline->finish();
  const Json record = bench.records().at(0);
  EXPECT_EQ(record.at("auxiliary").at("sample_count"), 100);
  EXPECT_EQ(record.at("auxiliary").at("samples_invalid"), 50);
  EXPECT_EQ(number(record, "current__A"), 1.0);
  EXPECT_EQ(number(record, "voltage__V"), 2.0);
  EXPECT_EQ(aux(record, "charge__C"), 0.05);
}

TEST(Records, AShortStepHasADurationAboveZero) {
  PipelineBench bench;
  bench.start_connected();
  bench.run(run_named("t"));
  bench.add(250, Sample{1.0F, 1.0F});
  bench.run(NextStep());
  bench.add(1, Sample{1.0F, 1.0F});
  bench.run(NextStep());
  bench.add(100, Sample{1.0F, 1.0F});
  bench.run(StopRun());
  const std::vector<Json> records = bench.records();
  ASSERT_EQ(records.size(), 5U);
  EXPECT_EQ(number(records[2], "duration__s"), 0.05);
  EXPECT_EQ(number(records[3], "duration__s"), 0.001);
  EXPECT_EQ(number(records[3], "step_duration__s"), 0.001);
  EXPECT_EQ(number(records[4], "duration__s"), 0.1) << "a full interval after a border";
}

}  // namespace
}  // namespace agent::test
