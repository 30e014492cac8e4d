// SPDX-License-Identifier: Apache-2.0
// An instrument that comes and goes at any time: in the midst of streaming, of opening, of closing.
// It is always the same instrument, each life is a segment of its own, and memory does not grow.
#include <gtest/gtest.h>
#include <malloc.h>

#include <filesystem>
#include <iterator>
#include <random>

#include "drivers/js110.h"
#include "drivers/js110_device.h"
#include "drivers/js220.h"
#include "drivers/js220_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_errc.h"
#include "tests/under_sanitizer.h"

namespace drivers {
namespace {

constexpr std::int64_t kMs = 1'000'000;

int how_many_cycles() {
  return wattspool_test::kUnderSanitizer && !wattspool_test::all_is_asked_for() ? 100 : 1000;
}

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

// Keeps counts only: the test looks at memory.
class CountingSink final : public DriverSink {
 public:
  void on_segment(const SegmentStart& start) override {
    EXPECT_EQ(start.segment.value(), segments + 1);
    segments = start.segment.value();
    position = start.first_id;
  }
  void on_block(const proto::Block& block) override {
    EXPECT_EQ(block.first_id, position) << "ids missing without a Gap";
    EXPECT_EQ(block.segment.value(), segments);
    position = block.end_id();
    values += block.current.values.size();
  }
  void on_gap(const proto::Gap& gap) override {
    if (gap.signals.size() == 1) return;
    EXPECT_EQ(gap.ids->first, position);
    position = gap.ids->last.next();
  }
  std::uint32_t segments = 0;
  std::uint64_t values = 0;
  proto::SampleId position;
};

// Goes away after so many more calls, or when it is told to.
template <class Device>
class Unplugger final : public UsbDevice {
 public:
  Unplugger(Device& device, VirtualClock& clock) : device_(device), clock_(clock) {}
  UsbDescriptors descriptors() const override { return device_.descriptors(); }
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                   std::int64_t now_ns) override {
    count();
    return device_.control_in(setup, now_ns);
  }
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  std::int64_t now_ns) override {
    count();
    return device_.control_out(setup, data, now_ns);
  }
  proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t now_ns) override {
    count();
    return device_.bulk_out(data, now_ns);
  }
  proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer, std::int64_t now_ns) override {
    count();
    return device_.bulk_in(transfer, now_ns);
  }
  std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const override {
    return device_.next_due_ns(now_ns);
  }
  void unplug_after(int calls, std::string how) {
    calls_ = calls;
    how_ = std::move(how);
  }

 private:
  void count() {
    if (calls_ < 0 || calls_-- > 0) return;
    ASSERT_TRUE(device_.command(how_, clock_.monotonic_ns()).has_value());
  }
  Device& device_;
  VirtualClock& clock_;
  int calls_ = -1;
  std::string how_;
};

template <class Driver, class Device, class Options>
void replug_again_and_again(Device& device, VirtualClock& clock, Options options,
                            const std::string& identity) {
  options.serial = "001234";
  Unplugger<Device> cable(device, clock);
  Driver driver(std::move(options), std::make_unique<LoopbackPort>(cable, clock), clock);
  CountingSink sink;
  std::mt19937 random(20'261'126);
  const auto up_to = [&random](int limit) {
    return std::uniform_int_distribution<int>(0, limit)(random);
  };
  const int cycles = how_many_cycles();
  std::ptrdiff_t descriptors = 0;
  std::ptrdiff_t threads = 0;
  int lives = 0;
  std::size_t bytes_in_use = 0;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    cable.unplug_after(
        up_to(60), (up_to(1) == 0 ? "replug " : "disconnect ") + std::to_string(up_to(300)) + "ms");
    const auto info = driver.open();
    if (info) {
      EXPECT_EQ(info->id.to_string(), identity);
      EXPECT_GE(info->signals.size(), 3u);
      const std::int64_t end_ns = clock.monotonic_ns() + up_to(400) * kMs;
      proto::Result<void> polled;
      while (polled && clock.monotonic_ns() < end_ns) polled = driver.poll(20, sink);
      if (!polled) {
        EXPECT_EQ(polled.error().code, UsbErrc::kNoDevice) << polled.error().message();
        ++lives;
      }
      driver.flush(sink);
    } else {
      EXPECT_EQ(info.error().code, UsbErrc::kNoDevice) << info.error().message();
    }
    driver.close();
    clock.advance((300 + up_to(700)) * kMs);
    if (cycle != cycles / 2) continue;
    bytes_in_use = mallinfo2().uordblks;
    descriptors = entries("/proc/self/fd");
    threads = entries("/proc/self/task");
  }
  EXPECT_GT(lives, cycles / 10) << "few were unplugged while they streamed";
  EXPECT_GT(sink.segments, static_cast<std::uint32_t>(cycles / 10));
  EXPECT_GT(sink.values, 0u);
  if (!wattspool_test::kUnderSanitizer) {
    EXPECT_LE(mallinfo2().uordblks, bytes_in_use + (std::size_t{64} << 10)) << "memory grows";
  }
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(entries("/proc/self/task"), threads);
  // After all that it works as on the first day.
  cable.unplug_after(-1, "");
  const auto info = driver.open();
  ASSERT_TRUE(info.has_value()) << info.error().message();
  const std::uint64_t before = sink.values;
  const std::int64_t end_ns = clock.monotonic_ns() + 1000 * kMs;
  while (clock.monotonic_ns() < end_ns) ASSERT_TRUE(driver.poll(20, sink).has_value());
  EXPECT_GT(sink.values, before + 900'000);
}

TEST(Replug, AJs110IsAlwaysTheSame) {
  VirtualClock clock(1'790'000'000'000'000'000, 1'000'000'000);
  const auto source = std::move(*make_source({.load = "constant"}));
  Js110Device device(*source, {.serial = "001234"});
  replug_again_and_again<Js110Driver>(device, clock, Js110Options{}, "js110/001234");
}

TEST(Replug, AJs220IsAlwaysTheSame) {
  VirtualClock clock(1'790'000'000'000'000'000, 1'000'000'000);
  const auto source = std::move(*make_source({.load = "constant"}));
  Js220Device device(*source, clock, {.serial = "001234"});
  replug_again_and_again<Js220Driver>(device, clock, Js220Options{}, "js220/001234");
}

}  // namespace
}  // namespace drivers
