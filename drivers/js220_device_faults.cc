// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device_faults.h"

#include <array>

#include "drivers/device_fault_text.h"

namespace drivers::js220 {
namespace {

// Arguments of a fault: p port, n count (1 when left out), v value, d duration, D duration that may
// be left out.
struct FaultSpec {
  std::string_view name;
  FaultKind kind;
  std::string_view arguments;
  std::string_view usage;
  std::string_view meaning;
};

constexpr std::array kSpecs = {
    FaultSpec{"lose", FaultKind::kLose, "pn", "PORT [N]", "frames vanish on their way"},
    FaultSpec{"repeat", FaultKind::kRepeat, "pn", "PORT [N]", "frames arrive twice"},
    FaultSpec{"overlap", FaultKind::kOverlap, "pn", "PORT [N]",
              "an extra frame repeats half of the frame before and half of the next"},
    FaultSpec{"tear", FaultKind::kTear, "pn", "PORT [N]", "the transfer ends inside a frame"},
    FaultSpec{"length", FaultKind::kLength, "pvn", "PORT LENGTH [N]",
              "the header states a wrong length (0 to 511)"},
    FaultSpec{"swap", FaultKind::kSwap, "pn", "PORT [N]",
              "a frame arrives after the next one of its port"},
    FaultSpec{"nan", FaultKind::kNan, "pn", "PORT [N]", "frames hold NaN only"},
    FaultSpec{"stray", FaultKind::kStray, "p", "PORT", "a frame comes on a port nobody asked for"},
    FaultSpec{"delay", FaultKind::kDelay, "d", "DURATION",
              "nothing is sent for a while; the FIFO fills, then overflows"},
    FaultSpec{"silent", FaultKind::kSilent, "D", "[DURATION]",
              "nothing is sent nor answered; until the next CONNECT when no duration is given"},
    FaultSpec{"disconnect", FaultKind::kDisconnect, "d", "DURATION",
              "gone from the bus; power stays, the counter goes on"},
    FaultSpec{"replug", FaultKind::kReplug, "d", "DURATION",
              "unplugged: the counter begins at 0, all settings are lost"},
    FaultSpec{"jump", FaultKind::kJump, "v", "IDS", "the sample counter jumps"},
    FaultSpec{"timemap-jump", FaultKind::kTimemapJump, "v", "IDS",
              "TIMEMAP's counter is off by IDS from now on"},
    FaultSpec{"no-pong", FaultKind::kNoPong, "n", "[N]", "pings get no pong"},
    FaultSpec{"late-pong", FaultKind::kLatePong, "d", "DURATION", "the next pong comes late"},
    FaultSpec{"no-ack", FaultKind::kNoAck, "n", "[N]", "publishes get no return code"},
    FaultSpec{"stall-connect", FaultKind::kStallConnect, "n", "[N]", "CONNECT requests stall"},
    FaultSpec{"connect-status", FaultKind::kConnectStatus, "vn", "CODE [N]",
              "CONNECT requests answer with an error code"},
    FaultSpec{"protocol", FaultKind::kProtocol, "v", "MAJOR",
              "CONNECT frames name this protocol version, until healed"},
    FaultSpec{"stall-in", FaultKind::kStallIn, "n", "[N]", "bulk IN transfers end in a stall"},
    FaultSpec{"io-error", FaultKind::kIoError, "n", "[N]", "bulk IN transfers end in an error"},
    FaultSpec{"heal", FaultKind::kHeal, "", "", "takes back all faults"},
};

constexpr bool is_frame_fault(FaultKind kind) { return kind <= FaultKind::kNan; }

// One argument of the fault; false when it makes no sense.
bool set_argument(const FaultSpec& /*spec*/, char what, std::string_view text, Fault& fault) {
  if (what == 'd' || what == 'D') {
    fault.duration_ns = parse_fault_duration_ns(text);
    return fault.duration_ns.has_value();
  }
  const auto number = parse_fault_number(text);
  if (!number) return false;
  if (what == 'p') {
    fault.port = static_cast<std::uint8_t>(*number);
    return *number >= 0 && *number < 32;
  }
  if (what == 'n') {
    fault.count = static_cast<std::uint32_t>(*number);
    return *number >= 1 && *number <= 1'000'000'000;
  }
  fault.value = *number;
  const std::int64_t limit = fault.kind == FaultKind::kLength          ? 511
                             : fault.kind == FaultKind::kConnectStatus ? 255
                             : fault.kind == FaultKind::kProtocol      ? 255
                                                                       : 0;
  if (limit > 0) return *number >= 0 && *number <= limit;
  return *number > -(std::int64_t{1} << 52) && *number < std::int64_t{1} << 52;
}

}  // namespace

proto::Result<Fault> parse_fault(std::string_view text) {
  return parse_fault_by<Fault>(kSpecs, text, set_argument);
}

std::string describe_faults() { return describe_fault_table(kSpecs); }

std::optional<Fault> FaultPlan::take(FaultKind kind, std::optional<std::uint8_t> port) {
  return take_if(
      [&](const Fault& fault) { return fault.kind == kind && (!port || fault.port == *port); });
}

std::optional<Fault> FaultPlan::take_frame_fault(std::uint8_t port) {
  return take_if(
      [&](const Fault& fault) { return is_frame_fault(fault.kind) && fault.port == port; });
}

}  // namespace drivers::js220
