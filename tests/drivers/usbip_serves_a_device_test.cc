// SPDX-License-Identifier: Apache-2.0
// An emulated instrument over USB/IP is what a kernel expects of a device: its descriptors, its
// pace, its halts, exact unlinking, and an end of the connection when it is unplugged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>

#include "drivers/js110_device.h"
#include "tests/drivers/emulator_harness.h"
#include "tests/drivers/hex_bytes.h"
#include "tests/drivers/usbip_host.h"

namespace drivers {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::int64_t kMs = 1'000'000;

class UsbipServesADevice : public testing::Test {
 protected:
  std::int64_t now() const { return bench_.clock.monotonic_ns(); }
  void import() { ASSERT_EQ(host_.import("1-1", now()), 0U); }
  void configure() {
    import();
    ASSERT_EQ(host_.control({0x00, 9, 1, 0, 0, 0, 0, 0}, now()).status, 0);
  }
  // As the server's loop does.
  void pass(std::int64_t ns) {
    const std::int64_t end_ns = now() + ns;
    while (const auto wake_ns = session_.next_wake_ns(now())) {
      if (*wake_ns > end_ns) break;
      bench_.clock.advance_to(*wake_ns);
      session_.catch_up(now());
    }
    bench_.clock.advance_to(end_ns);
    session_.catch_up(now());
  }
  // Sample ids of current frames in what has been completed.
  void collect() {
    for (const auto& reply : host_.replies()) {
      if (reply.command != 3) continue;
      statuses_.push_back(reply.status);
      for (std::size_t at = 0; at < reply.data.size(); at += 512) {
        const std::size_t size = std::min<std::size_t>(512, reply.data.size() - at);
        const auto frame = js220::parse_frame(std::span(reply.data).subspan(at, size));
        if (frame && frame->header.port == js220::kPortCurrent) {
          ids_.push_back(js220::load_u32(frame->payload, 0));
        }
      }
    }
  }
  void expect_no_hole() const {
    for (std::size_t k = 1; k < ids_.size(); ++k) ASSERT_EQ(ids_[k], ids_[k - 1] + 252);
  }

  EmulatorHarness bench_;
  // Sessions take back their claim when they end, so what they point to outlives them.
  bool claimed_ = false;
  bool claimed_later_ = false;
  std::array<ServedDevice, 1> devices_{
      ServedDevice{.serial = "000001", .device = &bench_.device, .claimed = &claimed_}};
  UsbipSession session_{devices_};
  UsbipHost host_{session_};
  std::vector<std::uint32_t> ids_;
  std::vector<std::int32_t> statuses_;
};

TEST_F(UsbipServesADevice, TheListNamesWhatIsPluggedIn) {
  host_.send(UsbipHost::operation(0x8005), now());
  auto list = host_.take();
  EXPECT_FALSE(host_.open) << "a list is all that its connection is for";
  ASSERT_THAT(list, SizeIs(8 + 4 + 312 + 4));
  EXPECT_EQ(UsbipHost::get(list, 0), 0x0111'0005U);
  EXPECT_EQ(UsbipHost::get(list, 4), 0U);
  EXPECT_EQ(UsbipHost::get(list, 8), 1U);
  EXPECT_STREQ(reinterpret_cast<const char*>(list.data() + 12 + 256), "1-1");
  EXPECT_EQ(UsbipHost::get(list, 12 + 288), 1U) << "bus";
  EXPECT_EQ(UsbipHost::get(list, 12 + 296), 3U) << "high speed";
  EXPECT_EQ(UsbipHost::get(list, 12 + 300), 0x16D0'10BAU);

  bench_.fault("disconnect 1s");
  UsbipSession second(devices_);
  UsbipHost other(second);
  other.send(UsbipHost::operation(0x8005), now());
  EXPECT_THAT(other.take(), SizeIs(12)) << "it lists nothing";
}

TEST_F(UsbipServesADevice, AnImportThatCannotBeIsRefusedByName) {
  const auto refusal = [&](const std::string& bus_id) {
    UsbipSession session(devices_);
    UsbipHost host(session);
    const std::uint32_t status = host.import(bus_id, now());
    EXPECT_EQ(host.open, status == 0);
    return status;
  };
  EXPECT_EQ(refusal("1-2"), 4U);
  EXPECT_EQ(refusal(""), 4U);
  EXPECT_EQ(refusal("1-1"), 0U);
  EXPECT_FALSE(claimed_) << "its session has ended";
  import();
  EXPECT_EQ(refusal("1-1"), 2U) << "in use";
  UsbipSession old(devices_);
  UsbipHost host(old);
  host.send(UsbipHost::operation(0x8003, "1-1", 0x0100), now());
  EXPECT_FALSE(host.open);
  EXPECT_EQ(UsbipHost::get(host.take(), 4), 5U) << "another version";
}

TEST_F(UsbipServesADevice, DescriptorsAreThoseOfTheInstrument) {
  import();
  const auto read = [&](unsigned type, unsigned index, unsigned length) {
    const auto reply =
        host_.control({0x80, 6, index, type, 0, 0, length & 0xFF, length >> 8}, now());
    EXPECT_EQ(reply.status, 0) << type << " " << index;
    return reply.data;
  };
  EXPECT_EQ(read(1, 0, 64), from_hex("12 01 00 02 ff ff ff 40 d0 16 ba 10 00 01 01 02 03 01"));
  EXPECT_THAT(read(1, 0, 8), SizeIs(8)) << "clipped to what was asked for";
  EXPECT_EQ(read(2, 0, 255), from_hex("09 02 20 00 01 01 00 80 fa 09 04 00 00 02 ff ff ff 00 "
                                      "07 05 82 02 00 02 00 07 05 01 02 00 02 00"));
  EXPECT_EQ(read(3, 0, 255), from_hex("04 03 09 04"));
  EXPECT_EQ(read(3, 3, 255), from_hex("0e 03 30 00 30 00 30 00 30 00 30 00 31 00"));
  for (const unsigned unknown : {4U, 9U}) {
    EXPECT_EQ(host_.control({0x80, 6, unknown, 3, 0, 0, 255, 0}, now()).status, -EPIPE);
  }
  EXPECT_EQ(host_.control({0x80, 6, 0, 6, 0, 0, 10, 0}, now()).status, -EPIPE);
}

TEST_F(UsbipServesADevice, StandardRequestsFollowTheState) {
  import();
  const std::vector<unsigned> get_configuration = {0x80, 8, 0, 0, 0, 0, 1, 0};
  EXPECT_THAT(host_.control(get_configuration, now()).data, ElementsAre(std::byte{0}));
  EXPECT_EQ(host_.control({0x01, 11, 0, 0, 0, 0, 0, 0}, now()).status, -EPIPE) << "unconfigured";
  EXPECT_EQ(host_.control({0x00, 9, 2, 0, 0, 0, 0, 0}, now()).status, -EPIPE) << "there is one";
  EXPECT_EQ(host_.control({0x00, 9, 1, 0, 0, 0, 0, 0}, now()).status, 0);
  EXPECT_THAT(host_.control(get_configuration, now()).data, ElementsAre(std::byte{1}));
  EXPECT_EQ(host_.control({0x01, 11, 0, 0, 0, 0, 0, 0}, now()).status, 0);
  EXPECT_EQ(host_.control({0x01, 11, 1, 0, 0, 0, 0, 0}, now()).status, -EPIPE);
  const std::vector<unsigned> status = {0x82, 0, 0, 0, 0x82, 0, 2, 0};
  EXPECT_EQ(host_.control(status, now()).data, from_hex("00 00"));
  EXPECT_EQ(host_.control({0x02, 3, 0, 0, 0x82, 0, 0, 0}, now()).status, 0);
  EXPECT_EQ(host_.control(status, now()).data, from_hex("01 00")) << "halted";
  EXPECT_EQ(host_.control({0x02, 1, 0, 0, 0x82, 0, 0, 0}, now()).status, 0);
  EXPECT_EQ(host_.control(status, now()).data, from_hex("00 00"));
  EXPECT_EQ(host_.control({0x02, 1, 0, 0, 0x85, 0, 0, 0}, now()).status, -EPIPE);
  EXPECT_EQ(host_.control({0xA1, 1, 0, 0, 0, 0, 1, 0}, now()).status, -EPIPE) << "a class request";
  EXPECT_THAT(host_.control({0xC0, 2, 0, 0, 0, 0, 1, 0}, now()).data, ElementsAre(std::byte{0}));
  EXPECT_EQ(host_.control({0xC0, 9, 0, 0, 0, 0, 1, 0}, now()).status, -EPIPE);
}

TEST_F(UsbipServesADevice, TransfersAreFilledAtTheInstrumentsPace) {
  configure();
  bench_.start();
  host_.arm(16, now());
  for (int k = 0; k < 100; ++k) {
    pass(10 * kMs);
    const std::size_t before = statuses_.size();
    collect();
    host_.arm(static_cast<unsigned>(statuses_.size() - before), now());
  }
  expect_no_hole();
  // A second of 7936.5 frames, less those that wait for their transfer.
  EXPECT_GT(ids_.size(), 7800U);
  EXPECT_LT(ids_.size(), 7940U);
  EXPECT_THAT(statuses_, testing::Each(0));
}

TEST_F(UsbipServesADevice, ALateServerDoesInTimeWhatWasArmed) {
  configure();
  bench_.start();
  host_.arm(32, now());
  pass(10 * kMs);
  bench_.clock.advance(100 * kMs);  // kept from the processor
  session_.catch_up(now());
  collect();
  expect_no_hole();
  EXPECT_EQ(bench_.device.frames_lost(), 0U);
  EXPECT_GT(ids_.size(), 700U);
}

TEST_F(UsbipServesADevice, AnUnlinkedTransferGetsNoAnswer) {
  configure();
  bench_.connect();
  host_.arm(3, now());  // the first takes the greeting
  const std::uint32_t first = host_.sequence - 2;
  auto replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].sequence, first);
  host_.unlink(first + 1, now());
  replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].command, 4U);
  EXPECT_EQ(replies[0].status, -ECONNRESET);
  host_.unlink(first, now());
  replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].status, 0) << "answered already";
  pass(2'000 * kMs);  // time marks
  for (const auto& reply : host_.replies()) EXPECT_NE(reply.sequence, first + 1);
}

// On a bus they are in the transfer that was not full. A host finds its own stream from packet 0
// on.
TEST(UsbipServesAJs110, PacketsOfAStreamThatEndedGoWithTheTransfersThatAreTakenBack) {
  const auto source = std::move(*make_source({}));
  Js110Device device(*source);
  std::vector<ServedDevice> devices{{.serial = "000001", .device = &device, .command = {}}};
  UsbipSession session(devices);
  UsbipHost host(session);
  std::int64_t now_ns = 1'000'000'000;
  ASSERT_EQ(host.import("1-1", now_ns), 0U);
  ASSERT_EQ(host.control({0x00, 9, 1, 0, 0, 0, 0, 0}, now_ns).status, 0);
  const auto stream = [&](std::uint8_t streaming) {
    const auto bytes = js110::encode(js110::Settings{.sensor_power = 1, .streaming = streaming});
    const ControlSetup setup{
        .request_type = js110::kRequestTypeOut, .request = js110::kRequestSettings, .length = 16};
    ASSERT_TRUE(device.control_out(setup, bytes, now_ns).has_value());
  };
  const auto wait = [&](std::int64_t packets) {
    now_ns += packets * js110::kPacketNs;
    session.catch_up(now_ns);
  };
  stream(js110::kStreamingRun);
  host.arm(2, now_ns);
  wait(70);
  EXPECT_THAT(host.replies(), SizeIs(1)) << "64 packets; 6 wait";
  stream(0);
  host.unlink(host.sequence, now_ns);
  (void)host.replies();
  stream(js110::kStreamingRun);
  host.arm(1, now_ns);
  wait(64);
  const auto replies = host.replies();
  ASSERT_THAT(replies, SizeIs(1));
  const auto packet = js110::parse_packet(std::span(replies[0].data).first(js110::kPacketBytes));
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->index, 0);
}

TEST_F(UsbipServesADevice, AHaltLastsUntilItIsCleared) {
  configure();
  bench_.start();
  bench_.fault("stall-in");
  host_.arm(4, now());
  pass(50 * kMs);
  collect();
  EXPECT_THAT(statuses_, ElementsAre(-EPIPE, -EPIPE, -EPIPE, -EPIPE));
  host_.arm(1, now());
  pass(50 * kMs);
  collect();
  EXPECT_THAT(statuses_, SizeIs(5)) << "still halted";
  ASSERT_EQ(host_.control({0x02, 1, 0, 0, 0x82, 0, 0, 0}, now()).status, 0);
  statuses_.clear();
  host_.arm(4, now());
  pass(50 * kMs);
  collect();
  EXPECT_THAT(statuses_, testing::Each(0));
  EXPECT_GT(ids_.size(), 100U);
}

TEST_F(UsbipServesADevice, AnUnpluggedInstrumentEndsTheConnectionAndComesBack) {
  configure();
  bench_.start();
  host_.arm(8, now());
  pass(50 * kMs);
  collect();
  bench_.fault("replug 500ms");
  pass(50 * kMs);
  EXPECT_TRUE(session_.is_closing());
  {
    UsbipSession early(devices_);
    UsbipHost host(early);
    EXPECT_EQ(host.import("1-1", now()), 2U + 2U) << "not there";
  }
  bench_.clock.advance(500 * kMs);
  devices_[0].claimed = &claimed_later_;  // the loop has dropped the old connection
  UsbipSession late(devices_);
  UsbipHost host(late);
  EXPECT_EQ(host.import("1-1", now()), 0U);
  EXPECT_THAT(host.control({0x80, 8, 0, 0, 0, 0, 1, 0}, now()).data, ElementsAre(std::byte{0}))
      << "as new";
}

TEST_F(UsbipServesADevice, ATransferShorterThanAPacketOverflows) {
  configure();
  bench_.connect();
  host_.arm(1, now(), 16);
  const auto replies = host_.replies();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_EQ(replies[0].status, -EOVERFLOW);
  EXPECT_THAT(replies[0].data, SizeIs(16));
}

TEST_F(UsbipServesADevice, WhatCannotBeServedEndsTheConnection) {
  const auto survives = [&](const std::vector<std::byte>& bytes) {
    bool claimed = false;
    std::array<ServedDevice, 1> devices = devices_;
    devices[0].claimed = &claimed;
    UsbipSession session(devices);
    UsbipHost host(session);
    EXPECT_EQ(host.import("1-1", now()), 0U);
    host.send(bytes, now());
    return host.open;
  };
  EXPECT_TRUE(survives(UsbipHost::submit(1, true, 2, 0xFFFF'FFFF))) << "room costs us nothing";
  EXPECT_TRUE(survives(UsbipHost::submit(1, true, 7, 512))) << "a stall";
  EXPECT_FALSE(survives(UsbipHost::submit(1, false, 1, 0xFFFF'FFFF)));
  EXPECT_FALSE(survives(UsbipHost::submit(1, false, 1, 65'537)));
  EXPECT_FALSE(survives(UsbipHost::submit(1, true, 99, 512)));
  auto foreign = UsbipHost::submit(1, true, 2, 512);
  foreign[11] = std::byte{2};
  EXPECT_FALSE(survives(foreign)) << "another's id";
  EXPECT_FALSE(survives(std::vector<std::byte>(48)));
  auto isochronous = UsbipHost::submit(1, true, 2, 512);
  isochronous[35] = std::byte{4};
  EXPECT_FALSE(survives(isochronous));
  std::vector<std::byte> many;
  for (std::uint32_t k = 0; k <= UsbipSession::kArmedMax; ++k) {
    const auto one = UsbipHost::submit(k, true, 2, 512);
    many.insert(many.end(), one.begin(), one.end());
  }
  EXPECT_FALSE(survives(many));
}

TEST_F(UsbipServesADevice, AHostThatDoesNotReadIsNotListenedTo) {
  configure();
  std::uint32_t asked = 0;
  while (session_.wants_input() && asked < 1'000'000) {
    host_.send(UsbipHost::submit(++asked + 100, true, 0, 64, {0x80, 6, 0, 1, 0, 0, 64, 0}), now());
  }
  EXPECT_LT(asked, 100'000U);
  EXPECT_LT(session_.output().size(), 3'000'000U);
  std::size_t answered = 0;
  while (!session_.output().empty()) {
    answered += host_.replies().size();
    session_.catch_up(now());
  }
  EXPECT_EQ(answered, asked) << "and nothing is forgotten";
}

}  // namespace
}  // namespace drivers
