// SPDX-License-Identifier: Apache-2.0
// The place of a packet in the stream of a JS110. Its index has 16 bits and comes again after
// 4.13 s, so the host's clock says which one is meant: a packet may be late, but never earlier than
// it can have been made. Pure. From the protocol sheet of the JS110, sections 8 and 11.
#pragma once

#include <cstdint>
#include <optional>

namespace drivers::js110 {

class PacketOrder {
 public:
  // A packet that seems to be made this long before it can be is one of 4.13 s earlier.
  static constexpr std::int64_t kEarlyMaxNs = 50'000'000;

  // Of a packet that arrived at `arrival_ns` (monotonic); its number counts from the start of the
  // stream. Absent: it lies before the ones that came already. Changes nothing.
  std::optional<std::uint64_t> number_of(std::uint16_t index, std::int64_t arrival_ns) const;
  // It is taken: the next one has the number after it. `number` is not below next().
  void take(std::uint64_t number, std::int64_t arrival_ns);
  // The number that follows the last one taken; absent before the first.
  std::optional<std::uint64_t> next() const { return next_; }
  void reset();

 private:
  struct Mark {
    std::uint64_t number = 0;
    std::int64_t ns = 0;
  };
  // How long after its time, by `mark`, a packet came.
  static std::int64_t lateness_ns(const Mark& packet, const Mark& mark);

  std::optional<std::uint64_t> next_;
  Mark promptest_;         // by which others are judged
  Mark recent_promptest_;  // of the last second, which tells how the instrument's clock drifts
  std::int64_t recent_since_ns_ = 0;
};

}  // namespace drivers::js110
