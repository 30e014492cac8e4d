// SPDX-License-Identifier: Apache-2.0
#include "agent/report/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace agent {
namespace {

constexpr std::size_t kErrBytesMax = 64 << 10;

tl::unexpected<proto::Error> failed(int error, const std::string& program) {
  return proto::fail({error, std::generic_category()}, "start " + program);
}

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
      read = ends[0];
      write = ends[1];
    }
  }
  ~Pipe() {
    close_write();
    if (read >= 0) ::close(read);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write() {
    if (write >= 0) ::close(write);
    write = -1;
  }
};

std::vector<std::string> plain_environment() {
  std::vector<std::string> variables{"LC_ALL=C.UTF-8"};
  for (char** at = environ; *at != nullptr; ++at) {
    if (!std::string_view(*at).starts_with("LC_ALL=")) variables.emplace_back(*at);
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// 0 or errno.
int spawn(std::vector<std::string> words, int out_fd, int err_fd, pid_t& pid) {
  posix_spawn_file_actions_t actions;
  if (const int error = ::posix_spawn_file_actions_init(&actions); error != 0) return error;
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
  std::vector<std::string> variables = plain_environment();
  const int error = ::posix_spawnp(&pid, words.front().c_str(), &actions, nullptr,
                                   pointers(words).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

// False at the end.
bool take(int fd, std::string& text, std::size_t bytes_max, bool& cut_off) {
  std::array<char, 16'384> chunk;
  const ssize_t got = ::read(fd, chunk.data(), chunk.size());
  if (got < 0) return errno == EINTR;
  if (got == 0) return false;
  text.append(chunk.data(), static_cast<std::size_t>(got));
  if (text.size() <= bytes_max) return true;
  text.resize(bytes_max);
  cut_off = true;
  return false;
}

void listen(int out_fd, int err_fd, const ProgramLimits& limits, const proto::Clock& clock,
            ProgramOutcome& outcome) {
  const std::int64_t end_ns = clock.monotonic_ns() + std::chrono::nanoseconds(limits.time).count();
  std::array<pollfd, 2> ends{pollfd{out_fd, POLLIN, 0}, pollfd{err_fd, POLLIN, 0}};
  while ((ends[0].fd >= 0 || ends[1].fd >= 0) && !outcome.cut_off) {
    const std::int64_t left_ms = (end_ns - clock.monotonic_ns()) / 1'000'000;
    if (left_ms <= 0) {
      outcome.cut_off = true;
      return;
    }
    if (::poll(ends.data(), ends.size(), static_cast<int>(left_ms)) < 0 && errno != EINTR) return;
    if (ends[0].revents != 0 && !take(out_fd, outcome.out, limits.out_bytes_max, outcome.cut_off)) {
      ends[0].fd = -1;
    }
    if (ends[1].revents != 0 && !take(err_fd, outcome.err, kErrBytesMax, outcome.cut_off)) {
      ends[1].fd = -1;
    }
    for (pollfd& end : ends) end.revents = 0;
  }
}

int exit_code_of(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

proto::Result<ProgramOutcome> run_program(const std::vector<std::string>& words,
                                          const ProgramLimits& limits, const proto::Clock& clock) {
  Pipe out;
  Pipe err;
  if (out.read < 0 || err.read < 0) return failed(errno, words.front());
  pid_t pid = 0;
  const int error = spawn(words, limits.out_fd >= 0 ? limits.out_fd : out.write, err.write, pid);
  if (error != 0) return failed(error, words.front());
  out.close_write();
  err.close_write();
  ProgramOutcome outcome;
  listen(out.read, err.read, limits, clock, outcome);
  if (outcome.cut_off) ::kill(pid, SIGKILL);
  outcome.exit_code = exit_code_of(pid);
  return outcome;
}

}  // namespace agent
