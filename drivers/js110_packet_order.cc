// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_packet_order.h"

#include <algorithm>

#include "drivers/js110_wire.h"
#include "proto/check.h"

namespace drivers::js110 {
namespace {

constexpr std::int64_t kIndexes = 65'536;
constexpr std::int64_t kWindowNs = 1'000'000'000;
// Ten times what the worst crystal does: what is later than that is a host that was held up.
constexpr std::int64_t kDriftPerMillion = 1000;

}  // namespace

std::int64_t PacketOrder::lateness_ns(const Mark& packet, const Mark& mark) {
  const auto packets = static_cast<std::int64_t>(packet.number - mark.number);
  return packet.ns - mark.ns - packets * kPacketNs;
}

std::optional<std::uint64_t> PacketOrder::number_of(std::uint16_t index,
                                                    std::int64_t arrival_ns) const {
  if (!next_) return index;
  const auto ahead = static_cast<std::uint16_t>(index - static_cast<std::uint16_t>(*next_));
  // The one that is due is that one, however late: a process that was stopped finds old packets.
  if (ahead == 0) return next_;
  const std::int64_t early_ns = arrival_ns - promptest_.ns + kEarlyMaxNs;
  const auto newest = static_cast<std::int64_t>(promptest_.number) + early_ns / kPacketNs;
  const std::int64_t room = newest - static_cast<std::int64_t>(*next_) - ahead;
  if (room < 0) return std::nullopt;
  return *next_ + ahead + static_cast<std::uint64_t>(room / kIndexes * kIndexes);
}

void PacketOrder::take(std::uint64_t number, std::int64_t arrival_ns) {
  const Mark mark{number, arrival_ns};
  if (!next_) {
    promptest_ = recent_promptest_ = mark;
    recent_since_ns_ = arrival_ns;
  }
  WS_CHECK(!next_ || number >= *next_);
  next_ = number + 1;
  if (lateness_ns(mark, promptest_) < 0) promptest_ = mark;
  if (lateness_ns(mark, recent_promptest_) < 0) recent_promptest_ = mark;
  if (arrival_ns - recent_since_ns_ < kWindowNs) return;
  // A crystal that is slow makes all later packets late by the mark of an hour ago.
  const std::int64_t drift_max_ns = (arrival_ns - recent_since_ns_) / 1'000'000 * kDriftPerMillion;
  const std::int64_t late_ns = lateness_ns(recent_promptest_, promptest_);
  promptest_.ns += std::min(late_ns, drift_max_ns);
  recent_promptest_ = mark;
  recent_since_ns_ = arrival_ns;
}

void PacketOrder::reset() { *this = PacketOrder(); }

}  // namespace drivers::js110
