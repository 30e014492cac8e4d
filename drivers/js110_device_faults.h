// SPDX-License-Identifier: Apache-2.0
// What an emulated JS110 does wrong on command. A fault is one line of text: `lose 3`, `silent 2s`,
// `damage 1`. The table in js110_device_faults.cc has them all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/device_faults.h"
#include "proto/result.h"

namespace drivers::js110 {

enum class FaultKind : std::uint8_t {
  // The next `count` packets.
  kLose,
  kRepeat,
  kTear,
  kStatus,
  kType,
  kLength,
  kMissing,
  kSlip,
  // Until `duration_ns` from now.
  kDelay,
  kSilent,
  kDisconnect,
  kReplug,
  // At once.
  kRestart,
  kHeal,
  // The next `count` answers or transfers.
  kStallIn,
  kIoError,
  kStallRequest,
  kEmptyAnswer,
  kSettingsError,
  // Until healed.
  kBusy,
  kShortStatus,
  kProtocol,
  kDamage,
};

struct Fault {
  FaultKind kind = FaultKind::kHeal;
  std::int64_t value = 0;  // a code, a length, a number of words; its meaning is the kind's
  std::uint32_t count = 1;
  std::optional<std::int64_t> duration_ns{};
  bool operator==(const Fault&) const = default;
};

// std::errc::invalid_argument; the message says how the fault is written.
proto::Result<Fault> parse_fault(std::string_view text);
// One line per fault, for a help text.
std::string describe_faults();

// The faults that wait for their occasion.
class FaultPlan : public ArmedFaults<Fault> {
 public:
  // Uses up one of the first armed fault of `kind` (and, where it is not null, `value`).
  std::optional<Fault> take(FaultKind kind, std::optional<std::int64_t> value = std::nullopt);
  // The first armed fault for a packet, used up.
  std::optional<Fault> take_packet_fault();
};

}  // namespace drivers::js110
