// SPDX-License-Identifier: Apache-2.0
// An emulated instrument behind a Unix socket: the same bytes as in process, one client at a time,
// and neither side is harmed by the death, the silence or the garbage of the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "drivers/signal/noise.h"
#include "drivers/usb/socket_command.h"
#include "drivers/usb/socket_port.h"
#include "drivers/usb/socket_server.h"
#include "tests/drivers/emulator_harness.h"
#include "tests/under_sanitizer.h"

namespace drivers {
namespace {

using js220::Value;

// The server keeps up with real time on a busy machine: its FIFO then holds 0.1 s, or 0.3 s.
constexpr double kTimeScale = wattspool_test::kUnderSanitizer ? 0.1 : 0.25;
constexpr std::size_t kFrames = 2000;  // 1 s, or 2.5 s

class EmulatorSocket : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "wsp_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    socket_ = directory_ / "usb.sock";
    serve();
  }
  void TearDown() override {
    stop();
    std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<SocketServer> open_server() {
    const auto command = [this](std::string_view text, std::int64_t now_ns) {
      return device_.command(text, now_ns);
    };
    auto server =
        SocketServer::open(socket_, {{"000001", &device_, command}, {"000002", &other_, {}}});
    EXPECT_TRUE(server.has_value());
    return server ? std::move(*server) : nullptr;
  }
  void serve() {
    server_ = open_server();
    loop_ = std::move(*ServeLoop::make(clock_));
    loop_->add(*server_);
    thread_ = std::thread([this] { EXPECT_TRUE(loop_->run().has_value()); });
  }
  void stop() {
    if (loop_) loop_->stop();
    if (thread_.joinable()) thread_.join();
    loop_.reset();
    server_.reset();
  }

  // Opened, connected, current and voltage on.
  static void start(SocketPort& port) {
    ASSERT_TRUE(port.open().has_value());
    ASSERT_TRUE(port.clear_halt(js220::kEndpointIn).has_value());
    ASSERT_TRUE(port.start_bulk_in(js220::kEndpointIn).has_value());
    std::array<std::byte, 1> status{};
    const auto size =
        port.control_in({js220::kVendorRequestType, js220::kRequestConnect, 0, 0, 1}, status, 1000);
    ASSERT_TRUE(size.has_value());
    ASSERT_EQ(*size, 1U);
    for (const char* topic : {"s/i/ctrl", "s/v/ctrl"}) publish(port, topic, Value::u32(1));
  }
  static void publish(SocketPort& port, const std::string& topic, const Value& value) {
    const auto frame = js220::encode(0, {topic, value, 0}, js220::Direction::kToDevice);
    ASSERT_TRUE(frame.has_value());
    ASSERT_TRUE(port.bulk_out(js220::kEndpointOut, frame->span(), 250).has_value());
  }
  // The sample ids of the next `count` current frames.
  static std::vector<std::uint32_t> read_ids(SocketPort& port, std::size_t count) {
    std::vector<std::uint32_t> ids;
    while (ids.size() < count) {
      const auto loan = port.wait_bulk_in(2000);
      if (!loan) {
        ADD_FAILURE() << loan.error().message();
        break;
      }
      for (std::size_t at = 0; at < loan->bytes.size(); at += js220::kFrameBytes) {
        const auto frame = js220::parse_frame(
            loan->bytes.subspan(at, std::min(js220::kFrameBytes, loan->bytes.size() - at)));
        if (frame && frame->header.port == js220::kPortCurrent) {
          ids.push_back(js220::load_u32(frame->payload, 0));
        }
      }
      port.return_loan(*loan);
    }
    return ids;
  }
  static std::error_code error_of_next(SocketPort& port) {
    for (;;) {
      const auto loan = port.wait_bulk_in(2000);
      if (!loan) return loan.error().code;
      port.return_loan(*loan);
    }
  }
  std::string command(std::string_view text) {
    const auto answer = send_emulator_command(socket_, "000001", text);
    return answer ? *answer : answer.error().message();
  }

  proto::SystemClock clock_;
  std::unique_ptr<SampleSource> source_ = std::move(*make_source({}));
  Js220Device device_{*source_, clock_, {.time_scale = kTimeScale}};
  Js220Device other_{*source_, clock_};
  std::filesystem::path directory_;
  std::filesystem::path socket_;
  std::unique_ptr<SocketServer> server_;
  std::unique_ptr<ServeLoop> loop_;
  std::thread thread_;
};

TEST_F(EmulatorSocket, StreamsWithoutALoss) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  const auto ids = read_ids(port, kFrames);
  for (std::size_t k = 1; k < ids.size(); ++k) ASSERT_EQ(ids[k], ids[k - 1] + 252);
}

TEST_F(EmulatorSocket, LoansAreStampedAndComeInOrder) {
  SocketPort port(socket_, "000001", clock_);
  const std::int64_t before_ns = clock_.monotonic_ns();
  start(port);
  std::int64_t last_ns = before_ns;
  for (int k = 0; k < 20; ++k) {
    const auto loan = port.wait_bulk_in(2000);
    ASSERT_TRUE(loan.has_value());
    EXPECT_GE(loan->arrival_monotonic_ns, last_ns);
    EXPECT_LE(loan->arrival_monotonic_ns, clock_.monotonic_ns());
    EXPECT_LT(std::abs(loan->arrival_utc_ns - clock_.utc_ns()), 10'000'000'000);
    last_ns = loan->arrival_monotonic_ns;
    port.return_loan(*loan);
  }
}

TEST_F(EmulatorSocket, RefusalsAreNamed) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  SocketPort second(socket_, "000001", clock_);
  EXPECT_EQ(second.open().error().code, UsbErrc::kBusy);
  SocketPort unknown(socket_, "000009", clock_);
  EXPECT_EQ(unknown.open().error().code, UsbErrc::kNoDevice);
  SocketPort nowhere(directory_ / "none.sock", "000001", clock_);
  EXPECT_EQ(nowhere.open().error().code, UsbErrc::kNoDevice);
  SocketPort other(socket_, "000002", clock_);
  EXPECT_TRUE(other.open().has_value());
  std::array<std::byte, 4> data{};
  EXPECT_EQ(port.control_in({0xC0, 9, 0, 0, 1}, data, 1000).error().code, UsbErrc::kStall);
  const auto taken = SocketServer::open(socket_, {});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, std::errc::address_in_use);
}

TEST_F(EmulatorSocket, ANewClientFindsTheCounterFurtherOn) {
  std::uint32_t last = 0;
  {
    SocketPort port(socket_, "000001", clock_);
    start(port);
    last = read_ids(port, 100).back();
  }  // gone without a DISCONNECT, as a process that was killed
  SocketPort port(socket_, "000001", clock_);
  // The server notices within its next turn.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  auto opened = port.open();
  while (!opened && std::chrono::steady_clock::now() < deadline) opened = port.open();
  ASSERT_TRUE(opened.has_value());
  port.close();
  start(port);
  const auto ids = read_ids(port, 10);
  EXPECT_GT(ids.front(), last);
  EXPECT_LT(ids.front() - last, 20'000'000U);
}

TEST_F(EmulatorSocket, AHostThatHoldsItsLoansMakesTheFifoOverflow) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  std::vector<Loan> held;
  for (std::uint32_t k = 0; k < SocketPort::kTransfers; ++k) {
    const auto loan = port.wait_bulk_in(2000);
    ASSERT_TRUE(loan.has_value());
    held.push_back(*loan);
  }
  EXPECT_EQ(port.wait_bulk_in(500).error().code, UsbErrc::kTimeout);
  // Requests are answered all the same.
  publish(port, "c/!ping", Value::u32(1));
  for (const Loan& loan : held) port.return_loan(loan);
  const auto ids = read_ids(port, kFrames);
  std::size_t holes = 0;
  for (std::size_t k = 1; k < ids.size(); ++k) holes += ids[k] != ids[k - 1] + 252 ? 1 : 0;
  EXPECT_EQ(holes, 1U);
  EXPECT_THAT(command("state"), testing::Not(testing::HasSubstr("frames_lost=0")));
}

TEST_F(EmulatorSocket, CommandsMakeFaultsWhileItRuns) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  std::uint32_t last = read_ids(port, 100).back();
  EXPECT_EQ(command("lose 21 3"), "ok");
  std::uint32_t hole = 0;
  for (const std::uint32_t id : read_ids(port, kFrames)) {
    hole += id - last - 252;
    last = id;
  }
  EXPECT_EQ(hole, 3U * 252);
  EXPECT_THAT(command("lose 99"), testing::HasSubstr("is written: lose PORT [N]"));
  EXPECT_THAT(command("explode"), testing::HasSubstr("not known"));
  EXPECT_FALSE(send_emulator_command(socket_, "", "state").has_value()) << "there are two";
  EXPECT_EQ(command("disconnect 200ms"), "ok");
  EXPECT_EQ(error_of_next(port), UsbErrc::kNoDevice);
  port.close();
  EXPECT_EQ(port.open().error().code, UsbErrc::kNoDevice);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  bool back = false;
  while (!back && std::chrono::steady_clock::now() < deadline) {
    back = port.open().has_value();
    if (!back) std::this_thread::yield();
  }
  EXPECT_TRUE(back);
}

TEST_F(EmulatorSocket, AStallIsOneErrorAndTheStreamGoesOn) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  EXPECT_EQ(command("stall-in 2"), "ok");
  EXPECT_EQ(error_of_next(port), UsbErrc::kStall);
  EXPECT_EQ(error_of_next(port), UsbErrc::kStall);
  EXPECT_GE(read_ids(port, 100).size(), 100U);
}

TEST_F(EmulatorSocket, CancelWakesTheWaiter) {
  SocketPort port(socket_, "000001", clock_);
  ASSERT_TRUE(port.open().has_value());
  std::thread canceller([&] { port.cancel(); });
  EXPECT_EQ(port.wait_bulk_in(10'000).error().code, UsbErrc::kCancelled);
  canceller.join();
  EXPECT_EQ(port.wait_bulk_in(1).error().code, UsbErrc::kTimeout);
}

TEST_F(EmulatorSocket, AServerThatIsKilledIsALostDevice) {
  stop();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto server = open_server();
    auto loop = ServeLoop::make(clock_);
    if (!server || !loop || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    (*loop)->add(*server);
    (void)(*loop)->run();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  SocketPort port(socket_, "000001", clock_);
  start(port);
  read_ids(port, 100);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(error_of_next(port), UsbErrc::kNoDevice);
  std::array<std::byte, 1> status{};
  EXPECT_EQ(port.control_in({0xC0, 1, 0, 0, 1}, status, 1000).error().code, UsbErrc::kNoDevice);
  port.close();
  EXPECT_EQ(port.open().error().code, UsbErrc::kNoDevice);
  serve();  // takes over the socket that the dead one left
  start(port);
  read_ids(port, 100);
  ::close(ready[0]);
  ::close(ready[1]);
}

// A transfer is handed over about every 16 ms: some 150 of them wait for the host.
TEST_F(EmulatorSocket, AHostThatStandsStillForAWhileLosesNothing) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  read_ids(port, 100);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  const auto ids = read_ids(port, 2 * kFrames);
  for (std::size_t k = 1; k < ids.size(); ++k) ASSERT_EQ(ids[k], ids[k - 1] + 252);
}

TEST_F(EmulatorSocket, GarbageEndsItsOwnConnectionOnly) {
  SocketPort port(socket_, "000001", clock_);
  start(port);
  for (std::uint64_t round = 0; round < 200; ++round) {
    auto stranger = SocketLink::connect(socket_);
    ASSERT_TRUE(stranger.has_value());
    std::vector<std::byte> junk(draw(round, 0) % 3000);
    for (std::size_t k = 0; k < junk.size(); ++k) junk[k] = static_cast<std::byte>(draw(round, k));
    if (round % 2 == 0 && junk.size() >= 16) {
      // A good head, and rubbish after it.
      const auto head = pack_message_header({.length = 8,
                                             .type = static_cast<MessageType>(1 + round / 2 % 6),
                                             .status = 0,
                                             .tag = 0});
      std::ranges::copy(head, junk.begin());
    }
    (void)::send(stranger->fd(), junk.data(), junk.size(), MSG_NOSIGNAL);
  }
  const auto ids = read_ids(port, kFrames);
  for (std::size_t k = 1; k < ids.size(); ++k) ASSERT_EQ(ids[k], ids[k - 1] + 252);
}

TEST(SocketPortAgainstAStranger, TakesGarbageForALostDevice) {
  std::string pattern = testing::TempDir() + "wsp_XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path socket = std::filesystem::path(pattern) / "s";
  const proto::SystemClock clock;
  for (int kind = 0; kind < 3; ++kind) {
    auto listener = SocketLink::listen(socket);
    ASSERT_TRUE(listener.has_value());
    std::thread stranger([&] {
      SocketLink peer;
      while (!peer.is_open()) peer = SocketLink(::accept(listener->fd(), nullptr, nullptr));
      if (kind == 0) {
        (void)peer.send({.length = 0, .type = static_cast<MessageType>(99)});
      } else if (kind == 1) {  // a transfer that nobody armed, longer than any
        const std::array<std::byte, 8> head = {std::byte{0}, std::byte{0}, std::byte{1},
                                               std::byte{0}, std::byte{0x82}};
        (void)::send(peer.fd(), head.data(), head.size(), MSG_NOSIGNAL);
      } else {
        const std::vector<std::byte> one(1);
        for (int k = 0; k < 100; ++k) {
          (void)peer.send({.length = 1, .type = MessageType::kBulkIn}, one);
        }
      }
      (void)peer.receive(1000);
    });
    SocketPort port(socket, "x", clock);
    EXPECT_EQ(port.open().error().code, UsbErrc::kNoDevice) << kind;
    stranger.join();
  }
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace drivers
