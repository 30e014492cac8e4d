// SPDX-License-Identifier: Apache-2.0
// A capture as a device: answers a driver as the instrument did, and sends what it sent.
//
// What the instrument sent after the driver's n-th word follows the n-th word of whoever is there
// now, at the distance in time that it had: so an answer never comes before its question. A word
// that does not come is waited for 200 ms longer than the driver of the capture took.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "drivers/usb/capture.h"
#include "drivers/usb/usb_device.h"

namespace drivers {

// One thread. The capture outlives the device. When all of it was sent, the device is gone; the
// next request begins anew.
class CaptureDevice final : public UsbDevice {
 public:
  static constexpr std::int64_t kPatienceNs = 200'000'000;

  // `descriptors`: those of the captured model; they are not in the file.
  explicit CaptureDevice(const Capture& capture, UsbDescriptors descriptors = {})
      : capture_(capture), descriptors_(std::move(descriptors)) {}

  UsbDescriptors descriptors() const override { return descriptors_; }
  proto::Result<std::vector<std::byte>> control_in(const ControlSetup& setup,
                                                   std::int64_t now_ns) override;
  proto::Result<void> control_out(const ControlSetup& setup, std::span<const std::byte> data,
                                  std::int64_t now_ns) override;
  proto::Result<void> bulk_out(std::span<const std::byte> data, std::int64_t now_ns) override;
  proto::Result<std::size_t> bulk_in(std::span<std::byte> transfer, std::int64_t now_ns) override;
  std::optional<std::int64_t> next_due_ns(std::int64_t now_ns) const override;

  // All that the instrument sent was sent.
  bool is_over() const { return next_in_ == capture_.exchanges.size(); }

 private:
  const Exchange* answer_to(ExchangeKind kind, std::span<const std::byte> head,
                            std::int64_t now_ns);
  const Exchange* find_word(ExchangeKind kind, std::span<const std::byte> head) const;
  std::int64_t due_ns(const Exchange& exchange) const;
  void skip_words(std::int64_t now_ns);
  void begin_anew(std::int64_t now_ns);
  void set_pace(const Exchange& exchange, std::int64_t now_ns);
  std::size_t next_of(bool transfer, std::size_t from) const;

  const Capture& capture_;
  const UsbDescriptors descriptors_;
  bool begun_ = false;
  std::size_t next_word_ = 0;  // the first word that the driver has not said
  std::size_t next_in_ = 0;    // the first transfer that was not sent
  // When the newest exchange happened, now and in the capture.
  std::int64_t then_now_ns_ = 0;
  std::int64_t then_capture_ns_ = 0;
};

}  // namespace drivers
