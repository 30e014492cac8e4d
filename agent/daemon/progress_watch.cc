// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/progress_watch.h"

namespace agent {

std::vector<std::string> ProgressWatch::observe(const std::vector<ThreadBeat>& beats,
                                                std::int64_t now_ns) {
  using std::chrono::nanoseconds;
  std::vector<std::string> stuck;
  for (const ThreadBeat& beat : beats) {
    const auto [at, is_new] =
        seen_.try_emplace(beat.thread, Seen{beat.heartbeat, beat.progress, now_ns, now_ns});
    Seen& seen = at->second;
    if (beat.heartbeat != seen.heartbeat) seen.heartbeat_ns = now_ns;
    if (beat.progress != seen.progress || !beat.has_work) seen.progress_ns = now_ns;
    seen.heartbeat = beat.heartbeat;
    seen.progress = beat.progress;
    if (nanoseconds(now_ns - seen.heartbeat_ns) >= beat.patience * limits_.heartbeat ||
        nanoseconds(now_ns - seen.progress_ns) >= beat.patience * limits_.progress) {
      stuck.push_back(beat.thread);
    }
  }
  return stuck;
}

}  // namespace agent
