// SPDX-License-Identifier: Apache-2.0
// What a JS110 driver has seen since it was made.
#pragma once

#include <cstdint>

namespace drivers::js110 {

struct Counters {
  std::uint64_t packets = 0;            // used ones
  std::uint64_t packets_lost = 0;       // by the packet index
  std::uint64_t packets_malformed = 0;  // cut short, no raw samples, invalid by their own status
  std::uint64_t packets_stale = 0;      // left over from an earlier start
  std::uint64_t packets_stray = 0;      // out of place: repeated, or far from all others
  std::uint64_t words_missing = 0;      // marked so by the instrument
  std::uint64_t toggles_wrong = 0;      // samples that vanished within a packet
  std::uint64_t index_restarts = 0;     // each began a segment
  std::uint64_t clock_steps = 0;        // each began a segment
  std::uint64_t time_marks_rejected = 0;
  std::uint64_t transfers_failed = 0;  // stalled or broken
};

}  // namespace drivers::js110
