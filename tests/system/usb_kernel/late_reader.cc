// SPDX-License-Identifier: Apache-2.0
// In the guest: reads an instrument, then not at all for a while, then goes on: what comes
// meanwhile must wait in the port. Usage: late_reader INSTRUMENT MILLISECONDS. Says what it found
// in one line; ends with 0 when nothing was lost.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "drivers/usb/libusb_bus.h"
#include "tests/drivers/driver_of_model.h"

namespace {

constexpr std::int64_t kReadNs = 2'000'000'000;
constexpr int kPollMs = 20;

class Counter final : public drivers::DriverSink {
 public:
  void on_segment(const drivers::SegmentStart& /*start*/) override {}
  void on_block(const proto::Block& block) override { values += block.current.values.size(); }
  void on_gap(const proto::Gap& /*gap*/) override { ++gaps; }

  std::uint64_t values = 0;
  std::uint64_t gaps = 0;
};

proto::Result<void> read(drivers::InstrumentDriver& driver, const proto::Clock& clock,
                         Counter& counter) {
  const std::int64_t end_ns = clock.monotonic_ns() + kReadNs;
  while (clock.monotonic_ns() < end_ns) {
    if (auto polled = driver.poll(kPollMs, counter); !polled) return polled;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string name = argv[1];
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return 2;
  const proto::InstrumentId id{name.substr(0, slash), name.substr(slash + 1)};
  const std::chrono::milliseconds pause(std::atoi(argv[2]));
  const proto::SystemClock clock;
  drivers::LibusbBus bus(clock);
  const auto driver = drivers::driver_of_model(id, bus.make_port(id), clock);
  Counter counter;
  const auto told = [](const proto::Error& error) {
    std::printf("late_reader: %s\n", error.message().c_str());
    return 1;
  };
  if (const auto opened = driver->open(); !opened) return told(opened.error());
  std::printf("late_reader: %s is open\n", argv[1]);
  std::fflush(stdout);
  if (const auto before = read(*driver, clock, counter); !before) return told(before.error());
  const std::uint64_t values_before = counter.values;
  const std::uint64_t gaps_before = counter.gaps;
  std::this_thread::sleep_for(pause);
  if (const auto after = read(*driver, clock, counter); !after) return told(after.error());
  driver->close();
  std::printf("late_reader: %s paused for %lld ms: %llu values before, %llu after, %llu gaps\n",
              argv[1], static_cast<long long>(pause.count()),
              static_cast<unsigned long long>(values_before),
              static_cast<unsigned long long>(counter.values - values_before),
              static_cast<unsigned long long>(counter.gaps - gaps_before));
  return counter.gaps == gaps_before ? 0 : 1;
}
