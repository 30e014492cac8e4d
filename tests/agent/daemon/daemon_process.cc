// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/daemon/daemon_process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace agent {
namespace {

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

DaemonProcess::DaemonProcess(const std::vector<std::string>& arguments, std::string log_file)
    : log_file_(std::move(log_file)) {
  std::vector<char*> argv = {const_cast<char*>(WATTSPOOLD_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int log = ::open(log_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ != 0) {
    ::close(log);
    return;
  }
  // Permissions hold for root too, so that tests see what the daemon's own user sees.
  ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::execv(WATTSPOOLD_PROGRAM, argv.data());
  ::_exit(127);
}

DaemonProcess::~DaemonProcess() {
  if (has_ended()) return;
  signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void DaemonProcess::signal(int number) const { ::kill(pid_, number); }

bool DaemonProcess::has_ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_.has_value();
}

std::optional<int> DaemonProcess::wait() {
  if (!wait_until([this] { return has_ended(); })) return std::nullopt;
  return WIFEXITED(*status_) ? std::optional<int>(WEXITSTATUS(*status_)) : std::nullopt;
}

std::string DaemonProcess::output() const {
  std::ostringstream text;
  text << std::ifstream(log_file_).rdbuf();
  return text.str();
}

bool DaemonProcess::wait_for_output(const std::string& text) {
  const auto has_said = [&] { return output().find(text) != std::string::npos; };
  wait_until([&] { return has_said() || has_ended(); });
  return has_said();
}

ProcessOutcome run_daemon(const std::vector<std::string>& arguments, const std::string& log_file) {
  DaemonProcess process(arguments, log_file);
  const auto exit_code = process.wait();
  return {exit_code, process.output()};
}

}  // namespace agent
