// SPDX-License-Identifier: Apache-2.0
// What a JS220 driver has seen since it was made.
#pragma once

#include <cstdint>

namespace drivers::js220 {

struct Counters {
  std::uint64_t frames = 0;                 // whole ones, all ports
  std::uint64_t frames_lost = 0;            // by the frame counter, any port
  std::uint64_t frames_malformed = 0;       // cut short, wrong length, odd id
  std::uint64_t frames_duplicate = 0;       // nothing new in them
  std::uint64_t frames_overlapping = 0;     // their front was known already
  std::uint64_t frames_stray = 0;           // an id far from all others
  std::uint64_t frames_unsynchronised = 0;  // before the first time mark
  std::uint64_t frames_ignored = 0;         // unknown or switched-off port
  std::uint64_t float_ids_lost = 0;         // by the sample counter, per float signal
  std::uint64_t code_ids_lost = 0;          // by the sample counter, per code signal
  std::uint64_t counter_jumps = 0;          // each began a segment
  std::uint64_t clock_steps = 0;            // each began a segment
  std::uint64_t time_marks_rejected = 0;
  std::uint64_t messages_malformed = 0;  // ports 0 and 1
  std::uint64_t transfers_failed = 0;    // stalled or broken
};

}  // namespace drivers::js220
