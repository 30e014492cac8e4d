// SPDX-License-Identifier: Apache-2.0
#include "agent/report/host_steps.h"

#include <spdlog/fmt/fmt.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/report/run_program.h"

namespace agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnit = "wattspoold.service";
// Named one by one: others may hold what a drop-in gives to the process.
constexpr const char* kUnitProperties =
    "--property=LoadState,UnitFileState,ActiveState,SubState,Result,StatusText,NRestarts,MainPID,"
    "ExecMainStatus,ExecMainCode,ActiveEnterTimestamp,InactiveEnterTimestamp,FragmentPath,"
    "DropInPaths,NeedDaemonReload,User,Group,SupplementaryGroups,MemoryCurrent,MemoryPeak,"
    "MemoryHigh,MemoryMax,TasksCurrent,TasksMax,LimitNOFILE,LimitCORE,CPUUsageNSec,Nice,"
    "WatchdogUSec,WatchdogTimestamp,ReadWritePaths,DevicePolicy,DeviceAllow";

Gathered of_program(const std::vector<std::string>& words, const proto::Clock& clock) {
  auto outcome = run_program(words, {}, clock);
  if (!outcome) return {"", outcome.error().message()};
  Gathered gathered{std::move(outcome->out), std::move(outcome->err)};
  if (outcome->exit_code != 0) {
    gathered.failure += fmt::format("{} ended with {}", words.front(), outcome->exit_code);
  }
  if (outcome->cut_off) gathered.failure += " (it took too long, or said too much)";
  return gathered;
}

std::string file_text(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::string out = text.str();
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

// The lines of a file that begin with one of these words.
std::string lines_of(const char* path, std::initializer_list<std::string_view> words) {
  std::ifstream file(path);
  std::string out;
  for (std::string line; std::getline(file, line);) {
    const bool wanted =
        std::ranges::any_of(words, [&](std::string_view word) { return line.starts_with(word); });
    if (wanted) out += line + "\n";
  }
  return out;
}

Gathered host_facts(const proto::Clock& clock) {
  Gathered gathered;
  std::string& text = gathered.text;
  utsname kernel{};
  if (::uname(&kernel) == 0) {
    text += fmt::format("kernel {} {} {}\n", kernel.release, kernel.version, kernel.machine);
  }
  text += lines_of("/etc/os-release", {"PRETTY_NAME="});
  text += fmt::format("processors {}\n", ::sysconf(_SC_NPROCESSORS_ONLN));
  text += "load " + file_text("/proc/loadavg") + "\nuptime_s " + file_text("/proc/uptime") + "\n";
  text += lines_of("/proc/meminfo", {"MemTotal:", "MemAvailable:", "SwapTotal:", "SwapFree:"});
  const Gathered time = of_program({"timedatectl", "show"}, clock);
  text += time.text;
  if (!time.failure.empty()) gathered.failure = "timedatectl: " + time.failure;
  return gathered;
}

std::string room(const std::string& folder) {
  struct statvfs facts {};
  if (::statvfs(folder.c_str(), &facts) != 0) {
    return fmt::format("{}: {}\n", folder, std::strerror(errno));
  }
  const std::uint64_t block = facts.f_frsize;
  return fmt::format("{}: {} of {} bytes free, {} of {} files free\n", folder,
                     facts.f_bavail * block, facts.f_blocks * block, facts.f_favail, facts.f_files);
}

Gathered disk_facts(const std::string& spool_path) {
  const std::string folder = fs::path(spool_path).parent_path().string();
  Gathered gathered;
  for (const std::string& one : {std::string("/"), std::string("/var"), folder}) {
    gathered.text += room(one);
  }
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    const auto size = at->is_regular_file(ignored) ? at->file_size(ignored) : 0;
    gathered.text += fmt::format("{} {} bytes\n", at->path().string(), ignored ? 0 : size);
  }
  if (error) gathered.failure = fmt::format("list {}: {}", folder, error.message());
  return gathered;
}

Gathered usb_devices() {
  const fs::path bus = "/sys/bus/usb/devices";
  Gathered gathered;
  std::error_code error;
  fs::directory_iterator at(bus, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::path& device = at->path();
    const std::string vendor = file_text(device / "idVendor");
    if (vendor.empty()) continue;  // an interface
    gathered.text +=
        fmt::format("{} {}:{} {} Mbit/s \"{}\" \"{}\" serial \"{}\"\n", device.filename().string(),
                    vendor, file_text(device / "idProduct"), file_text(device / "speed"),
                    file_text(device / "manufacturer"), file_text(device / "product"),
                    file_text(device / "serial"));
  }
  if (error) gathered.failure = fmt::format("list {}: {}", bus.string(), error.message());
  return gathered;
}

Gathered kernel_messages(const proto::Clock& clock) {
  Gathered gathered = of_program({"journalctl", "--dmesg", "--boot", "--no-pager", "--utc",
                                  "--output=short-iso-precise", "--lines=20000"},
                                 clock);
  gathered.text = usb_lines(gathered.text);
  return gathered;
}

}  // namespace

std::string usb_lines(const std::string& kernel_messages) {
  std::istringstream lines(kernel_messages);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    std::string lower = line;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const std::string_view word : {"usb", "xhci", "ehci", "ohci", "uhci", "over-current"}) {
      if (lower.find(word) == std::string::npos) continue;
      out += line + "\n";
      break;
    }
  }
  return out;
}

std::vector<ReportStep> host_steps(const std::string& spool_path, const proto::Clock& clock) {
  return {
      {"journal.txt", "the last 5000 lines of the daemon's journal",
       [&clock] {
         return of_program({"journalctl", std::string("--unit=") + kUnit, "--no-pager", "--utc",
                            "--output=short-iso-precise", "--lines=5000"},
                           clock);
       }},
      {"kernel-usb.txt", "what the kernel says of USB since the boot",
       [&clock] { return kernel_messages(clock); }},
      {"unit.txt", "the daemon's unit as the service manager sees it",
       [&clock] {
         return of_program({"systemctl", "show", "--no-pager", kUnitProperties, kUnit}, clock);
       }},
      {"host.txt", "kernel, release, memory, clock", [&clock] { return host_facts(clock); }},
      {"disk.txt", "room on the disks, files of the spool",
       [spool_path] { return disk_facts(spool_path); }},
      {"usb.txt", "devices on the USB", usb_devices},
  };
}

}  // namespace agent
