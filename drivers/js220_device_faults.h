// SPDX-License-Identifier: Apache-2.0
// What an emulated JS220 does wrong on command. A fault is one line of text: `lose 21 3`,
// `silent 2s`, `disconnect 500ms`. The table in js220_device_faults.cc has them all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/device_faults.h"
#include "proto/result.h"

namespace drivers::js220 {

enum class FaultKind : std::uint8_t {
  // One frame of a port each, `count` times.
  kLose,
  kRepeat,
  kOverlap,
  kTear,
  kLength,
  kSwap,
  kNan,
  // Until `duration_ns` from now.
  kDelay,
  kSilent,
  kDisconnect,
  kReplug,
  // At once.
  kJump,
  kTimemapJump,
  kStray,
  kHeal,
  // The next `count` answers.
  kNoPong,
  kNoAck,
  kStallConnect,
  kStallIn,
  kIoError,
  kConnectStatus,
  kProtocol,  // until healed
  kLatePong,
};

struct Fault {
  FaultKind kind = FaultKind::kHeal;
  std::uint8_t port = 0;
  std::int64_t value = 0;  // ids, a code, a length; its meaning is the kind's
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
  // Uses up one of the first armed fault of `kind` (and, where it is not null, `port`).
  std::optional<Fault> take(FaultKind kind, std::optional<std::uint8_t> port = std::nullopt);
  // The first armed fault for a frame of this port, used up.
  std::optional<Fault> take_frame_fault(std::uint8_t port);
};

}  // namespace drivers::js220
