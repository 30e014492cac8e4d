// SPDX-License-Identifier: Apache-2.0
// An emulator that was kept from the processor goes through the time that it missed; one that is
// too slow for that answers its clients all the same.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "drivers/usb/serve_loop.h"
#include "drivers/usb/socket_link.h"
#include "drivers/usb/socket_server.h"
#include "drivers/usb/virtual_clock.h"

namespace drivers {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kDueNs = 16 * kMs;
constexpr std::int64_t kLateNs = 1000 * kMs;

class LateEmulator : public testing::Test {
 protected:
  // Is due in 16 ms; its first turn ends the loop.
  class Service final : public LoopService {
   public:
    Service(LateEmulator& test, std::int64_t work_ns) : test_(test), work_ns_(work_ns) {}
    void add_descriptors(std::vector<pollfd>&) const override {}
    std::int64_t next_wake_ns(std::int64_t now_ns) const override { return now_ns + kDueNs; }
    void catch_up(std::int64_t now_ns) override {
      caught_up_ns.push_back(now_ns);
      test_.clock_.advance(work_ns_);
    }
    void turn(std::span<const pollfd>, std::int64_t now_ns) override {
      turn_ns = now_ns;
      turned_ns = test_.clock_.monotonic_ns();
      test_.loop_->stop();
    }

    std::vector<std::int64_t> caught_up_ns;
    std::int64_t turn_ns = 0;    // what it is told
    std::int64_t turned_ns = 0;  // what time it is then

   private:
    LateEmulator& test_;
    const std::int64_t work_ns_;
  };
  // While the loop waits for what is due, so much time goes by.
  class Sleeper final : public LoopService {
   public:
    explicit Sleeper(VirtualClock& clock) : clock_(clock) {}
    void add_descriptors(std::vector<pollfd>&) const override {}
    std::int64_t next_wake_ns(std::int64_t now_ns) const override {
      clock_.advance_to(kDueNs + kLateNs);
      return now_ns + kDueNs;
    }
    void catch_up(std::int64_t) override {}
    void turn(std::span<const pollfd>, std::int64_t) override {}

   private:
    VirtualClock& clock_;
  };

  void run(std::initializer_list<Service*> services) {
    for (Service* service : services) loop_->add(*service);
    Sleeper sleeper(clock_);
    loop_->add(sleeper);
    ASSERT_TRUE(loop_->run().has_value());
  }

  VirtualClock clock_{0};
  std::unique_ptr<ServeLoop> loop_ = std::move(*ServeLoop::make(clock_));
};

TEST_F(LateEmulator, GoesThroughTheTimeThatItMissedInSmallSteps) {
  Service one(*this, 0);
  Service other(*this, 0);
  run({&one, &other});
  EXPECT_EQ(one.turn_ns, kDueNs + kLateNs);
  ASSERT_GE(one.caught_up_ns.size(), 200U);
  EXPECT_LE(one.caught_up_ns.front(), kDueNs);
  EXPECT_EQ(one.caught_up_ns.back(), one.turn_ns);
  for (std::size_t k = 1; k < one.caught_up_ns.size(); ++k) {
    ASSERT_GT(one.caught_up_ns[k], one.caught_up_ns[k - 1]);
    ASSERT_LE(one.caught_up_ns[k] - one.caught_up_ns[k - 1], 4 * kMs);
  }
  EXPECT_EQ(other.caught_up_ns, one.caught_up_ns) << "a device may be served by either";
}

TEST_F(LateEmulator, ThatIsTooSlowAnswersItsClientsWithinTheirPatience) {
  Service slow(*this, 40 * kMs);  // ten times as long as the time that it makes up for
  run({&slow});
  EXPECT_LT(slow.turned_ns - slow.turn_ns, 1000 * kMs);
  EXPECT_EQ(slow.caught_up_ns.back(), slow.turn_ns) << "the rest is the device's loss";
}

// Has something at any time.
class Streaming final : public UsbDevice {
 public:
  UsbDescriptors descriptors() const override { return {}; }
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup&, std::int64_t) override {
    return std::vector<std::byte>(2);
  }
  proto::Result<void> control_out(const ControlSetup&, std::span<const std::byte>,
                                  std::int64_t) override {
    return {};
  }
  proto::Result<void> bulk_out(std::span<const std::byte>, std::int64_t) override { return {}; }
  proto::Result<std::size_t> bulk_in(std::span<std::byte>, std::int64_t) override { return 0; }
  std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const override { return now_ns; }
};

void turn(SocketServer& server, std::int64_t now_ns) {
  std::vector<pollfd> waiting;
  server.add_descriptors(waiting);
  ASSERT_GT(::poll(waiting.data(), waiting.size(), 1000), 0);
  server.turn(waiting, now_ns);
}

TEST(LateSocketServer, CountsTheTimeThatItMissedBetweenTwoWaitsToo) {
  const std::string path = testing::TempDir() + "late_socket_server.sock";
  Streaming device;
  auto server = SocketServer::open(path, {{"000001", &device}});
  ASSERT_TRUE(server.has_value());
  auto link = SocketLink::connect(path);
  ASSERT_TRUE(link.has_value());
  std::vector<std::byte> open(kOpenMagic.begin(), kOpenMagic.end());
  std::ranges::copy(std::as_bytes(std::span("000001", 6)), std::back_inserter(open));
  ASSERT_TRUE(link->send({.length = 10, .type = MessageType::kOpen}, open).has_value());
  turn(**server, 0);  // somebody is there
  turn(**server, 0);  // and asks
  ASSERT_TRUE(link->receive(1000).has_value());
  const std::vector count = {std::byte{8}};
  ASSERT_TRUE(link->send({.length = 1, .type = MessageType::kArm}, count).has_value());
  turn(**server, kMs);
  // Preempted here, not while it waited.
  EXPECT_EQ((*server)->next_wake_ns(kLateNs), kMs + kDueNs)
      << "the loop goes through it from there";
}

}  // namespace
}  // namespace drivers
