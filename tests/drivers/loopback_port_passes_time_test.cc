// SPDX-License-Identifier: Apache-2.0
// The port in this process: order of transfers, loans, the two kinds of time, and cancel().
#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "drivers/usb/loopback_port.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

// Has one byte to give at each of its times; the byte counts up.
class Metronome final : public UsbDevice {
 public:
  explicit Metronome(std::deque<std::int64_t> due_ns) : due_ns_(std::move(due_ns)) {}

  UsbDescriptors descriptors() const override { return {}; }
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  std::int64_t) override {
    setups.push_back(setup);
    sent_bytes += data.size();
    return {};
  }
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                   std::int64_t) override {
    setups.push_back(setup);
    if (setup.request == 9) return proto::fail(UsbErrc::kStall, "request 9");
    return std::vector<std::byte>(setup.length);
  }
  proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t) override {
    sent_bytes += data.size();
    return {};
  }
  proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer, std::int64_t now) override {
    if (due_ns_.empty() || due_ns_.front() > now) return 0;
    due_ns_.pop_front();
    transfer[0] = static_cast<std::byte>(++count_);
    return 1;
  }
  std::optional<std::int64_t> next_due_ns(std::int64_t) const override {
    if (due_ns_.empty()) return std::nullopt;
    return due_ns_.front();
  }

  std::vector<ControlSetup> setups;
  std::size_t sent_bytes = 0;

 private:
  std::deque<std::int64_t> due_ns_;
  int count_ = 0;
};

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kStartUtcNs = 1'700'000'000'000'000'000;

TEST(LoopbackPort, VirtualTimeJumpsToWhatIsDue) {
  Metronome device({kHourNs, 2 * kHourNs});
  VirtualClock clock(kStartUtcNs);
  LoopbackPort port(device, clock);
  ASSERT_TRUE(port.open());
  ASSERT_TRUE(port.start_bulk_in(0x82));
  for (int i = 1; i <= 2; ++i) {
    const auto loan = port.wait_bulk_in(2 * 3'600'000 - 1);
    ASSERT_TRUE(loan.has_value());
    EXPECT_EQ(loan->bytes[0], static_cast<std::byte>(i));
    EXPECT_EQ(loan->arrival_monotonic_ns, i * kHourNs);
    EXPECT_EQ(loan->arrival_utc_ns, kStartUtcNs + i * kHourNs);
    port.return_loan(*loan);
  }
  const auto none = port.wait_bulk_in(1000);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, UsbErrc::kTimeout);
  EXPECT_EQ(clock.monotonic_ns(), 2 * kHourNs + 1'000'000'000);
}

TEST(LoopbackPort, NoTransferIsArmedWhileAllAreOnLoan) {
  Metronome device({1, 2, 3, 4, 5});
  VirtualClock clock(kStartUtcNs);
  LoopbackPort port(device, clock);
  ASSERT_TRUE(port.open());
  ASSERT_TRUE(port.start_bulk_in(0x82));
  std::vector<Loan> loans;
  for (std::uint32_t i = 0; i < LoopbackPort::kTransfers; ++i) {
    const auto loan = port.wait_bulk_in(10);
    ASSERT_TRUE(loan.has_value());
    loans.push_back(*loan);
  }
  EXPECT_EQ(port.wait_bulk_in(10).error().code, UsbErrc::kTimeout);
  for (std::size_t i = 0; i < loans.size(); ++i) {
    EXPECT_EQ(loans[i].bytes[0], static_cast<std::byte>(i + 1)) << "a loan was overwritten";
  }
  port.return_loan(loans.front());
  const auto loan = port.wait_bulk_in(10);
  ASSERT_TRUE(loan.has_value());
  EXPECT_EQ(loan->bytes[0], std::byte{5});
}

TEST(LoopbackPort, RealTimeWaitsAndCancelWakesOnce) {
  Metronome device({});
  const proto::SystemClock clock;
  LoopbackPort port(device, clock);
  ASSERT_TRUE(port.open());
  ASSERT_TRUE(port.start_bulk_in(0x82));
  std::thread other([&] { port.cancel(); });
  const auto woken = port.wait_bulk_in(60'000);
  other.join();
  ASSERT_FALSE(woken.has_value());
  EXPECT_EQ(woken.error().code, UsbErrc::kCancelled);

  const std::int64_t before_ns = clock.monotonic_ns();
  EXPECT_EQ(port.wait_bulk_in(20).error().code, UsbErrc::kTimeout);
  EXPECT_GE(clock.monotonic_ns() - before_ns, 20'000'000);
}

TEST(LoopbackPort, PassesRequestsAndStalls) {
  Metronome device({});
  VirtualClock clock(kStartUtcNs);
  LoopbackPort port(device, clock);
  std::array<std::byte, 4> data{};
  EXPECT_FALSE(port.control_in({.length = 1}, data, 1000).has_value()) << "not open yet";
  ASSERT_TRUE(port.open());
  EXPECT_EQ(port.open().error().code, UsbErrc::kBusy);
  EXPECT_EQ(port.control_in({.request_type = 0xC0, .request = 1, .length = 1}, data, 1000), 1u);
  EXPECT_EQ(port.control_in({.request = 9}, data, 1000).error().code, UsbErrc::kStall);
  EXPECT_EQ(port.control_in({.length = 5}, data, 1000).error().code, UsbErrc::kOverflow);
  EXPECT_TRUE(port.clear_halt(0x82));
  EXPECT_EQ(device.setups.back().index, 0x82);
  EXPECT_TRUE(port.bulk_out(0x01, data, 250));
  EXPECT_EQ(device.sent_bytes, 4u);
  port.close();
  EXPECT_TRUE(port.open()) << "may be opened again";
}

}  // namespace
}  // namespace drivers
