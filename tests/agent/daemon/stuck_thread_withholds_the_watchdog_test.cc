// SPDX-License-Identifier: Apache-2.0
// The service manager hears of READY, is fed while all threads are fresh, and is not while one
// hangs; a stop in which one hangs still puts the others' data on disk.
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

// Opens, and hangs in its first poll() from which cancel() does not free it.
class HangingDriver final : public drivers::InstrumentDriver {
 public:
  explicit HangingDriver(const std::atomic<bool>& released) : released_(released) {}
  proto::Result<proto::DeviceInfo> open() override {
    proto::DeviceInfo info;
    info.id = {"js220", "000001"};
    info.sample_id_rate_hz = 2e6;
    info.signals = {{"current", "A", 1e6, 2}, {"voltage", "V", 1e6, 2}};
    return info;
  }
  proto::Result<void> poll(int, drivers::DriverSink&) override {
    released_.wait(false);
    return {};
  }
  void flush(drivers::DriverSink&) override {}
  void close() override {}
  void cancel() override {}

 private:
  const std::atomic<bool>& released_;
};

// Its thread of events stands; it can be looked at until `hang`.
class HangingBus final : public drivers::UsbBus {
 public:
  HangingBus(const std::atomic<bool>& hang, const std::atomic<bool>& released)
      : hang_(hang), released_(released) {}
  proto::Result<std::vector<drivers::UsbFound>> scan() override {
    if (hang_) released_.wait(false);
    return std::vector<drivers::UsbFound>();
  }
  std::unique_ptr<drivers::UsbPort> make_port(const proto::InstrumentId&) override {
    return nullptr;
  }
  bool wait_change(std::chrono::milliseconds timeout) override {
    std::this_thread::sleep_for(timeout);
    return true;
  }
  std::optional<std::uint64_t> heartbeat() const override { return 110; }

 private:
  const std::atomic<bool>& hang_;
  const std::atomic<bool>& released_;
};

class Watchdog : public DaemonBench {
 protected:
  void SetUp() override {
    DaemonBench::SetUp();
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path("notify").c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path("notify").c_str(), 1);
    ::setenv("WATCHDOG_USEC", "400000", 1);
  }
  void TearDown() override {
    released_ = true;
    released_.notify_all();
    DaemonBench::TearDown();
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::close(socket_);
  }
  // What has come since the last call.
  std::string heard() const {
    std::string text;
    std::array<char, 1024> message{};
    ssize_t size = 0;
    while ((size = ::recv(socket_, message.data(), message.size(), 0)) > 0) {
      text.append(message.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

  int socket_ = -1;
  std::atomic<bool> released_{false};
};

TEST_F(Watchdog, IsFedWhileAllIsWell) {
  configure({});
  start();
  std::string all;
  EXPECT_TRUE(wait_for([&] {
    all += heard();
    return all.find("WATCHDOG=1") != std::string::npos &&
           all.find("STATUS=0 instruments") != std::string::npos;
  })) << all;
  EXPECT_THAT(all, testing::StartsWith("READY=1"));
  EXPECT_TRUE(stop());
  EXPECT_THAT(heard(), testing::HasSubstr("STOPPING=1"));
}

TEST_F(Watchdog, IsWithheldWhileAThreadHangs) {
  configure({"000001"});
  DaemonSetup hanging = setup();
  hanging.make_driver =
      [this](const Settings&, const proto::Clock&,
             drivers::UsbBus&) -> proto::Result<std::unique_ptr<drivers::InstrumentDriver>> {
    return std::make_unique<HangingDriver>(released_);
  };
  hanging.progress_limits = {std::chrono::milliseconds(1'500), std::chrono::milliseconds(60'000)};
  hanging.stop_limit = std::chrono::milliseconds(3'000);
  start(std::move(hanging));
  ASSERT_TRUE(wait_for([&] { return !status()["stuck_threads"].empty(); }));
  const auto stuck = status();
  EXPECT_EQ(stuck["stuck_threads"][0], "js220/000001");
  EXPECT_EQ(stuck["health"], "critical");
  EXPECT_EQ(stuck["reasons"][0]["code"], "thread_stuck");
  // From the second look at which it is stuck to the fourth there are five intervals.
  std::string all;
  const auto lines = [&] {
    all += heard();
    std::size_t count = 0;
    for (auto at = all.find("STATUS="); at != std::string::npos; at = all.find("STATUS=", at + 1)) {
      ++count;
    }
    return count;
  };
  heard();
  ASSERT_TRUE(wait_for([&] { return lines() >= 3; }));
  EXPECT_EQ(all.find("WATCHDOG=1"), std::string::npos);

  daemon_->request_stop();
  EXPECT_TRUE(wait_for([&] { return events("agent_stopped").size() == 1; }))
      << "the hung thread does not keep the rest from the disk";
  released_ = true;
  released_.notify_all();
  EXPECT_FALSE(stop());
  EXPECT_THAT(log_text(), testing::HasSubstr("thread did not end"));
}

TEST_F(Watchdog, IsWithheldWhileAThreadOfTheBusHangs) {
  configure({}, "usb.discover = \"auto\"");
  std::atomic<bool> hang{false};
  DaemonSetup hanging = setup();
  hanging.make_usb = [&](const proto::Clock&) -> std::unique_ptr<drivers::UsbBus> {
    return std::make_unique<HangingBus>(hang, released_);
  };
  hanging.progress_limits = {std::chrono::milliseconds(1'500), std::chrono::milliseconds(60'000)};
  start(std::move(hanging));
  const auto stuck = [this] { return status()["stuck_threads"].dump(); };
  EXPECT_TRUE(wait_for([&] { return stuck() == R"(["usb events"])"; })) << stuck();
  hang = true;
  EXPECT_TRUE(wait_for([&] { return stuck() == R"(["usb watch","usb events"])"; })) << stuck();
  heard();
  EXPECT_TRUE(wait_for([&] { return heard().find("STATUS=") != std::string::npos; }));
  EXPECT_THAT(heard(), testing::Not(testing::HasSubstr("WATCHDOG=1")));
  released_ = true;
  released_.notify_all();
  EXPECT_TRUE(wait_for([&] { return stuck() == R"(["usb events"])"; })) << stuck();
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace agent
