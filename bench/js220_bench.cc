// SPDX-License-Identifier: Apache-2.0
// What one JS220 at 1 MSPS costs the driver, from transfers to Blocks: processor time and calls of
// the heap. The emulated instrument is in the same thread; its work is not counted.
#include <memory>
#include <new>

#include "bench/driver_meters.h"
#include "bench/scratch_dir.h"
#include "bench/table.h"
#include "drivers/js220.h"
#include "drivers/js220_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/loopback_port.h"

namespace {

using bench::require;

constexpr std::int64_t kWarmUpNs = 2'000'000'000;
constexpr std::int64_t kMeasuredNs = 20'000'000'000;

bool counting = false;
std::uint64_t allocations = 0;

double thread_seconds() { return bench::cpu_seconds(CLOCK_THREAD_CPUTIME_ID); }

// Time and allocations of whoever is above the port, and of nobody below it.
class MeteredPort final : public drivers::UsbPort {
 public:
  explicit MeteredPort(std::unique_ptr<drivers::UsbPort> below) : below_(std::move(below)) {}

  proto::Result<void> open() override { return below_->open(); }
  proto::Result<std::size_t> control_in(const drivers::ControlSetup& setup,
                                        std::span<std::byte> data, int timeout_ms) override {
    return below_->control_in(setup, data, timeout_ms);
  }
  proto::Result<void> control_out(const drivers::ControlSetup& setup,
                                  std::span<const std::byte> data, int timeout_ms) override {
    return below_->control_out(setup, data, timeout_ms);
  }
  proto::Result<void> clear_halt(std::uint8_t endpoint) override {
    return below_->clear_halt(endpoint);
  }
  proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                               int timeout_ms) override {
    const Pause pause(*this);
    return below_->bulk_out(endpoint, data, timeout_ms);
  }
  proto::Result<void> start_bulk_in(std::uint8_t endpoint) override {
    return below_->start_bulk_in(endpoint);
  }
  proto::Result<drivers::Loan> wait_bulk_in(int timeout_ms) override {
    const Pause pause(*this);
    return below_->wait_bulk_in(timeout_ms);
  }
  void return_loan(const drivers::Loan& loan) override { below_->return_loan(loan); }
  void close() override { below_->close(); }
  void cancel() override { below_->cancel(); }

  void start() {
    seconds_ = 0;
    allocations = 0;
    counting = true;
    since_s_ = thread_seconds();
  }
  double stop() {
    counting = false;
    return seconds_ + thread_seconds() - since_s_;
  }

 private:
  class Pause {
   public:
    explicit Pause(MeteredPort& port) : port_(port), was_counting_(counting) {
      counting = false;
      port_.seconds_ += thread_seconds() - port_.since_s_;
    }
    ~Pause() {
      port_.since_s_ = thread_seconds();
      counting = was_counting_;
    }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    MeteredPort& port_;
    const bool was_counting_;
  };

  const std::unique_ptr<drivers::UsbPort> below_;
  double since_s_ = 0;
  double seconds_ = 0;
};

struct Cost {
  double core_percent = 0;
  double allocations_per_s = 0;
};

Cost measure(const std::string& load) {
  drivers::VirtualClock clock(1'790'000'000'000'000'000, 1'000'000'000);
  drivers::SourceSpec spec;
  spec.load = load;
  const auto source = drivers::make_source(spec);
  require(source.has_value(), "no load " + load);
  drivers::Js220Device device(**source, clock);
  auto metered =
      std::make_unique<MeteredPort>(std::make_unique<drivers::LoopbackPort>(device, clock));
  MeteredPort& port = *metered;
  drivers::Js220Driver driver({.serial = "000001"}, std::move(metered), clock);
  bench::CountingSink sink;
  require(driver.open().has_value(), "open the emulated instrument");
  const auto poll_for = [&](std::int64_t ns) {
    for (const std::int64_t end_ns = clock.monotonic_ns() + ns; clock.monotonic_ns() < end_ns;) {
      // The text of a require() would be an allocation.
      if (!driver.poll(20, sink)) require(false, "poll the emulated instrument");
    }
  };
  poll_for(kWarmUpNs);
  const std::uint64_t values_before = sink.values;
  port.start();
  poll_for(kMeasuredNs);
  const double used_s = port.stop();
  const double measured_s = static_cast<double>(sink.values - values_before) / 1e6;
  require(measured_s > 19 && sink.gaps == 0, "samples are missing");
  return {.core_percent = used_s / measured_s * 100,
          .allocations_per_s = static_cast<double>(allocations) / measured_s};
}

}  // namespace

// Inlined, g++ 12 takes the two for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counting) ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main(int argc, char** argv) {
  bench::Table table("JS220", argc, argv);
  const Cost cost = measure("ble");
  table.add({.figure = "JS220 transfers -> Blocks at 1 MSPS, BLE load",
             .value = cost.core_percent,
             .unit = "% core",
             .ratio = {},
             .must = bench::at_most(1.5),
             .aim = bench::at_most(0.5)});
  table.add({.figure = "  calls of the heap meanwhile",
             .value = cost.allocations_per_s,
             .unit = "1/s",
             .ratio = {},
             .must = bench::at_most(0),
             .aim = bench::at_most(0)});
  return table.finish();
}
