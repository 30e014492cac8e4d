// SPDX-License-Identifier: Apache-2.0
// The drivers of both models over a bus that babbles, answers late, gives nothing, or shows the
// instrument as something else for a while: each is told with the instrument's name, and over when
// the bus is good again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "drivers/js110_device.h"
#include "drivers/js220_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/faulty_bus.h"
#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_errc.h"
#include "tests/drivers/driver_of_model.h"
#include "tests/drivers/recording_sink.h"

namespace drivers {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMs = 1'000'000;

class DriverOnAFaultyBus : public ::testing::TestWithParam<const char*> {
 protected:
  DriverOnAFaultyBus() {
    if (id_.model == "js110") {
      add(std::make_unique<Js110Device>(*source_, Js110DeviceOptions{.serial = id_.serial}));
    } else {
      add(std::make_unique<Js220Device>(*source_, clock_,
                                        Js220DeviceOptions{.serial = id_.serial}));
    }
    bus_ = std::make_unique<FaultyBus>(*device_, 0x10B9);
    driver_ = driver_of_model(id_, std::make_unique<LoopbackPort>(*bus_, clock_), clock_);
  }
  // As the emulator does with a line of an operator.
  void inject(const std::string& text) {
    const auto fault = parse_bus_fault(text);
    ASSERT_TRUE(fault.has_value()) << text;
    if (const auto away_ns = FaultyBus::away_ns(*fault); away_ns > 0) {
      command_("replug " + std::to_string(away_ns / kMs) + "ms");
    }
    bus_->inject(*fault, clock_.monotonic_ns());
  }
  void open() {
    const auto opened = driver_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
  }
  proto::Error open_error() {
    const auto opened = driver_->open();
    EXPECT_FALSE(opened.has_value());
    return opened ? proto::Error{} : opened.error();
  }
  proto::Result<void> run(std::int64_t ms) {
    const std::int64_t end_ns = clock_.monotonic_ns() + ms * kMs;
    while (clock_.monotonic_ns() < end_ns) {
      if (auto polled = driver_->poll(20, sink_); !polled) return polled;
    }
    return {};
  }
  // What ends the stream within that time.
  proto::Error lost_within(std::int64_t ms) {
    const auto ran = run(ms);
    EXPECT_FALSE(ran.has_value());
    driver_->close();
    return ran ? proto::Error{} : ran.error();
  }
  void expect_good_stream(std::size_t segments) {
    const std::uint64_t before = sink_.values();
    ASSERT_TRUE(run(500).has_value());
    driver_->flush(sink_);
    EXPECT_GT(sink_.values(), before + 400'000);
    EXPECT_EQ(sink_.segments.size(), segments);
    EXPECT_TRUE(sink_.float_gaps.empty());
  }

  const proto::InstrumentId id_{GetParam(), "001234"};
  VirtualClock clock_{1'790'000'000'000'000'000, 1'000'000'000};
  std::unique_ptr<SampleSource> source_ = std::move(*make_source({}));
  std::unique_ptr<UsbDevice> device_;
  std::unique_ptr<FaultyBus> bus_;
  std::unique_ptr<InstrumentDriver> driver_;
  RecordingSink sink_;

 private:
  template <class Device>
  void add(std::unique_ptr<Device> made) {
    command_ = [this, &device = *made](const std::string& text) {
      ASSERT_TRUE(device.command(text, clock_.monotonic_ns()).has_value()) << text;
    };
    device_ = std::move(made);
  }
  std::function<void(const std::string&)> command_;
};

TEST_P(DriverOnAFaultyBus, ABabblingTransferCostsNothingAndAStormOfThemTheConnection) {
  open();
  ASSERT_TRUE(run(300).has_value());
  inject("babble 3");
  expect_good_stream(1);
  inject("babble 1000");
  const auto lost = lost_within(1000);
  EXPECT_THAT(lost.message(), HasSubstr(id_.to_string()));
  EXPECT_THAT(lost.message(), HasSubstr("20 transfers in a row failed: unplug it"));
  EXPECT_EQ(lost.code, UsbErrc::kOverflow);
  bus_->heal(clock_.monotonic_ns());
  open();
  expect_good_stream(2);
}

TEST_P(DriverOnAFaultyBus, AnAnswerThatIsLateIsWaitedForAndOneThatIsTooLateIsTold) {
  inject("slow-control 300ms 2");
  const std::int64_t before_ns = clock_.monotonic_ns();
  open();
  EXPECT_GE(clock_.monotonic_ns() - before_ns, 600 * kMs);
  expect_good_stream(1);
  driver_->close();
  // What goes first is not waited for: an earlier program's end. What must be answered is.
  inject("slow-control 2s 3");
  const auto error = open_error();
  EXPECT_EQ(error.code, UsbErrc::kTimeout);
  EXPECT_THAT(error.message(), HasSubstr(id_.to_string()));
  bus_->heal(clock_.monotonic_ns());
  open();
  expect_good_stream(2);
}

TEST_P(DriverOnAFaultyBus, WhatComesBackAsSomethingElseIsGoneAndThenNotOpened) {
  std::size_t segments = 0;
  for (const char* text : {"updater 5s", "no-endpoint 5s"}) {
    SCOPED_TRACE(text);
    open();
    expect_good_stream(++segments);
    inject(text);
    const auto lost = lost_within(1000);
    EXPECT_EQ(lost.code, UsbErrc::kNoDevice);
    EXPECT_THAT(lost.message(), HasSubstr(id_.to_string() + " is gone: check its cable"));
    EXPECT_EQ(open_error().code, UsbErrc::kNoDevice);
    clock_.advance(FaultyBus::kAwayNs);
    const auto refused = open_error();
    EXPECT_EQ(refused.code, UsbErrc::kStall) << refused.message();
    EXPECT_THAT(refused.message(), HasSubstr(id_.to_string()));
    clock_.advance(5'000 * kMs + FaultyBus::kAwayNs);
  }
  open();
  expect_good_stream(segments + 1);
}

TEST_P(DriverOnAFaultyBus, ABusThatIsStuckIsSilentAndThenDoesNotAnswer) {
  open();
  expect_good_stream(1);
  inject("stuck 20s");
  const auto lost = lost_within(5'000);
  EXPECT_EQ(lost.code, UsbErrc::kTimeout);
  EXPECT_THAT(lost.message(), HasSubstr(id_.to_string() + " sent no "));
  EXPECT_THAT(lost.message(), HasSubstr("for 2 s"));
  const auto error = open_error();
  EXPECT_EQ(error.code, UsbErrc::kTimeout);
  EXPECT_THAT(error.message(), HasSubstr(id_.to_string()));
  clock_.advance(20'000 * kMs);
  open();
  expect_good_stream(2);
}

INSTANTIATE_TEST_SUITE_P(Models, DriverOnAFaultyBus, ::testing::Values("js220", "js110"));

}  // namespace
}  // namespace drivers
