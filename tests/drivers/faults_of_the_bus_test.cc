// SPDX-License-Identifier: Apache-2.0
// What goes wrong on a bus reaches a host as a kernel reports it: babble, slow answers, an
// instrument that comes back as its updater.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "drivers/usb/faulty_bus.h"
#include "tests/drivers/emulator_harness.h"
#include "tests/drivers/usbip_host.h"

namespace drivers {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint16_t kUpdater = 0x10B9;

class FaultsOfTheBus : public testing::Test {
 protected:
  std::int64_t now() const { return bench_.clock.monotonic_ns(); }
  void inject(std::string_view text) {
    const auto fault = parse_bus_fault(text);
    ASSERT_TRUE(fault.has_value()) << text;
    bus_.inject(*fault, now());
  }
  void pass(std::int64_t ns) {
    bench_.clock.advance(ns);
    session_.catch_up(now());
  }
  void configure() {
    ASSERT_EQ(host_.import("1-1", now()), 0U);
    ASSERT_EQ(host_.control({0x00, 9, 1, 0, 0, 0, 0, 0}, now()).status, 0);
  }
  // CONNECT, whose answer is one byte.
  void ask_to_connect() {
    host_.send(UsbipHost::submit(++host_.sequence, true, 0, 1, {0xC0, 1, 0, 0, 0, 0, 1, 0}), now());
  }
  // What a host finds that looks now; 0: nothing is there.
  std::uint16_t product_found() {
    UsbipSession session(devices_);
    UsbipHost host(session);
    host.send(UsbipHost::operation(0x8005), now());
    const auto list = host.take();
    if (list.size() < 12 + 312) return 0;
    return static_cast<std::uint16_t>(UsbipHost::get(list, 12 + 300));
  }

  EmulatorHarness bench_;
  FaultyBus bus_{bench_.device, kUpdater};
  bool claimed_ = false;
  std::array<ServedDevice, 1> devices_{
      ServedDevice{.serial = "000001", .device = &bus_, .claimed = &claimed_}};
  UsbipSession session_{devices_};
  UsbipHost host_{session_};
};

TEST_F(FaultsOfTheBus, ABabblingTransferOverflowsAndTheNextOneIsGood) {
  configure();
  bench_.start();
  inject("babble 2");
  host_.arm(4, now());
  pass(40 * kMs);
  const auto replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(testing::Ge(3U)));
  EXPECT_EQ(replies[0].status, -EOVERFLOW);
  EXPECT_EQ(replies[1].status, -EOVERFLOW);
  EXPECT_EQ(replies[2].status, 0);
}

TEST_F(FaultsOfTheBus, ASlowAnswerComesLateAndInOrder) {
  configure();
  inject("slow-control 300ms");
  ask_to_connect();
  ask_to_connect();  // waits behind it
  EXPECT_THAT(host_.replies(), IsEmpty());
  EXPECT_EQ(session_.next_wake_ns(now()), now() + 300 * kMs);
  EXPECT_FALSE(bench_.device.connected()) << "it was not even executed";
  pass(299 * kMs);
  EXPECT_THAT(host_.replies(), IsEmpty());
  pass(1 * kMs);
  const auto replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(2));
  EXPECT_EQ(replies[0].sequence, host_.sequence - 1);
  EXPECT_EQ(replies[1].sequence, host_.sequence);
  EXPECT_THAT(replies[0].data, SizeIs(1));
}

TEST_F(FaultsOfTheBus, ASlowRequestThatIsUnlinkedIsNeverExecuted) {
  configure();
  inject("slow-control 2s");
  ask_to_connect();
  host_.unlink(host_.sequence, now());
  const auto replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].status, -ECONNRESET);
  pass(3'000 * kMs);
  EXPECT_THAT(host_.replies(), IsEmpty());
  EXPECT_FALSE(bench_.device.connected());
}

TEST_F(FaultsOfTheBus, AHostThatAsksOnAndOnIsDropped) {
  configure();
  inject("slow-control 2s");
  for (std::size_t k = 0; k <= UsbipSession::kSlowMax; ++k) ask_to_connect();
  EXPECT_FALSE(host_.open);
}

TEST_F(FaultsOfTheBus, AStuckBusGivesNothingBackUntilItIsOver) {
  configure();
  bench_.start();
  inject("stuck 2s");
  host_.arm(3, now());
  const std::uint32_t first = host_.sequence - 2;
  ask_to_connect();
  pass(1'000 * kMs);
  for (std::uint32_t k = 0; k < 3; ++k) host_.unlink(first + k, now());
  pass(999 * kMs);
  EXPECT_THAT(host_.replies(), IsEmpty());
  pass(1 * kMs);
  const auto replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(4));
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(replies[k].status, -ECONNRESET) << k;
  EXPECT_THAT(replies[3].data, SizeIs(1)) << "the request was not taken back";
  host_.arm(3, now());
  pass(40 * kMs);
  EXPECT_THAT(host_.replies(), testing::Not(IsEmpty())) << "the stream goes on";
}

TEST_F(FaultsOfTheBus, AHostThatTakesBackOnAndOnIsDropped) {
  configure();
  inject("stuck 2s");
  for (std::uint32_t k = 0; host_.open && k < 1000; ++k) host_.unlink(k, now());
  EXPECT_FALSE(host_.open);
}

TEST_F(FaultsOfTheBus, AnUpdaterIsAnotherProductForAWhile) {
  configure();
  inject("updater 1s");
  pass(1 * kMs);
  EXPECT_TRUE(session_.is_closing()) << "the plug is pulled";
  EXPECT_EQ(product_found(), 0);
  pass(200 * kMs);
  EXPECT_EQ(product_found(), kUpdater);
  pass(1'000 * kMs);
  EXPECT_EQ(product_found(), 0);
  pass(200 * kMs);
  EXPECT_EQ(product_found(), js220::kProductId);
}

TEST_F(FaultsOfTheBus, AnUpdaterAnswersNothingThatAnInstrumentDoes) {
  inject("updater 1s");
  bench_.clock.advance(300 * kMs);
  ASSERT_EQ(host_.import("1-1", now()), 0U);
  ASSERT_EQ(host_.control({0x00, 9, 1, 0, 0, 0, 0, 0}, now()).status, 0);
  EXPECT_EQ(host_.control({0xC0, 1, 0, 0, 0, 0, 1, 0}, now()).status, -EPIPE);
  host_.arm(1, now());
  pass(100 * kMs);
  EXPECT_THAT(host_.replies(), IsEmpty());
}

TEST_F(FaultsOfTheBus, AnEndpointThatIsMissingIsInNoDescriptorUntilItIsHealed) {
  // Its configuration, as a kernel reads it: the number of endpoints, and how long it is with them.
  const auto endpoints = [this] {
    UsbipSession session(devices_);
    UsbipHost host(session);
    EXPECT_EQ(host.import("1-1", now()), 0U);
    const auto found = host.control({0x80, 6, 0, 2, 0, 0, 255, 0}, now()).data;
    EXPECT_GE(found.size(), 18U);
    const auto count = std::to_integer<unsigned>(found.at(13));
    EXPECT_EQ(found.size(), 18U + 7 * count);
    return count;
  };
  EXPECT_EQ(endpoints(), 2U);
  inject("no-endpoint 10s");
  pass(200 * kMs);
  EXPECT_EQ(product_found(), js220::kProductId) << "it has not changed its name";
  EXPECT_EQ(endpoints(), 1U);
  bus_.heal(now());
  EXPECT_EQ(product_found(), 0) << "descriptors change only with a new plugging in";
  pass(200 * kMs);
  EXPECT_EQ(endpoints(), 2U);
}

TEST_F(FaultsOfTheBus, AFaultThatMakesNoSenseSaysHowItIsWritten) {
  EXPECT_TRUE(is_bus_fault("babble 3"));
  EXPECT_FALSE(is_bus_fault("lose 21"));
  for (const char* text : {"babble 0", "babble x", "slow-control", "updater", "updater 5",
                           "no-endpoint", "stuck", "stuck x"}) {
    const auto fault = parse_bus_fault(text);
    ASSERT_FALSE(fault.has_value()) << text;
    EXPECT_THAT(fault.error().message(), HasSubstr("is written: ")) << text;
  }
}

}  // namespace
}  // namespace drivers
