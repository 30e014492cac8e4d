// SPDX-License-Identifier: Apache-2.0
// What a driver made of an instrument once, it makes of the capture of it: the same Blocks and
// Gaps, at the same times. A capture is a stranger's file: what is wrong with it is said.
#include <bit>
#include <fstream>

#include "drivers/usb/capture_device.h"
#include "drivers/usb/recording_port.h"
#include "tests/drivers/driver_bench.h"

namespace drivers {
namespace {

using testing::Test;

struct Recorded {
  std::vector<std::byte> file;
  RecordingSink sink;
};

constexpr std::int64_t kStartUtcNs = DriverBench::kStartUtcNs;
constexpr std::int64_t kStartNs = 1'000'000'000;

void poll_until(InstrumentDriver& driver, const proto::Clock& clock, std::int64_t end_ns,
                DriverSink& sink) {
  while (clock.monotonic_ns() < end_ns) {
    const auto polled = driver.poll(20, sink);
    ASSERT_TRUE(polled.has_value()) << polled.error().message();
  }
}

// A JS220 that loses and repeats frames, recorded for 300 ms.
Recorded record() {
  Recorded recorded;
  VirtualClock clock(kStartUtcNs, kStartNs);
  const auto source = make_edge_source(7);
  Js220Device device(*source, clock);
  recorded.file = pack_capture_head({"js220", "001234"}, clock.utc_ns());
  auto port = std::make_unique<RecordingPort>(
      std::make_unique<LoopbackPort>(device, clock), clock, [&](const Exchange& exchange) {
        const auto bytes = pack_exchange(exchange);
        recorded.file.insert(recorded.file.end(), bytes.begin(), bytes.end());
      });
  Js220Driver driver({.serial = "001234"}, std::move(port), clock);
  const auto info = driver.open();
  EXPECT_TRUE(info.has_value());
  poll_until(driver, clock, kStartNs + 100'000'000, recorded.sink);
  EXPECT_TRUE(device.command("lose 21 3", clock.monotonic_ns()).has_value());
  EXPECT_TRUE(device.command("repeat 22 1", clock.monotonic_ns()).has_value());
  poll_until(driver, clock, kStartNs + 300'000'000, recorded.sink);
  driver.flush(recorded.sink);
  driver.close();
  return recorded;
}

void play(const Capture& capture, RecordingSink& sink) {
  VirtualClock clock(capture.start_utc_ns, kStartNs);
  CaptureDevice device(capture);
  Js220Driver driver({.serial = "001234"}, std::make_unique<LoopbackPort>(device, clock), clock);
  const auto info = driver.open();
  ASSERT_TRUE(info.has_value()) << info.error().message();
  while (!device.is_over()) {
    const auto polled = driver.poll(20, sink);
    if (!polled) break;
  }
  driver.flush(sink);
  driver.close();
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::ranges::equal(a, b, {}, std::bit_cast<std::uint32_t, float>,
                            std::bit_cast<std::uint32_t, float>);
}

// All values of a run in one row: where a Block ends is a matter of time.
std::vector<float> currents(const RecordingSink& sink) {
  std::vector<float> all;
  for (const proto::Block& block : sink.blocks) {
    all.insert(all.end(), block.current.values.begin(), block.current.values.end());
  }
  return all;
}

TEST(CaptureReplays, TheSameBlocksAndGapsAtTheSameTimes) {
  const Recorded recorded = record();
  const auto capture = parse_capture(recorded.file);
  ASSERT_TRUE(capture.has_value()) << capture.error().message();
  EXPECT_EQ(capture->instrument.to_string(), "js220/001234");
  EXPECT_FALSE(capture->cut);
  ASSERT_EQ(recorded.sink.float_gaps.size(), 1u);

  RecordingSink played;
  play(*capture, played);
  ASSERT_EQ(played.segments.size(), recorded.sink.segments.size());
  EXPECT_EQ(played.segments[0].first_id, recorded.sink.segments[0].first_id);
  ASSERT_EQ(played.float_gaps.size(), 1u);
  EXPECT_EQ(played.float_gaps[0].ids, recorded.sink.float_gaps[0].ids);
  EXPECT_EQ(played.position(), recorded.sink.position());
  EXPECT_TRUE(same_bits(currents(played), currents(recorded.sink)));
  ASSERT_FALSE(played.blocks.empty());
  const proto::Block& last = played.blocks.back();
  const proto::Block& original = recorded.sink.blocks.back();
  EXPECT_EQ(last.time.utc_ns(last.end_id()), original.time.utc_ns(original.end_id()));
}

// Another program, that is: a driver that opens again numbers its pings on, and the answers in the
// capture have the numbers of the first opening.
TEST(CaptureReplays, AnewForWhoeverComesNext) {
  const Recorded recorded = record();
  const auto capture = parse_capture(recorded.file);
  ASSERT_TRUE(capture.has_value());
  VirtualClock clock(kStartUtcNs, kStartNs);
  CaptureDevice device(*capture);
  for (int life = 1; life <= 3; ++life) {
    Js220Driver driver({.serial = "001234"}, std::make_unique<LoopbackPort>(device, clock), clock);
    RecordingSink sink;
    const auto info = driver.open();
    ASSERT_TRUE(info.has_value()) << life << ": " << info.error().message();
    while (driver.poll(20, sink)) {
    }
    driver.close();
    EXPECT_GT(sink.values(), 200'000u) << life;
  }
}

TEST(CaptureReplays, WhatIsWholeOfAFileThatWasCut) {
  const Recorded recorded = record();
  const auto whole = parse_capture(recorded.file);
  for (const std::size_t bytes : {40UL, 1000UL, recorded.file.size() - 1}) {
    const auto part = parse_capture(std::span(recorded.file).first(bytes));
    ASSERT_TRUE(part.has_value()) << bytes;
    EXPECT_TRUE(part->cut);
    EXPECT_LT(part->exchanges.size(), whole->exchanges.size());
    EXPECT_TRUE(
        std::equal(part->exchanges.begin(), part->exchanges.end(), whole->exchanges.begin()));
  }
}

TEST(CaptureReplays, AStrangersFileIsRefusedInWords) {
  const std::vector<std::byte> good = record().file;
  const auto refusal = [&](std::size_t at, int value) {
    auto bad = good;
    bad.resize(200);
    bad[at] = static_cast<std::byte>(value);
    const auto parsed = parse_capture(bad);
    return parsed ? std::string() : parsed.error().message();
  };
  const std::size_t head = 24 + 5 + 6;
  EXPECT_NE(refusal(0, 'X').find("does not begin with WSUSBCAP"), std::string::npos);
  EXPECT_NE(refusal(8, 2).find("version is 2, this program knows 1"), std::string::npos);
  EXPECT_NE(refusal(11, 0xFF).find("head is cut off"), std::string::npos);
  EXPECT_NE(refusal(head, 9).find("exchange at byte 35"), std::string::npos);
  EXPECT_NE(refusal(head + 7, 0x7F).find("exchange at byte 35"), std::string::npos) << "size";
  EXPECT_NE(refusal(head + 15, 0x80).find("exchange at byte 35"), std::string::npos) << "time";
  EXPECT_FALSE(parse_capture({}).has_value());
}

}  // namespace
}  // namespace drivers
