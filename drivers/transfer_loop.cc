// SPDX-License-Identifier: Apache-2.0
#include "drivers/transfer_loop.h"

#include <algorithm>

#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

// One poll() hands back control after so many transfers (2 MiB), however much is waiting.
constexpr int kTransfersPerPoll = 64;
// A real port paces failing transfers from 5 to 100 ms, so this is about 1.5 s of a dead bus.
constexpr int kFailedMax = 20;
constexpr int kFailedOpeningMax = 3;
// Silence is told by the clock only when so many transfers came and not one sample: a host that was
// asleep finds old transfers first.
constexpr int kIdleMin = 64;
constexpr std::int64_t kNsPerMs = 1'000'000;

}  // namespace

proto::Result<void> TransferLoop::poll(int timeout_ms, TransferReader& reader, DriverSink& sink) {
  int wait_ms = timeout_ms;
  for (int transfers = 0; transfers < kTransfersPerPoll; ++transfers) {
    const std::int64_t begin_ns = clock_.monotonic_ns();
    const auto loan = instrument_.port.wait_bulk_in(wait_ms);
    if (!loan) {
      waited_ns_ += std::min(clock_.monotonic_ns() - begin_ns, wait_ms * kNsPerMs);
      return on_failed_wait(loan.error(), reader, sink);
    }
    failed_ = 0;
    ++transfers_;
    const std::int64_t progress_ns = reader.last_progress_ns();
    auto result = reader.on_transfer(*loan, sink);
    const std::int64_t arrival_ns = loan->arrival_monotonic_ns;
    instrument_.port.return_loan(*loan);
    idle_ = reader.last_progress_ns() == progress_ns ? idle_ + 1 : 0;
    if (idle_ == 0) waited_ns_ = 0;
    if (result && idle_ >= kIdleMin) result = check_progress(arrival_ns, reader);
    if (!result) return result;
    wait_ms = 0;
  }
  return {};
}

proto::Result<void> TransferLoop::on_failed_wait(const proto::Error& error, TransferReader& reader,
                                                 DriverSink& sink) {
  const std::int64_t now_ns = clock_.monotonic_ns();
  reader.on_no_transfer(now_ns, sink);
  if (error.code == UsbErrc::kCancelled) return {};
  if (error.code == UsbErrc::kTimeout) {
    // A process that was stopped finds that much time gone by, and the samples not there yet.
    return waited_ns_ > kSilenceNs ? check_progress(now_ns, reader) : proto::Result<void>();
  }
  if (error.code == UsbErrc::kNoDevice) {
    return proto::fail(error.code, instrument_.name + " is gone: check its cable and power");
  }
  ++instrument_.transfers_failed;
  clear_halt(error.code);
  if (++failed_ < kFailedMax) return {};
  return proto::fail(error.code, instrument_.name + ": " + std::to_string(kFailedMax) +
                                     " transfers in a row failed: unplug it and plug it in again");
}

proto::Result<void> TransferLoop::on_failed_opening(const proto::Error& error,
                                                    const std::string& what) {
  if (error.code == UsbErrc::kTimeout) return {};
  const bool fatal = error.code == UsbErrc::kNoDevice || error.code == UsbErrc::kCancelled;
  if (fatal || ++failed_ > kFailedOpeningMax) return proto::fail(error.code, what);
  clear_halt(error.code);
  return {};
}

bool TransferLoop::is_silent(std::int64_t since_ns, std::int64_t now_ns) const {
  return now_ns - std::max(since_ns, streaming_since_ns_) > kSilenceNs;
}

proto::Result<void> TransferLoop::check_progress(std::int64_t now_ns,
                                                 const TransferReader& reader) const {
  if (!is_silent(reader.last_progress_ns(), now_ns)) return {};
  return tl::unexpected(reader.silence(now_ns));
}

void TransferLoop::clear_halt(const std::error_code& code) {
  if (code == UsbErrc::kStall) (void)instrument_.port.clear_halt(instrument_.endpoint_in);
}

}  // namespace drivers
