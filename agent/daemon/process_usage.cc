// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace agent {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t entries(const char* folder) {
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  std::uint64_t count = 0;
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) ++count;
  return count;
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  usage.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  if (std::ifstream("/proc/self/statm") >> pages >> resident_pages) {
    usage.resident_memory_bytes =
        resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  usage.descriptors = entries("/proc/self/fd");
  usage.threads = entries("/proc/self/task");
  return usage;
}

}  // namespace agent
