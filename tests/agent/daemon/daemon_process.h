// SPDX-License-Identifier: Apache-2.0
// wattspoold as a process: its exit code and its words.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace agent {

class DaemonProcess {
 public:
  // Standard output and error go to `log_file`.
  DaemonProcess(const std::vector<std::string>& arguments, std::string log_file);
  ~DaemonProcess();  // kills
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // The exit code; absent when a signal killed it, or after half a minute.
  std::optional<int> wait();
  std::string output() const;
  // False when it ended before it said so, or after half a minute.
  bool wait_for_output(const std::string& text);

 private:
  bool has_ended();

  const std::string log_file_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// Runs it to its end.
struct ProcessOutcome {
  std::optional<int> exit_code;
  std::string output;
};
ProcessOutcome run_daemon(const std::vector<std::string>& arguments, const std::string& log_file);

}  // namespace agent
