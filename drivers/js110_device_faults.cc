// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_device_faults.h"

#include <array>

#include "drivers/device_fault_text.h"

namespace drivers::js110 {
namespace {

// Arguments of a fault: n count (1 when left out), v value up to `value_max`, d duration, D
// duration that may be left out.
struct FaultSpec {
  std::string_view name;
  FaultKind kind;
  std::string_view arguments;
  std::int64_t value_max;
  std::string_view usage;
  std::string_view meaning;
};

constexpr std::array kSpecs = {
    FaultSpec{"lose", FaultKind::kLose, "n", 0, "[N]", "packets vanish on their way"},
    FaultSpec{"repeat", FaultKind::kRepeat, "n", 0, "[N]", "packets arrive twice"},
    FaultSpec{"tear", FaultKind::kTear, "n", 0, "[N]", "the transfer ends inside a packet"},
    FaultSpec{"status", FaultKind::kStatus, "vn", 255, "CODE [N]",
              "packets say that they are invalid"},
    FaultSpec{"type", FaultKind::kType, "vn", 255, "TYPE [N]", "packets hold no raw samples"},
    FaultSpec{"length", FaultKind::kLength, "vn", 32'767, "LENGTH [N]",
              "packets state a wrong length"},
    FaultSpec{"missing", FaultKind::kMissing, "vn", 126, "WORDS [N]",
              "packets whose first WORDS words are marked as missing"},
    FaultSpec{"slip", FaultKind::kSlip, "n", 0, "[N]",
              "a sample vanishes within a packet: the toggle breaks once"},
    FaultSpec{"delay", FaultKind::kDelay, "d", 0, "DURATION",
              "nothing is sent for a while; the FIFO fills, then overflows"},
    FaultSpec{"silent", FaultKind::kSilent, "D", 0, "[DURATION]",
              "nothing is sent nor answered; until healed when no duration is given"},
    FaultSpec{"disconnect", FaultKind::kDisconnect, "d", 0, "DURATION",
              "gone from the bus; power stays, and so do its settings"},
    FaultSpec{"replug", FaultKind::kReplug, "d", 0, "DURATION",
              "unplugged: all settings are those of power-on"},
    FaultSpec{"restart", FaultKind::kRestart, "", 0, "", "the packet index begins at 0 again"},
    FaultSpec{"stall-in", FaultKind::kStallIn, "n", 0, "[N]", "bulk IN transfers end in a stall"},
    FaultSpec{"io-error", FaultKind::kIoError, "n", 0, "[N]", "bulk IN transfers end in an error"},
    FaultSpec{"stall-request", FaultKind::kStallRequest, "vn", 255, "REQUEST [N]",
              "vendor requests of that number stall"},
    FaultSpec{"empty-answer", FaultKind::kEmptyAnswer, "vn", 255, "REQUEST [N]",
              "vendor requests of that number are answered with no byte"},
    FaultSpec{"settings-error", FaultKind::kSettingsError, "vn", 1000, "CODE [N]",
              "settings are refused with that code"},
    FaultSpec{"busy", FaultKind::kBusy, "", 0, "", "settings are never done, until healed"},
    FaultSpec{"short-status", FaultKind::kShortStatus, "", 0, "",
              "status is that of old firmware (24 bytes), until healed"},
    FaultSpec{"protocol", FaultKind::kProtocol, "v", 255, "VERSION",
              "settings, status and inputs are of that protocol version, until healed"},
    FaultSpec{"damage", FaultKind::kDamage, "v", 2, "COPY",
              "calibration 0 (factory), 1 (active) or 2 (both) is damaged, until healed"},
    FaultSpec{"heal", FaultKind::kHeal, "", 0, "", "takes back all faults"},
};

constexpr bool is_packet_fault(FaultKind kind) { return kind <= FaultKind::kSlip; }

// One argument of the fault; false when it makes no sense.
bool set_argument(const FaultSpec& spec, char what, std::string_view text, Fault& fault) {
  if (what == 'd' || what == 'D') {
    fault.duration_ns = parse_fault_duration_ns(text);
    return fault.duration_ns.has_value();
  }
  const auto number = parse_fault_number(text);
  if (!number) return false;
  if (what == 'n') {
    fault.count = static_cast<std::uint32_t>(*number);
    return *number >= 1 && *number <= 1'000'000'000;
  }
  fault.value = *number;
  return *number >= 0 && *number <= spec.value_max;
}

}  // namespace

proto::Result<Fault> parse_fault(std::string_view text) {
  return parse_fault_by<Fault>(kSpecs, text, set_argument);
}

std::string describe_faults() { return describe_fault_table(kSpecs); }

std::optional<Fault> FaultPlan::take(FaultKind kind, std::optional<std::int64_t> value) {
  return take_if(
      [&](const Fault& fault) { return fault.kind == kind && (!value || fault.value == *value); });
}

std::optional<Fault> FaultPlan::take_packet_fault() {
  return take_if([](const Fault& fault) { return is_packet_fault(fault.kind); });
}

}  // namespace drivers::js110
