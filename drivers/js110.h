// SPDX-License-Identifier: Apache-2.0
// Reads one JS110 at its full rate: current, voltage and current range at 2 MSPS, calibrated on the
// host. README.md has the state diagram and what a user sees of each bad input. From the protocol
// sheet of the JS110, sections 6, 14 and 18.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "drivers/instrument_driver.h"
#include "drivers/js110_calibration.h"
#include "drivers/js110_counters.h"
#include "drivers/js110_signals.h"
#include "drivers/js110_stream.h"
#include "drivers/js110_wire.h"
#include "drivers/transfer_loop.h"
#include "drivers/usb/usb_port.h"
#include "proto/clock.h"

namespace drivers {

struct Js110Options {
  std::string serial;
  // Recorded beside current and voltage: current_range, gpi0, gpi1. An input costs the lowest bit
  // of current (gpi0) or voltage (gpi1).
  std::vector<std::string> codes = {"current_range"};
  // "keep": as it is found, and automatic when its sensor is off, so that a target that is powered
  // through the instrument stays powered. Else "auto", "10 A" ... "18 uA", or "off".
  std::string current_range = "keep";
  // Blocks have the raw words as well; voltage_range, which the words do not say, is recorded.
  bool keep_words = false;
};

// The clock outlives the driver.
class Js110Driver final : public InstrumentDriver, private TransferReader {
 public:
  // So long it may take to apply its settings.
  static constexpr int kSettingsTimeoutMs = 3000;

  Js110Driver(Js110Options options, std::unique_ptr<UsbPort> port, const proto::Clock& clock);
  ~Js110Driver() override;

  // Without a usable calibration it streams all the same: its values are NaN, its words are not.
  proto::Result<proto::DeviceInfo> open() override;
  proto::Result<void> poll(int timeout_ms, DriverSink& sink) override;
  void flush(DriverSink& sink) override;
  // Stops the stream; the range stays, and with it the power of the target.
  void close() override;
  void cancel() override;

  BusCounters bus_counters() const override {
    return {transfers_.transfers(), counters_.transfers_failed, port_->claims_repeated()};
  }
  // Since the driver was made. From the driver's thread.
  const js110::Counters& counters() const { return counters_; }

 private:
  // js110_open.cc
  proto::Result<void> prepare();
  proto::Result<void> read_settings();
  proto::Result<void> choose_range();
  proto::Result<void> apply_extio();
  proto::Result<void> calibrate();
  // Of one copy of the calibration; the outer error is the bus's.
  proto::Result<js110::CalibrationResult<js110::Calibration>> read_calibration(
      std::uint16_t copy, const std::string& hardware_serial);
  proto::Result<std::string> read_hardware_serial();
  void read_info();
  proto::Result<void> start();
  proto::Result<void> write_settings(int timeout_ms);
  proto::Result<void> await_settings(int timeout_ms);
  proto::Result<void> check_result(std::int32_t result) const;
  proto::Result<void> drain();
  // Lets time pass; what arrives meanwhile is dropped.
  proto::Result<bool> pause(int ms);
  proto::Result<std::span<const std::byte>> request(std::uint8_t vendor_request,
                                                    const ControlSetup& place);
  proto::DeviceInfo device_info() const;

  // js110.cc
  proto::Result<void> on_transfer(const Loan& loan, DriverSink& sink) override;
  void on_no_transfer(std::int64_t now_ns, DriverSink& sink) override;
  std::int64_t last_progress_ns() const override { return stream_->last_progress_ns(); }
  proto::Error silence(std::int64_t now_ns) const override;
  std::string name() const { return "js110/" + options_.serial; }

  const Js110Options options_;
  const std::unique_ptr<UsbPort> port_;
  const proto::Clock& clock_;
  js110::Counters counters_;
  TransferLoop transfers_;
  std::vector<js110::SignalInfo> signals_;
  std::optional<js110::Stream> stream_;  // lives from the first open() on: it counts the segments

  enum class State { kClosed, kOpening, kStreaming, kLost, kClosing };
  State state_ = State::kClosed;
  std::optional<js110::Settings> settings_;  // once those of the instrument are known
  js110::Calibration calibration_;
  std::vector<std::byte> calibration_file_;  // from which it was read
  std::string calibration_name_;
  std::string uncalibrated_;  // why it is; empty: it is not
  std::string firmware_;
  std::string hardware_;
  std::vector<std::byte> answer_;  // of a control request
};

}  // namespace drivers
