// SPDX-License-Identifier: Apache-2.0
// The golden vector for step and cycle statistics, measured: its 30 records as samples, through the
// pipeline, and aggregated the way step and cycle tables downstream do it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/agent/pipeline/pipeline_bench.h"

namespace agent::test {
namespace {

constexpr double kTolerance = 1e-9;
constexpr std::size_t kValuesPerRecord = 1000;

// Two neighbouring floats in the proportion that makes their mean `volts`, to 1e-10.
std::function<Sample(std::uint64_t)> level(double volts, float amperes) {
  const float near = static_cast<float>(volts);
  const float other = std::nextafter(near, near < volts ? 10.0F : -10.0F);
  const double share = (volts - near) / (static_cast<double>(other) - near);
  const auto others = static_cast<std::uint64_t>(std::lround(share * kValuesPerRecord));
  return [=](std::uint64_t index) {
    return Sample{amperes, index % kValuesPerRecord < others ? other : near};
  };
}

struct Stats {
  double start_v = 0, end_v = 0, min_v = 1e9, max_v = -1e9;
  double voltage = 0, current = 0, power = 0;  // weighted by duration
  double charge_ah = 0, discharge_ah = 0, charge_wh = 0, discharge_wh = 0;
  double delta_v = 0, delta_a = 0, delta_w = 0;
  double duration = 0, longest = 0;
  int records = 0;
};

Stats step_stats(const std::vector<Json>& records, int step) {
  Stats stats;
  double weight = 0;
  std::int64_t first_us = 0;
  for (const Json& record : records) {
    if (record.at("step_number") != step) continue;
    const auto number = [&](const char* name) { return record.at(name).get<double>(); };
    const double v = number("voltage__V");
    const double w = number("duration__s");
    if (stats.records++ == 0) {
      stats.start_v = v;
      first_us = record.at("epoch_us").get<std::int64_t>();
    }
    stats.end_v = v;
    stats.min_v = std::min(stats.min_v, v);
    stats.max_v = std::max(stats.max_v, v);
    stats.voltage += v * w;
    stats.current += number("current__A") * w;
    stats.power += number("power__W") * w;
    weight += w;
    stats.charge_ah = number("step_capacity_charged__Ah");
    stats.discharge_ah = number("step_capacity_discharged__Ah");
    stats.charge_wh = number("step_energy_charged__Wh");
    stats.discharge_wh = number("step_energy_discharged__Wh");
    stats.delta_v = std::max(stats.delta_v, std::abs(number("voltage_delta__V")));
    stats.delta_a = std::max(stats.delta_a, std::abs(number("current_delta__A")));
    stats.delta_w = std::max(stats.delta_w, std::abs(number("power_delta__W")));
    stats.longest = std::max(stats.longest, w);
    stats.duration =
        static_cast<double>(record.at("epoch_us").get<std::int64_t>() - first_us) / 1e6;
  }
  stats.voltage /= weight;
  stats.current /= weight;
  stats.power /= weight;
  return stats;
}

void expect_step(const Stats& got, const Stats& want) {
  for (const auto member :
       {&Stats::start_v, &Stats::end_v, &Stats::min_v, &Stats::max_v, &Stats::voltage,
        &Stats::current, &Stats::power, &Stats::charge_ah, &Stats::discharge_ah, &Stats::charge_wh,
        &Stats::discharge_wh, &Stats::delta_v, &Stats::delta_a, &Stats::delta_w, &Stats::duration,
        &Stats::longest}) {
    EXPECT_NEAR(got.*member, want.*member, kTolerance);
  }
  EXPECT_EQ(got.records, want.records);
}

std::vector<Json> play() {
  PipelineBench bench(10'000);
  bench.set_counter(proto::SampleId(2 * kValuesPerRecord));
  bench.start_connected();
  bench.run(run_named("golden"));
  const proto::StepType types[] = {{"Rest", 0}, {"Charge", 1}, {"Discharge", 2}};
  for (int cycle = 0; cycle < 2; ++cycle) {
    if (cycle > 0) bench.run(NextCycle());
    for (const proto::StepType& type : types) {
      bench.run(NextStep{type});
      for (int k = 1; k <= 5; ++k) {
        const double volts = type.id == 0 ? 3.0 : type.id == 1 ? 3.0 + 0.2 * k : 4.0 - 0.2 * k;
        const float amperes = type.id == 0 ? 0.0F : type.id == 1 ? 1.0F : -1.0F;
        bench.add(kValuesPerRecord, level(volts, amperes));
      }
    }
  }
  bench.run(StopRun());
  return bench.records();
}

TEST(GoldenVector, StepsHaveItsNumbers) {
  const std::vector<Json> records = play();
  ASSERT_EQ(records.size(), 30U);
  EXPECT_EQ(records.front().at("timestamp"), "2025-01-01T00:00:00.100000Z");
  const double ah = 0.5 / 3600;
  for (const int first : {1, 4}) {
    const bool is_first_rest = first == 1;
    Stats rest{3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0.4, 0.1, 5};
    if (is_first_rest) rest.delta_a = rest.delta_w = 0;
    expect_step(step_stats(records, first), rest);
    expect_step(step_stats(records, first + 1),
                {3.2, 4, 3.2, 4, 3.6, 1, 3.6, ah, 0, 3.6 * ah, 0, 0.2, 1, 3.2, 0.4, 0.1, 5});
    expect_step(step_stats(records, first + 2),
                {3.8, 3, 3, 3.8, 3.4, -1, -3.4, 0, ah, 0, 3.4 * ah, 0.2, 2, 7.8, 0.4, 0.1, 5});
  }
}

TEST(GoldenVector, CyclesHaveItsNumbers) {
  const std::vector<Json> records = play();
  for (const int cycle : {1, 2}) {
    double charge = 0, discharge = 0, charge_wh = 0, discharge_wh = 0;
    int count = 0;
    std::int64_t first_us = 0;
    std::int64_t last_us = 0;
    for (const Json& record : records) {
      if (record.at("cycle_number") != cycle) continue;
      const int step = record.at("step_number").get<int>();
      EXPECT_EQ((step - 1) / 3 + 1, cycle) << "a step belongs to one cycle";
      EXPECT_EQ(record.at("step_id"), (step - 1) % 3);
      last_us = record.at("epoch_us").get<std::int64_t>();
      if (count++ == 0) first_us = last_us;
    }
    for (int step = 3 * cycle - 2; step <= 3 * cycle; ++step) {
      const Stats stats = step_stats(records, step);
      charge += stats.charge_ah;
      discharge += stats.discharge_ah;
      charge_wh += stats.charge_wh;
      discharge_wh += stats.discharge_wh;
    }
    EXPECT_EQ(count, 15);
    EXPECT_EQ(last_us - first_us, 1'400'000);
    EXPECT_NEAR(charge, 1.388888889e-4, kTolerance);
    EXPECT_NEAR(discharge, 1.388888889e-4, kTolerance);
    EXPECT_NEAR(charge_wh, 5e-4, kTolerance);
    EXPECT_NEAR(discharge_wh, 4.722222222e-4, kTolerance);
  }
}

}  // namespace
}  // namespace agent::test
