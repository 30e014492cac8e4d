// SPDX-License-Identifier: Apache-2.0
// A layer between SQLite and the operating system: every call goes to the layer below unless a
// FileLayer says otherwise. Private to buffer/; benchmarks count with it, tests make it fail.
#pragma once

#include <memory>
#include <string>

#include "buffer/sqlite_c.h"

namespace buffer {

// One open file. `below` is the file of the layer below, opened. Calls return SQLite's codes; the
// defaults forward.
class FileLayer {
 public:
  explicit FileLayer(sqlite3_file* below) : below_(below) {}
  virtual ~FileLayer() = default;
  FileLayer(const FileLayer&) = delete;
  FileLayer& operator=(const FileLayer&) = delete;

  virtual int read(void* to, int size, sqlite3_int64 at) {
    return below_->pMethods->xRead(below_, to, size, at);
  }
  virtual int write(const void* from, int size, sqlite3_int64 at) {
    return below_->pMethods->xWrite(below_, from, size, at);
  }
  virtual int truncate(sqlite3_int64 size) { return below_->pMethods->xTruncate(below_, size); }
  virtual int sync(int flags) { return below_->pMethods->xSync(below_, flags); }
  virtual int file_size(sqlite3_int64* size) { return below_->pMethods->xFileSize(below_, size); }
  // SQLITE_FCNTL_...; SQLite ignores the answer to some of them.
  virtual int file_control(int op, void* argument) {
    return below_->pMethods->xFileControl(below_, op, argument);
  }
  // Before the file below is closed.
  virtual int close() { return SQLITE_OK; }

  sqlite3_file* below() const { return below_; }

 private:
  sqlite3_file* below_;
};

// Registered with SQLite under `name` for the object's life; all databases opened through it must
// be closed before.
class VfsShim {
 public:
  // `below`: null for SQLite's default at this moment.
  VfsShim(std::string name, const char* below, bool make_default);
  virtual ~VfsShim();
  VfsShim(const VfsShim&) = delete;
  VfsShim& operator=(const VfsShim&) = delete;

  const char* name() const { return name_.c_str(); }

  // A layer for a file that was just opened; null: none, all is forwarded. `flags` has
  // SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL, ...
  virtual std::unique_ptr<FileLayer> wrap(const char* path, int flags, sqlite3_file* below) = 0;

 private:
  const std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace buffer
