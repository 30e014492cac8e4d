// SPDX-License-Identifier: Apache-2.0
// The driver and the emulated JS110 joined by a LoopbackPort on a virtual clock.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <string>
#include <utility>

#include "drivers/js110.h"
#include "drivers/js110_device.h"
#include "drivers/js110_samples.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_errc.h"
#include "tests/drivers/recording_sink.h"

namespace drivers {

class Js110Bench {
 public:
  static constexpr std::int64_t kMs = 1'000'000;
  static constexpr std::int64_t kStartUtcNs = 1'790'000'000'000'000'000;

  explicit Js110Bench(Js110Options options = {}, const SourceSpec& spec = {})
      : clock(kStartUtcNs, 1'000'000'000),
        source(std::move(*make_source(spec))),
        device(*source, {.serial = "001234"}) {
    options.serial = "001234";
    make_driver(std::move(options));
  }
  // Another program's driver, or this one's next life: the instrument stays as it is.
  void make_driver(Js110Options options) {
    driver = std::make_unique<Js110Driver>(std::move(options),
                                           std::make_unique<LoopbackPort>(device, clock), clock);
  }

  void fault(const std::string& text) {
    const auto answer = device.command(text, clock.monotonic_ns());
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
  }
  proto::DeviceInfo open() {
    const auto info = driver->open();
    EXPECT_TRUE(info.has_value()) << info.error().message();
    return info.value_or(proto::DeviceInfo{});
  }
  // What open() says when it must fail.
  proto::Error open_error() {
    const auto info = driver->open();
    EXPECT_FALSE(info.has_value());
    return info ? proto::Error{} : info.error();
  }
  // Polls for that long, as the daemon does; the first error ends it.
  proto::Result<void> run(std::int64_t ms) {
    const std::int64_t end_ns = clock.monotonic_ns() + ms * kMs;
    while (clock.monotonic_ns() < end_ns) {
      auto polled = driver->poll(20, sink);
      if (!polled) return polled;
    }
    return {};
  }

  // Each value that was handed over is that of the word of its id.
  void expect_truth(const js110::WordSettings& settings = {}) const {
    const js110::Calibration calibration = js110::emulated_calibration("001234");
    js110::WordMaker maker(*source, calibration);
    js110::PacketWordArray words;
    js110::Samples samples;
    std::uint64_t in_packet = ~0ull;
    for (const proto::Block& block : sink.blocks) {
      auto run = block.codes[0].runs.begin();
      std::uint64_t run_end = block.first_id.value() + run->run_length;
      for (std::size_t i = 0; i < block.current.values.size(); ++i) {
        const std::uint64_t id = block.first_id.value() + i;
        if (id / js110::kPacketWords != in_packet) {
          in_packet = id / js110::kPacketWords;
          maker.fill(in_packet, settings, words);
          js110::convert(std::as_bytes(std::span(words)), calibration, settings.voltage_range,
                         samples);
        }
        if (id == run_end) run_end += (++run)->run_length;
        const std::size_t at = id % js110::kPacketWords;
        if (run->code == js110::kRangeMissing) continue;
        ASSERT_EQ(run->code, samples.range[at]) << "id " << id;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(block.current.values[i]),
                  std::bit_cast<std::uint32_t>(samples.current[at]))
            << "id " << id;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(block.voltage.values[i]),
                  std::bit_cast<std::uint32_t>(samples.voltage[at]));
      }
    }
  }

  VirtualClock clock;
  std::unique_ptr<SampleSource> source;
  Js110Device device;
  std::unique_ptr<Js110Driver> driver;
  RecordingSink sink;
};

}  // namespace drivers
