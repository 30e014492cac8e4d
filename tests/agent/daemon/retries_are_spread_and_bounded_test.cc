// SPDX-License-Identifier: Apache-2.0
// When an instrument is tried again: full jitter up to a bound, at once when it arrives or is
// claimed, never while it is released.
#include <gtest/gtest.h>

#include "agent/daemon/instrument_life.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using enum InstrumentState;

constexpr std::int64_t kMs = 1'000'000;
constexpr BackoffOptions kDelays{.initial = milliseconds(100), .max = milliseconds(5'000)};

const proto::Error kGone{make_error_code(drivers::UsbErrc::kNoDevice), "open js220/1"};
const proto::Error kTaken{make_error_code(drivers::UsbErrc::kBusy), "open js220/1"};

// A random source that always gives `part` of what it may.
InstrumentLife life_with(double part) {
  return InstrumentLife(kDelays, [part] { return part; });
}

// Until should_open(), in ms.
std::int64_t delay_ms(const InstrumentLife& life, std::int64_t now_ns) {
  std::int64_t waited_ms = 0;
  while (!life.should_open(now_ns + waited_ms * kMs)) {
    if (++waited_ms > 100'000) return -1;
  }
  return waited_ms;
}

TEST(InstrumentRetries, GrowToTheirBound) {
  InstrumentLife life = life_with(1.0);
  EXPECT_TRUE(life.should_open(0)) << "the first try is at once";
  std::int64_t now_ns = 0;
  for (const std::int64_t expected : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    life.on_try();
    life.on_open_failed(kGone, now_ns);
    EXPECT_EQ(life.state(), kAbsent);
    EXPECT_EQ(delay_ms(life, now_ns), expected);
    now_ns += expected * kMs;
  }
}

TEST(InstrumentRetries, AreSpreadByChance) {
  for (const double part : {0.0, 0.25, 0.5}) {
    InstrumentLife life = life_with(part);
    life.on_open_failed(kGone, 0);
    EXPECT_EQ(delay_ms(life, 0), static_cast<std::int64_t>(part * 100));
  }
}

TEST(InstrumentRetries, AreAtOnceWhenTheBusSeesItCome) {
  InstrumentLife life = life_with(1.0);
  for (int i = 0; i < 10; ++i) life.on_open_failed(kGone, 0);
  EXPECT_EQ(delay_ms(life, 0), 5000);
  life.on_arrived();
  EXPECT_EQ(life.state(), kOpening);
  EXPECT_TRUE(life.should_open(0));
  life.on_open_failed(kTaken, 0);
  EXPECT_EQ(delay_ms(life, 0), 100) << "what was before it was plugged in does not count";
}

TEST(InstrumentRetries, SayWhyUntilTheAnswerHasCome) {
  InstrumentLife life = life_with(1.0);
  life.on_open_failed(kTaken, 0);
  EXPECT_EQ(life.explanation(), "open js220/1: in use by another program");
  life.on_try();
  EXPECT_EQ(life.state(), kBusy) << "a try is no news";
  EXPECT_EQ(life.explanation(), "open js220/1: in use by another program");
  life.on_opened(0);
  EXPECT_EQ(life.state(), kStreaming);
  EXPECT_EQ(life.explanation(), "");
}

TEST(InstrumentRetries, SlowDownForADeviceThatComesAndGoes) {
  InstrumentLife life = life_with(1.0);
  std::int64_t now_ns = 0;
  for (const std::int64_t expected : {100, 200, 400}) {
    life.on_opened(now_ns);
    now_ns += 100 * kMs;
    life.on_lost(kGone, now_ns);
    EXPECT_EQ(life.state(), kLost);
    EXPECT_EQ(delay_ms(life, now_ns), expected);
    life.on_try();
    EXPECT_EQ(life.state(), kReopening);
  }
  life.on_opened(now_ns);
  now_ns += InstrumentLife::kSteadyNs;
  life.on_lost(kGone, now_ns);
  EXPECT_EQ(delay_ms(life, now_ns), 100) << "it streamed for long";
}

TEST(InstrumentRelease, EndsByItsTimeOrByAClaim) {
  InstrumentLife life = life_with(1.0);
  life.on_opened(0);
  life.release(milliseconds(2'000), 0);
  EXPECT_EQ(life.state(), kReleased);
  EXPECT_EQ(life.released_until_ns(), 2'000 * kMs);
  life.on_time(1'999 * kMs);
  life.on_arrived();
  EXPECT_EQ(delay_ms(life, 0), -1) << "never while it is released";
  life.on_time(2'000 * kMs);
  EXPECT_EQ(life.state(), kOpening);
  EXPECT_TRUE(life.should_open(2'000 * kMs));
  EXPECT_FALSE(life.released_until_ns());

  life.release(std::nullopt, 0);
  life.on_time(INT64_MAX);
  EXPECT_EQ(life.state(), kReleased) << "without a time only a claim ends it";
  life.claim();
  EXPECT_EQ(life.state(), kOpening);
}

TEST(InstrumentRelease, IsNotUndoneByAStop) {
  InstrumentLife life = life_with(1.0);
  life.release(std::nullopt, 0);
  life.stop();
  life.claim();
  EXPECT_EQ(life.state(), kStopped);
  EXPECT_FALSE(life.should_open(0));
}

}  // namespace
}  // namespace agent
