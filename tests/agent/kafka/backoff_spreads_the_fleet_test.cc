// SPDX-License-Identifier: Apache-2.0
// Delays double to the cap, stay below their ceiling, start over after a success; a fleet that
// failed together comes back spread out.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "agent/kafka/backoff.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

UnitRandom seeded(std::uint64_t seed) {
  return [engine = std::mt19937_64(seed)]() mutable {
    return std::generate_canonical<double, 53>(engine);
  };
}

constexpr std::int64_t kStartNs = 5'000'000'000;

TEST(Backoff, TheCeilingDoublesToTheCapAndStartsOver) {
  Backoff backoff({milliseconds(100), 2.0, milliseconds(1000)}, [] { return 0.5; });
  const std::vector<int> ceilings_ms = {100, 200, 400, 800, 1000, 1000};
  for (const int ceiling_ms : ceilings_ms) {
    EXPECT_EQ(backoff.ceiling(), milliseconds(ceiling_ms));
    EXPECT_EQ(backoff.fail(kStartNs), kStartNs + ceiling_ms * 500'000LL);
  }
  backoff.succeed();
  EXPECT_EQ(backoff.ceiling(), milliseconds(100));
  EXPECT_EQ(backoff.remaining(kStartNs).count(), 0);
  EXPECT_EQ(backoff.failures(), 0U);
}

TEST(Backoff, ADelayLiesBelowItsCeilingWhateverTheOptions) {
  std::mt19937_64 engine(20261124);
  for (int round = 0; round < 500; ++round) {
    const BackoffOptions options{milliseconds(1 + engine() % 5000),
                                 1.0 + static_cast<double>(engine() % 400) / 100,
                                 milliseconds(1 + engine() % 60'000)};
    Backoff backoff(options, seeded(engine()));
    milliseconds last_ceiling{0};
    for (int failure = 0; failure < 80; ++failure) {
      const auto ceiling = backoff.ceiling();
      EXPECT_GE(ceiling, last_ceiling);
      EXPECT_LE(ceiling, options.max);
      const std::int64_t until = backoff.fail(kStartNs);
      EXPECT_GE(until, kStartNs);
      EXPECT_LE(until - kStartNs, std::chrono::nanoseconds(ceiling).count());
      EXPECT_EQ(backoff.remaining(kStartNs).count(), until - kStartNs);
      EXPECT_EQ(backoff.remaining(until).count(), 0);
      last_ceiling = ceiling;
    }
  }
}

TEST(Backoff, AHundredAgentsComeBackSpreadOut) {
  // All failed six times; the ceiling is 6.4 s. Full jitter: each tenth of it gets its share.
  std::array<int, 10> agents_per_tenth{};
  for (std::uint64_t agent = 0; agent < 1000; ++agent) {
    Backoff backoff({milliseconds(100), 2.0, milliseconds(30'000)}, seeded(agent));
    for (int failure = 0; failure < 6; ++failure) backoff.fail(kStartNs);
    const std::int64_t delay_ns = backoff.fail(kStartNs) - kStartNs;
    ++agents_per_tenth[static_cast<std::size_t>(delay_ns / 640'000'000)];
  }
  for (const int agents : agents_per_tenth) {
    EXPECT_GT(agents, 65);
    EXPECT_LT(agents, 140);
  }
}

TEST(Backoff, TheKernelSeedsEachSourceAnew) {
  auto first = make_unit_random();
  auto second = make_unit_random();
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 0; i < 8; ++i) {
    a.push_back(first());
    b.push_back(second());
  }
  EXPECT_NE(a, b);
  EXPECT_TRUE(std::ranges::all_of(a, [](double value) { return value >= 0 && value < 1; }));
}

}  // namespace
}  // namespace agent
