// SPDX-License-Identifier: Apache-2.0
// The driver and the emulated instrument joined by a LoopbackPort on a virtual clock.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <string>
#include <utility>

#include "drivers/js220.h"
#include "drivers/js220_device.h"
#include "drivers/signal/sample_source.h"
#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_errc.h"
#include "tests/drivers/recording_sink.h"

namespace drivers {

class DriverBench {
 public:
  static constexpr std::int64_t kMs = 1'000'000;
  static constexpr std::int64_t kStartUtcNs = 1'790'000'000'000'000'000;

  explicit DriverBench(const Js220DeviceOptions& device_options = {}, Js220Options options = {})
      : clock(kStartUtcNs, 1'000'000'000),
        source(make_edge_source(7)),
        device(*source, clock, device_options) {
    options.serial = "001234";
    driver = std::make_unique<Js220Driver>(std::move(options),
                                           std::make_unique<LoopbackPort>(device, clock), clock);
  }

  void fault(const std::string& text) {
    const auto answer = device.command(text, clock.monotonic_ns());
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
  }
  void open() {
    const auto info = driver->open();
    ASSERT_TRUE(info.has_value()) << info.error().message();
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

  // Each value that was handed over is the one that the source makes for its id.
  void expect_truth() const {
    Chunk chunk;
    std::uint64_t in_chunk = ~0ull;
    for (const proto::Block& block : sink.blocks) {
      for (std::size_t i = 0; i < block.current.values.size(); ++i) {
        const std::uint64_t value = block.first_id.value() / kIdsPerValue + i;
        if (value / kChunkValues != in_chunk) {
          in_chunk = value / kChunkValues;
          source->fill(in_chunk, RangeLimits{}, chunk);
        }
        ASSERT_EQ(std::bit_cast<std::uint32_t>(block.current.values[i]),
                  std::bit_cast<std::uint32_t>(chunk.current[value % kChunkValues]));
        ASSERT_EQ(std::bit_cast<std::uint32_t>(block.voltage.values[i]),
                  std::bit_cast<std::uint32_t>(chunk.voltage[value % kChunkValues]));
      }
      expect_codes(block);
    }
  }

  VirtualClock clock;
  std::unique_ptr<SampleSource> source;
  Js220Device device;
  std::unique_ptr<Js220Driver> driver;
  RecordingSink sink;

 private:
  // Of the default signals: current_range, then gpi0.
  void expect_codes(const proto::Block& block) const {
    Chunk chunk;
    std::uint64_t in_chunk = ~0ull;
    for (const proto::CodeColumn& column : block.codes) {
      std::uint64_t id = block.first_id.value();
      for (const proto::CodeRun& run : column.runs) {
        for (const std::uint64_t end = id + run.run_length; id < end; ++id) {
          if (run.code == proto::kMissingCode) continue;
          if (id / kChunkIds != in_chunk) {
            in_chunk = id / kChunkIds;
            source->fill(in_chunk, RangeLimits{}, chunk);
          }
          const std::size_t cell = id % kChunkIds / kCellIds;
          const std::uint32_t truth =
              column.signal_index == 2 ? chunk.range[cell] : chunk.inputs[cell] & 1u;
          ASSERT_EQ(run.code, truth) << "id " << id;
        }
      }
    }
  }
};

}  // namespace drivers
