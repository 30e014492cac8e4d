// SPDX-License-Identifier: Apache-2.0
// Each fault does what its line says, once for each time it was asked, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "drivers/usb/usb_errc.h"
#include "tests/drivers/emulator_harness.h"

namespace drivers {
namespace {

using js220::Value;

// Steps between the sample ids of a port's frames, in frames of 252 ids; regular ones left out.
std::vector<double> odd_steps(const EmulatorHarness& harness, std::uint8_t port) {
  std::vector<double> steps;
  const auto frames = harness.of_port(port);
  for (std::size_t k = 1; k < frames.size(); ++k) {
    const auto step = static_cast<std::int32_t>(frames[k].sample_id - frames[k - 1].sample_id);
    if (step != 252) steps.push_back(step / 252.0);
  }
  return steps;
}

// Jumps of the frame number beyond +1.
std::vector<int> odd_numbers(const EmulatorHarness& harness) {
  std::vector<int> jumps;
  for (std::size_t k = 1; k < harness.frames.size(); ++k) {
    const auto step = static_cast<std::int16_t>(harness.frames[k].header.frame_id -
                                                harness.frames[k - 1].header.frame_id - 1);
    if (step != 0) jumps.push_back(step);
  }
  return jumps;
}

class EmulatorFaults : public testing::Test {
 protected:
  void run_with(const std::string& fault) {
    harness_.start();
    harness_.run(50);
    harness_.fault(fault);
    harness_.run(50);
  }
  EmulatorHarness harness_;
};

TEST_F(EmulatorFaults, NoneMeansNone) {
  harness_.start();
  harness_.run(100);
  EXPECT_TRUE(odd_steps(harness_, 21).empty());
  EXPECT_TRUE(odd_numbers(harness_).empty());
  EXPECT_EQ(harness_.device.frames_lost(), 0U);
}

TEST_F(EmulatorFaults, LoseLeavesAHoleInIdsAndNumbers) {
  run_with("lose 21 3");
  EXPECT_EQ(odd_steps(harness_, 21), std::vector<double>{4});
  EXPECT_TRUE(odd_steps(harness_, 22).empty());
  EXPECT_EQ(odd_numbers(harness_), (std::vector<int>{1, 1, 1}));
}

TEST_F(EmulatorFaults, RepeatSendsTheSameFrameAgain) {
  run_with("repeat 22 2");
  EXPECT_EQ(odd_steps(harness_, 22), (std::vector<double>{0, 0}));
  const auto frames = harness_.of_port(22);
  for (std::size_t k = 1; k < frames.size(); ++k) {
    if (frames[k].sample_id != frames[k - 1].sample_id) continue;
    EXPECT_EQ(frames[k].header, frames[k - 1].header);
    EXPECT_EQ(frames[k].payload, frames[k - 1].payload);
  }
}

TEST_F(EmulatorFaults, OverlapRepeatsHalfOfTheNeighbours) {
  run_with("overlap 21");
  EXPECT_EQ(odd_steps(harness_, 21), (std::vector<double>{0.5, 0.5}));
  EXPECT_TRUE(odd_numbers(harness_).empty());
  const auto frames = harness_.of_port(21);
  for (std::size_t k = 1; k + 1 < frames.size(); ++k) {
    if (frames[k].sample_id - frames[k - 1].sample_id != 126) continue;
    const auto before = frames[k - 1].floats();
    const auto middle = frames[k].floats();
    const auto after = frames[k + 1].floats();
    EXPECT_TRUE(std::equal(before.begin() + 63, before.end(), middle.begin()));
    EXPECT_TRUE(std::equal(middle.begin() + 63, middle.end(), after.begin()));
    return;
  }
  FAIL() << "no overlapping frame";
}

TEST_F(EmulatorFaults, TearEndsTheTransferInsideAFrame) {
  harness_.check = false;
  run_with("tear 21");
  const auto torn = std::ranges::count_if(harness_.transfer_sizes, [](std::size_t size) {
    return size % js220::kFrameBytes == js220::kFrameBytes / 2;
  });
  EXPECT_EQ(torn, 1);
  EXPECT_EQ(odd_steps(harness_, 21), std::vector<double>{2});
  EXPECT_TRUE(odd_steps(harness_, 22).empty()) << "the next transfer begins with a whole frame";
}

TEST_F(EmulatorFaults, LengthIsWhatTheHeaderSays) {
  harness_.check = false;
  run_with("length 21 511 2");
  EXPECT_EQ(odd_steps(harness_, 21), std::vector<double>{3}) << "two that cannot be parsed";
  harness_.fault("length 21 2");
  harness_.run(20);
  EXPECT_EQ(std::ranges::count_if(harness_.frames,
                                  [](const SeenFrame& frame) {
                                    return frame.header.port == 21 && frame.header.length == 2;
                                  }),
            1);
}

TEST_F(EmulatorFaults, SwapBringsAFrameAfterTheNext) {
  run_with("swap 21");
  EXPECT_EQ(odd_steps(harness_, 21), (std::vector<double>{2, -1, 2}));
}

TEST_F(EmulatorFaults, NanFillsFrames) {
  run_with("nan 21 2");
  std::size_t spoiled = 0;
  for (const auto& frame : harness_.of_port(21)) {
    const auto values = frame.floats();
    const auto bad = std::ranges::count_if(values, [](float value) { return std::isnan(value); });
    EXPECT_TRUE(bad == 0 || bad == 126);
    spoiled += bad == 126 ? 1 : 0;
  }
  EXPECT_EQ(spoiled, 2U);
  EXPECT_TRUE(odd_steps(harness_, 21).empty());
}

TEST_F(EmulatorFaults, StrayComesOnAPortOfItsOwn) {
  harness_.check = false;
  run_with("stray 5");
  EXPECT_EQ(harness_.of_port(5).size(), 1U);
}

TEST_F(EmulatorFaults, DelayHoldsAllBackAndLosesNothingWithinTheFifo) {
  run_with("delay 20ms");
  EXPECT_TRUE(odd_steps(harness_, 21).empty());
  std::int64_t longest_ns = 0;
  for (std::size_t k = 1; k < harness_.frames.size(); ++k) {
    longest_ns = std::max(longest_ns, harness_.frames[k].at_ns - harness_.frames[k - 1].at_ns);
  }
  EXPECT_GE(longest_ns, 20 * EmulatorHarness::kMs);
}

TEST_F(EmulatorFaults, DelayBeyondTheFifoLosesTheRest) {
  run_with("delay 45ms");
  harness_.run(50);
  const auto steps = odd_steps(harness_, 21);
  ASSERT_EQ(steps.size(), 1U);
  // 256 KiB are 256 frames of each, 32.3 ms.
  EXPECT_NEAR((steps[0] - 1) * 0.126, 45 - 32.3, 4);
  EXPECT_EQ(odd_steps(harness_, 22), steps);
  ASSERT_EQ(odd_numbers(harness_).size(), 1U);
  EXPECT_EQ(odd_numbers(harness_)[0], static_cast<int>(2 * (steps[0] - 1)));
  EXPECT_EQ(harness_.device.frames_lost(), 2 * (steps[0] - 1));
}

TEST_F(EmulatorFaults, AHostThatDoesNotReadLosesWhatTheFifoCannotHold) {
  harness_.start();
  harness_.run(50);
  harness_.skip(300'000);
  harness_.run(50);
  const auto steps = odd_steps(harness_, 21);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_NEAR(steps[0] * 0.126e-3, 300, 0.2);
  EXPECT_GT(harness_.device.frames_lost(), 4'000'000U);
}

TEST_F(EmulatorFaults, JumpMovesTheCounter) {
  run_with("jump 1000000");
  auto steps = odd_steps(harness_, 21);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_NEAR(steps[0] * 252, 1'000'000, 2 * 28'000);
  harness_.fault("jump -500000");
  harness_.run(50);
  steps = odd_steps(harness_, 21);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_NEAR(steps[1] * 252, -500'000, 2 * 28'000);
}

TEST_F(EmulatorFaults, TimemapJumpIsSaidAtOnce) {
  harness_.check = false;  // ids further from the map than a host can resolve
  run_with("timemap-jump 2000000000");
  const auto maps = harness_.timemaps();
  ASSERT_EQ(maps.size(), 2U);
  EXPECT_GT(maps[1].counter, 2'000'000'000U);
  EXPECT_TRUE(odd_steps(harness_, 21).empty());
}

TEST_F(EmulatorFaults, SilenceLastsUntilTheNextConnect) {
  run_with("silent");
  const std::size_t before = harness_.frames.size();
  harness_.publish("c/!ping", Value::u32(1));
  harness_.run(3000);
  EXPECT_EQ(harness_.frames.size(), before);
  harness_.start();
  harness_.run(50);
  EXPECT_GT(harness_.frames.size(), before);
}

TEST_F(EmulatorFaults, DisconnectKeepsPowerAndReplugDoesNot) {
  run_with("disconnect 500ms");
  EXPECT_EQ(harness_.last_error, UsbErrc::kNoDevice);
  EXPECT_EQ(harness_.request(js220::kRequestConnect), std::nullopt);
  harness_.skip(500);
  harness_.frames.clear();
  harness_.connect();
  harness_.publish("?", Value::null());
  harness_.run(1);
  EXPECT_EQ(harness_.value_of("s/i/range/mode?"), Value::u8(4));
  // 50 ms, then 500 ms away.
  EXPECT_NEAR(static_cast<double>(harness_.timemaps().at(0).counter), 550 * 2000, 4000);

  harness_.fault("replug 500ms");
  harness_.skip(500);
  harness_.frames.clear();
  harness_.connect();
  harness_.publish("?", Value::null());
  harness_.run(1);
  EXPECT_EQ(harness_.value_of("s/i/range/mode?"), Value::u8(0));
  EXPECT_EQ(harness_.timemaps().at(0).counter, 0U);
}

TEST_F(EmulatorFaults, AnswersGoMissingOrComeLate) {
  harness_.connect();
  harness_.fault("no-pong");
  harness_.fault("no-ack");
  harness_.publish("c/!ping", Value::u32(1));
  harness_.publish("s/v/ctrl", Value::u32(1));
  harness_.run(5);
  EXPECT_TRUE(harness_.published().empty());
  harness_.fault("late-pong 300ms");
  harness_.publish("c/!ping", Value::u32(2));
  harness_.run(299);
  EXPECT_FALSE(harness_.value_of("c/!pong").has_value());
  harness_.run(10);
  EXPECT_EQ(harness_.value_of("c/!pong"), Value::u32(2));
}

TEST_F(EmulatorFaults, ConnectIsRefusedAsAsked) {
  harness_.fault("stall-connect 2");
  EXPECT_EQ(harness_.request(js220::kRequestConnect), std::nullopt);
  EXPECT_EQ(harness_.request(js220::kRequestConnect), std::nullopt);
  harness_.fault("connect-status 19");
  EXPECT_EQ(harness_.request(js220::kRequestConnect), 19);
  harness_.fault("protocol 2");
  harness_.connect();
  harness_.run(1);
  const auto connect = js220::decode_connect(harness_.frames.at(0).payload);
  ASSERT_TRUE(connect.has_value());
  EXPECT_EQ(connect->protocol_version, 2U << 24);
  harness_.fault("heal");
  harness_.frames.clear();
  harness_.connect();
  harness_.run(1);
  EXPECT_EQ(js220::decode_connect(harness_.frames.at(0).payload)->protocol_version, 1U << 24);
}

TEST_F(EmulatorFaults, TransfersEndInErrors) {
  run_with("stall-in");
  EXPECT_EQ(harness_.last_error, UsbErrc::kStall);
  harness_.fault("io-error");
  harness_.run(20);
  EXPECT_EQ(harness_.last_error, UsbErrc::kIo);
  harness_.run(50);
  EXPECT_TRUE(odd_steps(harness_, 21).empty()) << "the FIFO held what was due";
}

TEST(FaultText, IsRefusedWithItsUsage) {
  for (const char* text : {"", "nothing", "lose", "lose 32", "lose 21 0", "lose 21 1 1", "delay",
                           "delay 5", "delay -1s", "length 21 512", "jump far",
                           "jump 99999999999999999999", "protocol 256", "silent soon"}) {
    EXPECT_FALSE(js220::parse_fault(text).has_value()) << text;
  }
  EXPECT_EQ(js220::parse_fault(" lose  21 3 ")->count, 3U);
  EXPECT_EQ(js220::parse_fault("silent")->duration_ns, std::nullopt);
  EXPECT_EQ(js220::parse_fault("disconnect 2s")->duration_ns, 2'000'000'000);
  EXPECT_EQ(js220::parse_fault("jump -7")->value, -7);
}

}  // namespace
}  // namespace drivers
