// SPDX-License-Identifier: Apache-2.0
// Whatever an instrument answers to requests (settings, status, inputs, serial, information,
// calibration), the driver opens or says why not, and what it hands over keeps its promises. The
// answers are an emulated instrument's, spoiled by the input.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "drivers/js110.h"
#include "drivers/js110_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_errc.h"
#include "proto/check.h"
#include "tests/fuzz/contract_sink.h"

namespace drivers {
namespace {

constexpr int kPollMs = 10;
constexpr int kPolls = 3;

// An instrument whose answers are not its own.
class SpoilingPort final : public UsbPort {
 public:
  SpoilingPort(UsbDevice& device, VirtualClock& clock, Input& input)
      : clock_(clock), port_(device, clock), input_(input) {}

  proto::Result<void> open() override { return port_.open(); }
  proto::Result<std::size_t> control_in(const ControlSetup& setup, std::span<std::byte> data,
                                        int timeout_ms) override {
    auto size = port_.control_in(setup, data, timeout_ms);
    if (!size || input_.empty()) return size;
    return spoil(data, *size, timeout_ms);
  }
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  int timeout_ms) override {
    return port_.control_out(setup, data, timeout_ms);
  }
  proto::Result<void> clear_halt(std::uint8_t endpoint) override {
    return port_.clear_halt(endpoint);
  }
  proto::Result<void> bulk_out(std::uint8_t endpoint, std::span<const std::byte> data,
                               int timeout_ms) override {
    return port_.bulk_out(endpoint, data, timeout_ms);
  }
  proto::Result<void> start_bulk_in(std::uint8_t endpoint) override {
    return port_.start_bulk_in(endpoint);
  }
  proto::Result<Loan> wait_bulk_in(int timeout_ms) override {
    return port_.wait_bulk_in(timeout_ms);
  }
  void return_loan(const Loan& loan) override { port_.return_loan(loan); }
  void close() override { port_.close(); }
  void cancel() override { port_.cancel(); }

 private:
  proto::Result<std::size_t> spoil(std::span<std::byte> data, std::size_t size, int timeout_ms) {
    switch (input_.take<std::uint8_t>() % 8) {
      case 0:  // a few bits
        for (int flips = input_.take<std::uint8_t>() % 4; flips >= 0 && size > 0; --flips) {
          data[input_.take<std::uint16_t>() % size] ^= input_.take<std::byte>();
        }
        return size;
      case 1:  // other bytes
        std::ranges::copy(std::as_bytes(input_.take_bytes(size)), data.begin());
        return size;
      case 2:  // too few
        return input_.take<std::uint16_t>() % (size + 1);
      case 3:
        return proto::fail(UsbErrc::kStall, "answer");
      case 4:
        clock_.advance(timeout_ms * 1'000'000LL);
        return proto::fail(UsbErrc::kTimeout, "answer");
      default:
        return size;
    }
  }

  VirtualClock& clock_;
  LoopbackPort port_;
  Input& input_;
};

void drive(Input input, const SampleSource& source) {
  VirtualClock clock(1'750'000'000'000'000'000, 1'000'000'000);
  Js110Device device(source, {.serial = "000110"});
  Js110Options options{.serial = "000110"};
  options.keep_words = (input.take<std::uint8_t>() & 1) != 0;
  Js110Driver driver(std::move(options), std::make_unique<SpoilingPort>(device, clock, input),
                     clock);
  ContractSink sink(1);
  for (int round = 0; round < 2; ++round) {
    const auto opened = driver.open();
    if (!opened) {
      WS_CHECK(!opened.error().message().empty());
      driver.close();
      continue;
    }
    WS_CHECK(opened->id.serial == "000110");
    for (int poll = 0; poll < kPolls && driver.poll(kPollMs, sink); ++poll) {
    }
    driver.flush(sink);
    driver.close();
  }
}

}  // namespace
}  // namespace drivers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto source = std::move(*drivers::make_source({.load = "mcu"}));
  drivers::drive(drivers::Input(std::span(data, size)), *source);
  return 0;
}
