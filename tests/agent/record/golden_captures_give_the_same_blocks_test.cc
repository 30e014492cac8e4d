// SPDX-License-Identifier: Apache-2.0
// What was captured once of either model is read today as it was then: so many values, these sums,
// these bits.
#include <gtest/gtest.h>

#include "agent/record/capture_store.h"
#include "drivers/usb/capture_device.h"
#include "drivers/usb/loopback_port.h"
#include "proto/crc32c.h"
#include "proto/exact_sum.h"
#include "tests/drivers/driver_of_model.h"

namespace agent {
namespace {

class SummingSink final : public drivers::DriverSink {
 public:
  void on_segment(const drivers::SegmentStart&) override { ++segments; }
  void on_block(const proto::Block& block) override {
    sums.add(block.current.values, block.voltage.values);
    current_crc = proto::crc32c(std::as_bytes(std::span(block.current.values)), current_crc);
    voltage_crc = proto::crc32c(std::as_bytes(std::span(block.voltage.values)), voltage_crc);
  }
  void on_gap(const proto::Gap&) override { ++gaps; }

  int segments = 0;
  int gaps = 0;
  proto::ExactAccumulator sums;
  std::uint32_t current_crc = 0;
  std::uint32_t voltage_crc = 0;
};

struct Golden {
  const char* file;
  std::uint64_t values;
  const char* current_sum;  // exact, in ampere samples
  const char* power_sum;
  std::uint32_t current_crc;
  std::uint32_t voltage_crc;
};

class GoldenCapture : public testing::TestWithParam<Golden> {};

TEST_P(GoldenCapture, GivesTheSameBlocks) {
  const Golden& golden = GetParam();
  const auto capture = read_capture(std::string(WATTSPOOL_TEST_DATA) + "/captures/" + golden.file);
  ASSERT_TRUE(capture.has_value()) << capture.error().message();
  drivers::VirtualClock clock(capture->start_utc_ns, 1'000'000'000);
  drivers::CaptureDevice device(*capture);
  const auto driver = drivers::driver_of_model(
      capture->instrument, std::make_unique<drivers::LoopbackPort>(device, clock), clock);
  const auto info = driver->open();
  ASSERT_TRUE(info.has_value()) << info.error().message();
  SummingSink sink;
  while (driver->poll(20, sink)) {
  }
  driver->flush(sink);
  driver->close();
  EXPECT_EQ(sink.segments, 1);
  EXPECT_EQ(sink.gaps, 0);
  EXPECT_EQ(sink.sums.valid_count(), golden.values);
  EXPECT_EQ(sink.sums.sums().current.to_text(), golden.current_sum);
  EXPECT_EQ(sink.sums.sums().power.to_text(), golden.power_sum);
  EXPECT_EQ(sink.current_crc, golden.current_crc);
  EXPECT_EQ(sink.voltage_crc, golden.voltage_crc);
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenCapture,
                         testing::Values(Golden{"js220_square.wscap", 302400, "971dfp-6",
                                                "7ac853p-8", 2964564147, 3582607477},
                                         Golden{"js110_square.wscap", 604800, "4b8ecdae83adp-32",
                                                "3d63436ef44d98faf5p-54", 3758154178, 2311718223}),
                         [](const auto& one) { return std::string(one.param.file).substr(0, 5); });

}  // namespace
}  // namespace agent
