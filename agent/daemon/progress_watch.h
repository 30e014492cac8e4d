// SPDX-License-Identifier: Apache-2.0
// Which threads have stopped: the watchdog is fed only while there are none. A thread is fresh
// while its heartbeat grows and, when there is work for it, its progress too. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace agent {

struct ThreadBeat {
  std::string thread;  // "spool writer", "forwarder", "js220/001234"
  std::uint64_t heartbeat = 0;
  std::uint64_t progress = 0;
  bool has_work = false;  // so progress is expected
  int patience = 1;       // times the limits
};

struct ProgressLimits {
  // Opening an instrument takes up to 4 s when it answers late; fsync on a busy disk takes longer.
  std::chrono::milliseconds heartbeat{10'000};
  std::chrono::milliseconds progress{60'000};
};

// One thread.
class ProgressWatch {
 public:
  explicit ProgressWatch(ProgressLimits limits) : limits_(limits) {}

  // The threads that are not fresh.
  std::vector<std::string> observe(const std::vector<ThreadBeat>& beats, std::int64_t now_ns);

 private:
  struct Seen {
    std::uint64_t heartbeat = 0;
    std::uint64_t progress = 0;
    std::int64_t heartbeat_ns = 0;  // when it last grew
    std::int64_t progress_ns = 0;   // when it last grew, or there was no work
  };
  const ProgressLimits limits_;
  std::map<std::string, Seen> seen_;
};

}  // namespace agent
