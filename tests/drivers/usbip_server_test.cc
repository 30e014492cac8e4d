// SPDX-License-Identifier: Apache-2.0
// The server over real sockets: beside the Unix socket, one host at a time, and strangers harm
// nobody but themselves.
#include "drivers/usb/usbip_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "drivers/signal/noise.h"
#include "drivers/usb/socket_command.h"
#include "drivers/usb/socket_port.h"
#include "drivers/usb/socket_server.h"
#include "tests/drivers/emulator_harness.h"
#include "tests/drivers/usbip_host.h"

namespace drivers {
namespace {

class UsbipServerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "wsu_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    const std::vector<ServedDevice> served = {
        {.serial = "000001",
         .device = &device_,
         .command = [this](auto text, auto now_ns) { return device_.command(text, now_ns); },
         .claimed = &claimed_}};
    usbip_ = std::move(*UsbipServer::open("127.0.0.1:0", served));
    socket_ = std::move(*SocketServer::open(directory_ / "s", served));
    loop_->add(*usbip_);
    loop_->add(*socket_);
    thread_ = std::thread([this] { EXPECT_TRUE(loop_->run().has_value()); });
  }
  void TearDown() override {
    loop_->stop();
    thread_.join();
    std::filesystem::remove_all(directory_);
  }

  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(usbip_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
  }
  static void send(int fd, const std::vector<std::byte>& bytes) {
    (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  static std::vector<std::byte> receive(int fd, std::size_t count) {
    std::vector<std::byte> bytes(count);
    const ssize_t got = ::recv(fd, bytes.data(), count, MSG_WAITALL);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  // The connection, or -1 and why not.
  int import(std::uint32_t& status) const {
    const int fd = connect();
    send(fd, UsbipHost::operation(0x8003, "1-1"));
    const auto head = receive(fd, 8);
    status = head.size() == 8 ? UsbipHost::get(head, 4) : 99;
    if (status == 0) receive(fd, 312);
    return fd;
  }
  // Connected, streaming, and `count` completed transfers read.
  static void stream(int fd, int count) {
    std::uint32_t sequence = 0;
    const auto request = [&](const std::vector<unsigned>& setup, bool in, unsigned length) {
      send(fd, UsbipHost::submit(++sequence, in, 0, length, setup));
      receive(fd, 48 + (in ? length : 0));
    };
    request({0x00, 9, 1, 0, 0, 0, 0, 0}, false, 0);
    request({0xC0, 1, 0, 0, 0, 0, 1, 0}, true, 1);
    for (int k = 0; k < 8; ++k) send(fd, UsbipHost::submit(++sequence, true, 2, 32'768));
    for (int done = 0; done < count; ++done) {
      const auto head = receive(fd, 48);
      ASSERT_EQ(head.size(), 48U);
      ASSERT_EQ(UsbipHost::get(head, 20), 0U);
      receive(fd, UsbipHost::get(head, 24));
      send(fd, UsbipHost::submit(++sequence, true, 2, 32'768));
    }
  }
  static bool ends(int fd) {
    while (!receive(fd, 4096).empty()) {
    }
    ::close(fd);
    return true;
  }
  // Until the server has noticed what happened.
  static bool soon(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  proto::SystemClock clock_;
  std::unique_ptr<SampleSource> source_ = std::move(*make_source({}));
  Js220Device device_{*source_, clock_};
  bool claimed_ = false;
  std::filesystem::path directory_;
  std::unique_ptr<ServeLoop> loop_ = std::move(*ServeLoop::make(clock_));
  std::unique_ptr<UsbipServer> usbip_;
  std::unique_ptr<SocketServer> socket_;
  std::thread thread_;
};

TEST_F(UsbipServerTest, StreamsAndEndsWhenTheInstrumentIsUnplugged) {
  std::uint32_t status = 99;
  int fd = import(status);
  ASSERT_EQ(status, 0U);
  stream(fd, 1);
  ASSERT_TRUE(send_emulator_command(directory_ / "s", "000001", "replug 300ms").has_value());
  EXPECT_TRUE(ends(fd));
  EXPECT_TRUE(soon([&] {
    fd = import(status);
    if (status != 0) ::close(fd);
    return status == 0;
  }));
  stream(fd, 1);
  ::close(fd);
}

TEST_F(UsbipServerTest, OneHostAtATimeByWhicheverRoad) {
  SocketPort port(directory_ / "s", "000001", clock_);
  ASSERT_TRUE(port.open().has_value());
  std::uint32_t status = 99;
  ::close(import(status));
  EXPECT_EQ(status, 2U);
  port.close();
  int fd = -1;
  EXPECT_TRUE(soon([&] {
    fd = import(status);
    if (status != 0) ::close(fd);
    return status == 0;
  }));
  EXPECT_EQ(port.open().error().code, UsbErrc::kBusy);
  ::close(fd);
  EXPECT_TRUE(soon([&] { return port.open().has_value(); }));
}

TEST_F(UsbipServerTest, GarbageEndsItsOwnConnectionOnly) {
  std::uint32_t status = 99;
  const int good = import(status);
  ASSERT_EQ(status, 0U);
  for (std::uint64_t round = 0; round < 200; ++round) {
    const int fd = connect();
    std::vector<std::byte> junk(1 + draw(round, 0) % 3000);
    for (std::size_t k = 0; k < junk.size(); ++k) junk[k] = static_cast<std::byte>(draw(round, k));
    if (round % 2 == 0) {
      const auto head = UsbipHost::operation(round % 4 == 0 ? 0x8003 : 0x8005, "1-1");
      junk.insert(junk.begin(), head.begin(), head.end());
    }
    send(fd, junk);
    ::close(fd);
  }
  stream(good, 1);
  ::close(good);
}

TEST_F(UsbipServerTest, AnAddressThatCannotBeIsNamed) {
  for (const char* address :
       {"", "3240", "localhost:3240", "127.0.0.1:", "127.0.0.1:99999", ":1"}) {
    const auto server = UsbipServer::open(address, {});
    ASSERT_FALSE(server.has_value()) << address;
    EXPECT_EQ(server.error().code, std::errc::invalid_argument) << address;
  }
  const auto taken = UsbipServer::open("127.0.0.1:" + std::to_string(usbip_->port()), {});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, std::errc::address_in_use);
}

}  // namespace
}  // namespace drivers
