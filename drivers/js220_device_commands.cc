// SPDX-License-Identifier: Apache-2.0
// What an operator or a test can do to an emulated JS220.
#include <algorithm>

#include "drivers/js220_device.h"

namespace drivers {

using js220::Fault;
using js220::FaultKind;

void Js220Device::inject(const Fault& fault, std::int64_t now_ns) {
  const std::int64_t until_ns = now_ns + fault.duration_ns.value_or(0);
  switch (fault.kind) {
    case FaultKind::kDelay:
      delayed_until_ns_ = until_ns;
      break;
    case FaultKind::kSilent:
      silent_ = !fault.duration_ns;
      silent_until_ns_ = until_ns;
      break;
    case FaultKind::kDisconnect:
    case FaultKind::kReplug:
      inject_absence(fault, until_ns);
      break;
    case FaultKind::kJump:
      counter_.jump(fault.value, now_ns);
      streams_.restart_at(counter_.at(now_ns));
      if (statistics_.running()) {
        statistics_.start(counter_.at(now_ns), topics_.statistics_block_values());
      }
      break;
    case FaultKind::kTimemapJump:
      timemap_offset_ids_ = fault.value;
      next_time_ns_ = std::min(next_time_ns_, now_ns);
      break;
    case FaultKind::kStray: {
      js220::FrameBuffer frame = js220::make_frame(0, fault.port, std::vector<std::byte>(64));
      sender_.add_waiting(frame);
      break;
    }
    case FaultKind::kHeal:
      faults_.heal();
      silent_ = false;
      silent_until_ns_ = delayed_until_ns_ = absent_until_ns_ = now_ns;
      timemap_offset_ids_ = 0;
      break;
    default:
      faults_.arm(fault);
  }
}

// The bus forgets the connection; a replug takes the power with it.
void Js220Device::inject_absence(const Fault& fault, std::int64_t until_ns) {
  disconnect();
  absent_until_ns_ = until_ns;
  if (fault.kind != FaultKind::kReplug) return;
  counter_.restart(0, until_ns);
  topics_.power_on();
  streams_.set_range(topics_.range_limits());
  statistics_.set_range(topics_.range_limits());
}

proto::Result<std::string> Js220Device::command(std::string_view text, std::int64_t now_ns) {
  if (text == "counter") return std::to_string(counter(now_ns));
  if (text == "state") {
    return std::string(connected_ ? "connected" : "not connected") +
           " counter=" + std::to_string(counter(now_ns)) +
           " frames_sent=" + std::to_string(frames_sent()) +
           " frames_lost=" + std::to_string(frames_lost());
  }
  const auto fault = js220::parse_fault(text);
  if (!fault) return tl::unexpected(fault.error());
  inject(*fault, now_ns);
  return std::string("ok");
}

}  // namespace drivers
