// SPDX-License-Identifier: Apache-2.0
// The device side of the JS220's protocol: an emulated instrument that a driver can be attached to
// (in this process or over a socket). What it measures comes from a SampleSource; its counter goes
// on whether or not a host is there. EMULATOR.md says what is faithful and what is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/js220_device_counter.h"
#include "drivers/js220_device_faults.h"
#include "drivers/js220_device_sender.h"
#include "drivers/js220_device_statistics.h"
#include "drivers/js220_device_streams.h"
#include "drivers/js220_device_topics.h"
#include "drivers/signal/sample_source.h"
#include "drivers/usb/usb_device.h"
#include "proto/clock.h"

namespace drivers {

struct Js220DeviceOptions {
  std::string serial = "000001";
  std::uint64_t start_id = 0;  // of the counter, when the device is made
  double time_scale = 1;       // of the counter, against real time; TIMEMAP says so
  // 28 ms of current, voltage, range and one input.
  std::size_t fifo_bytes = std::size_t{256} * 1024;
  // A transfer completes when it is full, or this long after the last one.
  std::int64_t hold_ns = 10'000'000;
};

// One thread. The source and the clock outlive it; `now_ns` of the calls is the clock's monotonic
// time.
class Js220Device final : public UsbDevice {
 public:
  Js220Device(const SampleSource& source, const proto::Clock& clock,
              const Js220DeviceOptions& options = {});

  UsbDescriptors descriptors() const override;
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                   std::int64_t now_ns) override;
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  std::int64_t now_ns) override;
  proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t now_ns) override;
  proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer, std::int64_t now_ns) override;
  std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const override;

  void inject(const js220::Fault& fault, std::int64_t now_ns);
  // A line from an operator or a test: a fault, or `counter` or `state`. The answer is one line.
  proto::Result<std::string> command(std::string_view text, std::int64_t now_ns);

  std::uint64_t counter(std::int64_t now_ns) const { return counter_.at(now_ns); }
  bool connected() const { return connected_; }
  std::uint64_t frames_sent() const { return sender_.frames_sent(); }
  std::uint64_t frames_lost() const { return streams_.lost_frames(); }

 private:
  bool is_present(std::int64_t now_ns) const { return now_ns >= absent_until_ns_; }
  bool is_mute(std::int64_t now_ns) const {
    return silent_ || now_ns < silent_until_ns_ || now_ns < delayed_until_ns_;
  }
  proto::Result<std::vector<std::byte>> connect(std::int64_t now_ns);
  void disconnect();
  void inject_absence(const js220::Fault& fault, std::int64_t until_ns);
  void on_control(std::span<const std::byte> payload);
  void on_publish(const js220::Publish& message, std::int64_t now_ns);
  void on_setting(const js220::Publish& message, std::int64_t now_ns);
  void apply_streams(std::string_view topic, std::int64_t now_ns);
  void publish(const js220::Publish& message);
  void queue(const js220::FrameBuffer& frame);
  void queue_time(std::int64_t now_ns);
  bool streams_due(std::int64_t now_ns) const;
  std::int64_t utc_ns(std::int64_t now_ns) const;

  const SampleSource& source_;
  const proto::Clock& clock_;
  Js220DeviceOptions options_;
  js220::SampleCounter counter_;
  js220::TopicStore topics_;
  js220::StreamFifo streams_;
  js220::StatisticsMaker statistics_;
  js220::FrameSender sender_;
  js220::FaultPlan faults_;

  bool connected_ = false;
  std::deque<js220::FrameBuffer> queue_;  // all but samples, in order
  std::int64_t next_time_ns_ = 0;         // of TIMESYNC and TIMEMAP
  std::int64_t last_samples_ns_ = 0;      // the last transfer with samples
  std::optional<js220::FrameBuffer> late_pong_;
  std::int64_t late_pong_ns_ = 0;

  std::int64_t absent_until_ns_ = 0;
  std::int64_t silent_until_ns_ = 0;
  std::int64_t delayed_until_ns_ = 0;
  bool silent_ = false;  // until the next CONNECT
  std::int64_t timemap_offset_ids_ = 0;
};

}  // namespace drivers
