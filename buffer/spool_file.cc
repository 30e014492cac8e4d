// SPDX-License-Identifier: Apache-2.0
#include "buffer/spool_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>

#include "buffer/spool_errc.h"

namespace buffer {
namespace {

SpoolErrc errc_from_errno(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return SpoolErrc::kReadOnly;
    case ENOENT:
    case ENOTDIR:
      return SpoolErrc::kNotFound;
    case ENOSPC:
    case EDQUOT:
      return SpoolErrc::kFull;
    default:
      return SpoolErrc::kIo;
  }
}

tl::unexpected<proto::Error> system_failure(const std::string& verb_and_object) {
  const int error = errno;
  return proto::fail(errc_from_errno(error), verb_and_object + " (" + std::strerror(error) + ")");
}

// writer_lives() holds the lock for an instant; a daemon that starts just then must not be told of
// another daemon.
bool lock_exclusively(int fd) {
  constexpr int kTries = 10;
  constexpr timespec kPause = {.tv_sec = 0, .tv_nsec = 5'000'000};
  for (int i = 0; i < kTries; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) return false;
    nanosleep(&kPause, nullptr);
  }
  errno = EWOULDBLOCK;
  return false;
}

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = pread(fd, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "" : ": process " + pid + " has it";
}

// "20261124T120000Z"
std::string compact_utc(std::int64_t utc_us) {
  const std::time_t seconds = utc_us / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

bool exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace

std::string directory_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

proto::Result<SpoolLock> SpoolLock::acquire(const std::string& spool_path) {
  const std::string path = spool_path + ".lock";
  const std::string what = "lock spool " + spool_path;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) {
    return system_failure(what + ": directory " + directory_of(spool_path) +
                          " must exist and be writable");
  }
  SpoolLock lock(fd);
  if (!lock_exclusively(fd)) {
    if (errno != EWOULDBLOCK) return system_failure(what);
    return proto::fail(SpoolErrc::kLocked, what + holder_of(fd) + "; stop it first");
  }
  // For the message of the next one who comes; the lock itself does not depend on it.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    errno = 0;
  }
  return lock;
}

SpoolLock::~SpoolLock() {
  if (fd_ >= 0) close(fd_);
}

bool writer_lives(const std::string& spool_path) {
  const int fd = open((spool_path + ".lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno != ENOENT;
  const bool free = flock(fd, LOCK_SH | LOCK_NB) == 0;
  close(fd);
  return !free;
}

void condemn(const std::string& spool_path, const std::string& reason) {
  std::ofstream(spool_path + ".condemned") << reason << "\n";
}

// Taken back first: a kill before the setting aside leaves a file whose damage is found once more,
// and never condemns the fresh one.
std::string take_condemnation(const std::string& spool_path) {
  const std::string path = spool_path + ".condemned";
  if (!exists(path)) return "";
  std::string reason;
  std::getline(std::ifstream(path), reason);
  std::remove(path.c_str());
  if (!exists(spool_path)) return "";
  return reason.empty() ? "its writer could not use it any more" : reason;
}

proto::Result<std::string> set_aside(const std::string& spool_path, std::int64_t utc_us) {
  const std::string base = spool_path + ".damaged-" + compact_utc(utc_us);
  std::string target = base;
  for (int i = 2; exists(target) || exists(target + "-wal"); ++i) {
    target = base + "-" + std::to_string(i);
  }
  const std::string what = "set damaged spool " + spool_path + " aside as " + target;
  // The WAL first: a kill in between leaves a database without WAL, which is found damaged again
  // or is sound but older; it is never paired with a WAL that is not its own.
  if (exists(spool_path + "-wal") &&
      std::rename((spool_path + "-wal").c_str(), (target + "-wal").c_str()) != 0) {
    return system_failure(what);
  }
  if (std::rename(spool_path.c_str(), target.c_str()) != 0) return system_failure(what);
  std::remove((spool_path + "-shm").c_str());
  const int directory = open(directory_of(spool_path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return target;
}

}  // namespace buffer
