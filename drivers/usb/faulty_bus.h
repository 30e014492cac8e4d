// SPDX-License-Identifier: Apache-2.0
// What goes wrong on a bus whatever the instrument is: babble, slow answers, a host controller that
// gives nothing back, and an instrument that comes back as its updater or without its endpoint.
// Stands between a server and an emulated instrument. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/device_faults.h"
#include "drivers/usb/usb_device.h"

namespace drivers {

enum class BusFaultKind : std::uint8_t {
  kBabble,       // the next `count` bulk IN transfers
  kSlowControl,  // the next `count` vendor requests, each by `duration_ns`
  kUpdater,      // for `duration_ns`
  kNoEndpoint,   // likewise
  kStuck,        // likewise
};

struct BusFault {
  BusFaultKind kind = BusFaultKind::kBabble;
  std::uint32_t count = 1;
  std::int64_t duration_ns = 0;
  bool operator==(const BusFault&) const = default;
};

// True: the first word names one of these faults.
bool is_bus_fault(std::string_view text);
// std::errc::invalid_argument; the message says how the fault is written.
proto::Result<BusFault> parse_bus_fault(std::string_view text);
// One line per fault, for a help text.
std::string describe_bus_faults();

class FaultyBus final : public UsbDevice {
 public:
  // So long it is gone before it comes back as something else.
  static constexpr std::int64_t kAwayNs = 200'000'000;

  // `updater_product`: its id when it runs its updater. The instrument outlives it.
  FaultyBus(UsbDevice& instrument, std::uint16_t updater_product)
      : instrument_(instrument), updater_product_(updater_product) {}

  void inject(const BusFault& fault, std::int64_t now_ns);
  // What came back as something else is gone for a moment first, as it must be.
  void heal(std::int64_t now_ns);
  // How long a fault takes the instrument off the bus in all, comings and goings included; 0: this
  // one does not. Its power goes too.
  static std::int64_t away_ns(const BusFault& fault);

  UsbDescriptors descriptors() const override;
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                   std::int64_t now_ns) override;
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  std::int64_t now_ns) override;
  proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t now_ns) override;
  proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer, std::int64_t now_ns) override;
  void transfers_withdrawn(std::int64_t now_ns) override;
  std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const override;
  std::int64_t control_delay_ns(const ControlSetup& setup, std::int64_t now_ns) override;
  std::int64_t withdraw_delay_ns(std::int64_t now_ns) const override;

 private:
  enum class Shape { kInstrument, kAway, kUpdater, kNoEndpoint };
  Shape shape_at(std::int64_t now_ns) const;

  UsbDevice& instrument_;
  const std::uint16_t updater_product_;
  ArmedFaults<BusFault> faults_;
  Shape guise_ = Shape::kUpdater;  // between these two
  std::int64_t guise_begin_ns_ = 0;
  std::int64_t guise_end_ns_ = 0;
  std::int64_t stuck_end_ns_ = 0;
  Shape seen_ = Shape::kInstrument;  // when a host last asked
};

}  // namespace drivers
