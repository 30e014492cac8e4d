// SPDX-License-Identifier: Apache-2.0
// What every family does with the bulk IN transfers of its instrument: so many in one poll(), what
// a failed one means, and when an instrument that still sends is taken for dead.
#pragma once

#include <cstdint>
#include <string>

#include "drivers/instrument_driver.h"
#include "drivers/usb/usb_port.h"
#include "proto/clock.h"
#include "proto/result.h"

namespace drivers {

// The family's part.
class TransferReader {
 public:
  virtual ~TransferReader() = default;
  // The loan goes back after the call.
  virtual proto::Result<void> on_transfer(const Loan& loan, DriverSink& sink) = 0;
  // None came.
  virtual void on_no_transfer(std::int64_t now_ns, DriverSink& sink) = 0;
  // When a sample last came forward; 0: none did.
  virtual std::int64_t last_progress_ns() const = 0;
  // What to tell of an instrument that is silent.
  virtual proto::Error silence(std::int64_t now_ns) const = 0;
};

// One thread. All that it is given outlives it.
class TransferLoop {
 public:
  // No sample for this long: the instrument is taken for dead.
  static constexpr std::int64_t kSilenceNs = 2'000'000'000;

  struct Instrument {
    UsbPort& port;
    std::uint8_t endpoint_in = 0;
    std::string name;  // as in errors
    std::uint64_t& transfers_failed;
  };
  TransferLoop(const Instrument& instrument, const proto::Clock& clock)
      : instrument_(instrument), clock_(clock) {}

  void begin_opening() { failed_ = idle_ = 0; }
  void begin_streaming() {
    streaming_since_ns_ = clock_.monotonic_ns();
    waited_ns_ = 0;
  }

  // While opening: a transfer came; or it did not, and an error ends the wait for `what`.
  void on_received() { failed_ = 0; }
  proto::Result<void> on_failed_opening(const proto::Error& error, const std::string& what);

  // While streaming. An error means that the device is lost.
  proto::Result<void> poll(int timeout_ms, TransferReader& reader, DriverSink& sink);
  std::uint64_t transfers() const { return transfers_; }
  bool is_silent(std::int64_t since_ns, std::int64_t now_ns) const;

 private:
  proto::Result<void> on_failed_wait(const proto::Error& error, TransferReader& reader,
                                     DriverSink& sink);
  proto::Result<void> check_progress(std::int64_t now_ns, const TransferReader& reader) const;
  // A halted endpoint stays so until it is cleared; whether that worked shows at the next transfer.
  void clear_halt(const std::error_code& code);

  const Instrument instrument_;
  const proto::Clock& clock_;
  std::uint64_t transfers_ = 0;  // since it was made
  std::int64_t streaming_since_ns_ = 0;
  std::int64_t waited_ns_ = 0;  // for transfers that did not come, since the last sample
  int failed_ = 0;              // one after another
  int idle_ = 0;                // good ones, one after another, that brought no sample forward
};

}  // namespace drivers
