// SPDX-License-Identifier: Apache-2.0
// The files around the spool: the lock that makes its writer the only one, and the setting aside of
// a damaged file. Private to buffer/.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "proto/result.h"

namespace buffer {

// flock on "<path>.lock", which stays when the spool is closed. Held for the object's life.
class SpoolLock {
 public:
  static proto::Result<SpoolLock> acquire(const std::string& spool_path);
  SpoolLock(SpoolLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SpoolLock& operator=(SpoolLock&&) = delete;
  ~SpoolLock();

 private:
  explicit SpoolLock(int fd) : fd_(fd) {}
  int fd_;
};

// Renames the spool and its WAL to "<path>.damaged-<UTC>" (and "-wal"), removes the shared-memory
// index, syncs the directory. No connection may be open. Returns the new name.
proto::Result<std::string> set_aside(const std::string& spool_path, std::int64_t utc_us);

// Writes down, beside the spool, why its file cannot be used any more; the next opening takes that
// back and sets the file aside. Where nothing can be written the next opening must find out itself.
void condemn(const std::string& spool_path, const std::string& reason);
// The reason; empty: nobody has condemned it.
std::string take_condemnation(const std::string& spool_path);

// Whether someone holds the lock of this spool.
bool writer_lives(const std::string& spool_path);

std::string directory_of(const std::string& path);

}  // namespace buffer
