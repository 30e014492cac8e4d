// SPDX-License-Identifier: Apache-2.0
// Reads one JS220 at its full rate: current and voltage at 1 MSPS, current range and digital inputs
// at 2 MSPS. README.md has the state diagram and what a user sees of each bad input.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/instrument_driver.h"
#include "drivers/js220_counters.h"
#include "drivers/js220_metadata.h"
#include "drivers/js220_pubsub.h"
#include "drivers/js220_signals.h"
#include "drivers/js220_stream.h"
#include "drivers/js220_wire.h"
#include "drivers/transfer_loop.h"
#include "drivers/usb/usb_port.h"
#include "proto/clock.h"

namespace drivers {

struct Js220Options {
  std::string serial;
  // Recorded beside current and voltage: current_range, gpi0-gpi3, trigger.
  std::vector<std::string> codes = {"current_range", "gpi0"};
  // "auto", or the name of one range as the instrument gives it ("10 A").
  std::string current_range = "auto";
};

// The clock outlives the driver.
class Js220Driver final : public InstrumentDriver, private TransferReader {
 public:
  // Each step of open() may take this long.
  static constexpr int kAnswerTimeoutMs = 1000;

  Js220Driver(Js220Options options, std::unique_ptr<UsbPort> port, const proto::Clock& clock);
  ~Js220Driver() override;

  proto::Result<proto::DeviceInfo> open() override;
  proto::Result<void> poll(int timeout_ms, DriverSink& sink) override;
  void flush(DriverSink& sink) override;
  void close() override;
  void cancel() override;

  BusCounters bus_counters() const override {
    return {transfers_.transfers(), counters_.transfers_failed, port_->claims_repeated()};
  }
  // Since the driver was made. From the driver's thread.
  const js220::Counters& counters() const { return counters_; }

 private:
  // js220_open.cc
  proto::Result<void> connect();
  proto::Result<void> identify();
  proto::Result<void> configure();
  proto::Result<void> set_current_range();
  proto::Result<void> set_option(const std::string& topic, const std::string& name);
  proto::Result<void> set(const std::string& topic, const js220::Value& value, int timeout_ms);
  proto::Result<void> wait_for(const std::string& what, int timeout_ms,
                               const std::function<bool()>& has_come);
  proto::Result<void> request(std::uint8_t vendor_request);
  proto::DeviceInfo device_info() const;
  void stop_streams();

  // js220.cc. The sink is called while streaming only.
  proto::Result<void> receive(const Loan& loan, DriverSink& sink);
  proto::Result<void> on_control(const js220::FrameView& frame, const Loan& loan, DriverSink& sink);
  void on_publish(const js220::FrameView& frame);
  void count_frame(std::uint16_t frame_id);
  proto::Result<void> on_transfer(const Loan& loan, DriverSink& sink) override;
  void on_no_transfer(std::int64_t now_ns, DriverSink& sink) override;
  std::int64_t last_progress_ns() const override { return stream_->last_progress_ns(); }
  proto::Error silence(std::int64_t now_ns) const override;
  proto::Result<void> publish(const std::string& topic, const js220::Value& value);
  proto::Result<void> send(const js220::FrameBuffer& frame);
  std::string name() const { return "js220/" + options_.serial; }

  const Js220Options options_;
  const std::unique_ptr<UsbPort> port_;
  const proto::Clock& clock_;
  js220::Counters counters_;
  TransferLoop transfers_;
  std::vector<js220::SignalInfo> signals_;
  std::optional<js220::Stream> stream_;  // lives from the first open() on: it counts the segments

  enum class State { kClosed, kOpening, kStreaming, kLost, kClosing };
  State state_ = State::kClosed;
  std::uint16_t frame_id_ = 0;                      // of the next frame out
  std::optional<std::uint16_t> expected_frame_id_;  // of the next frame in

  // Answers, as they come.
  std::optional<js220::Connect> connected_;
  js220::Metadata metadata_;
  std::uint32_t ping_ = 0;
  bool pong_ = false;  // of this ping
  std::string awaited_topic_;
  std::optional<std::int64_t> return_code_;  // of that topic
};

}  // namespace drivers
