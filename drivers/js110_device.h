// SPDX-License-Identifier: Apache-2.0
// The device side of the JS110's protocol: an emulated instrument that a driver can be attached to
// (in this process or over a socket). What it measures comes from a SampleSource, from its value 0
// on at each start of the stream. EMULATOR.md says what is faithful and what is not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/js110_device_faults.h"
#include "drivers/js110_device_fifo.h"
#include "drivers/js110_device_statistics.h"
#include "drivers/js110_device_words.h"
#include "drivers/js110_wire.h"
#include "drivers/signal/sample_source.h"
#include "drivers/usb/usb_device.h"

namespace drivers {

struct Js110DeviceOptions {
  std::string serial = "000001";
  std::uint64_t fifo_packets = 512;  // 32 ms
  double time_scale = 1;  // 0.1: ten times slower than an instrument; nothing tells the host so
};

// One thread. The source outlives it; `now_ns` of the calls is monotonic.
class Js110Device final : public UsbDevice {
 public:
  explicit Js110Device(const SampleSource& source, const Js110DeviceOptions& options = {});

  UsbDescriptors descriptors() const override;
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                   std::int64_t now_ns) override;
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  std::int64_t now_ns) override;
  proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t now_ns) override;
  // Completes only when it is full: the instrument never sends a short packet.
  proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer, std::int64_t now_ns) override;
  // Packets that wait for a transfer to be full are in it already, on a bus.
  void transfers_withdrawn(std::int64_t now_ns) override;
  std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const override;

  void inject(const js110::Fault& fault, std::int64_t now_ns);
  // A line from an operator or a test: a fault, or `counter` or `state`. The answer is one line.
  proto::Result<std::string> command(std::string_view text, std::int64_t now_ns);

  const js110::Settings& settings() const { return settings_; }
  const js110::Extio& extio() const { return extio_; }
  std::uint64_t packets_lost() const { return fifo_.lost_packets(); }

 private:
  bool is_present(std::int64_t now_ns) const { return now_ns >= absent_until_ns_; }
  bool is_silent(std::int64_t now_ns) const { return silent_ || now_ns < silent_until_ns_; }
  bool is_mute(std::int64_t now_ns) const {
    return is_silent(now_ns) || now_ns < delayed_until_ns_;
  }
  std::vector<std::byte> answer(const ControlSetup& setup, std::int64_t now_ns);
  std::vector<std::byte> status(std::int64_t now_ns);
  std::vector<std::byte> calibration(std::uint16_t copy, std::uint16_t offset);
  std::vector<std::byte> info() const;
  void apply(const js110::Settings& settings, std::int64_t now_ns);
  void restart_load(std::int64_t now_ns);
  void power_on();
  js110::WordSettings word_settings() const;
  void put(std::uint64_t number, std::span<std::byte> transfer, std::size_t& size);

  const Js110DeviceOptions options_;
  const std::vector<std::byte> calibration_;
  js110::WordMaker words_;
  js110::PacketFifo fifo_;
  js110::SensorStatisticsMaker statistics_;
  std::int64_t load_epoch_ns_ = 0;  // when the load began anew
  js110::FaultPlan faults_;

  js110::Settings settings_;
  js110::Extio extio_;
  std::vector<std::byte> loopback_;
  std::int32_t settings_result_ = js110::kSettingsNotIssued;
  std::int64_t settings_done_ns_ = 0;
  std::optional<std::array<std::byte, js110::kPacketBytes>> repeated_;
  bool slipped_ = false;  // the toggle is the other way round

  std::int64_t absent_until_ns_ = 0;
  std::int64_t silent_until_ns_ = 0;
  std::int64_t delayed_until_ns_ = 0;
  bool silent_ = false;
};

}  // namespace drivers
