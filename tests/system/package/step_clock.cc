// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: the wall clock of one process, moved by the nanoseconds that the file
// $STEP_CLOCK_FILE holds at that moment. Monotonic and boot time, timers and relative waits stay as
// they are, as when somebody sets a real clock. Hosts that share a kernel share its clock, so it
// cannot be set there. A wait that is under way at a step ends when it would have ended without.
// The file must be changed in place, in one write.
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace {

constexpr long long kNsPerS = 1'000'000'000;

long long offset_ns() {
  static const int fd = [] {
    const char* const path = std::getenv("STEP_CLOCK_FILE");
    return path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  }();
  std::array<char, 32> text{};
  if (fd < 0 || pread(fd, text.data(), text.size() - 1, 0) <= 0) return 0;
  return std::strtoll(text.data(), nullptr, 10);
}

}  // namespace

extern "C" {

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto code = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  const bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (code != 0 || !is_wall) return code;
  const long long ns = time->tv_sec * kNsPerS + time->tv_nsec + offset_ns();
  time->tv_sec = ns / kNsPerS;
  time->tv_nsec = ns % kNsPerS;
  return 0;
}

int gettimeofday(timeval* __restrict time, void* __restrict /*zone*/) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* seconds) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds != nullptr) *seconds = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(timespec* time, int base) noexcept {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

// librdkafka waits until a wall time: the kernel must be told its own. In glibc both kinds of
// condition are the same thing, and so are both kinds of mutex.
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  const long long ns = until->tv_sec * kNsPerS + until->tv_nsec - offset_ns();
  const timespec true_until = {ns / kNsPerS, ns % kNsPerS};
  const int code = pthread_cond_clockwait(reinterpret_cast<pthread_cond_t*>(condition),
                                          reinterpret_cast<pthread_mutex_t*>(mutex), CLOCK_REALTIME,
                                          &true_until);
  if (code == ETIMEDOUT) return thrd_timedout;
  return code == 0 ? thrd_success : thrd_error;
}

}  // extern "C"
