// SPDX-License-Identifier: Apache-2.0
// SQLite with owners: a connection, a prepared statement, a transaction. Private to buffer/.
// Everything returns SQLite's extended result code; failure() turns one into a proto::Error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "buffer/spool_errc.h"
#include "buffer/sqlite_c.h"
#include "proto/result.h"

namespace buffer {

// The code of ours that an operator can act on.
SpoolErrc errc_from(int sqlite_code);

// Compiled once, used many times. Bind positions count from 1, columns from 0.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* db, std::string_view sql);  // prepare_code() says whether it worked

  int prepare_code() const { return prepare_code_; }
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::uint64_t value);
  // Text and bytes are borrowed until reset().
  Statement& bind(int at, std::string_view text);
  Statement& bind(int at, std::span<const std::byte> bytes);

  int step();  // SQLITE_ROW, SQLITE_DONE or an error
  void reset();
  // For statements without rows: step and reset. SQLITE_OK or an error.
  int run();

  std::int64_t integer(int column) const;
  std::uint64_t unsigned_integer(int column) const;
  std::string_view text(int column) const;             // valid until the next step or reset
  std::span<const std::byte> bytes(int column) const;  // likewise
  std::uint64_t size_bytes(int column) const;          // without reading a blob's overflow pages

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int prepare_code_ = SQLITE_OK;
};

// Resets a statement when a block ends, so that no snapshot stays open.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

// One connection, one thread at a time (opened without SQLite's own mutex).
class Database {
 public:
  Database() = default;
  // `flags`: SQLITE_OPEN_...; `vfs`: null for SQLite's default.
  int open(const std::string& path_or_uri, int flags, const char* vfs);
  void close() { db_.reset(); }

  sqlite3* get() const { return db_.get(); }
  bool is_open() const { return db_ != nullptr; }
  int exec(const std::string& sql);
  // The first column of the first row; `fallback` when there is none or on an error.
  std::int64_t scalar(const std::string& sql, std::int64_t fallback = -1);
  std::string message() const;  // SQLite's text of the newest error
  // "commit to spool <path>: disk I/O error (SQLITE_IOERR_FSYNC)".
  tl::unexpected<proto::Error> failure(int code, const std::string& verb_and_object) const;

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

// Rolls back unless committed.
class Transaction {
 public:
  // `begin`: "BEGIN" or "BEGIN IMMEDIATE".
  Transaction(Database& db, const char* begin) : db_(db), begin_code_(db.exec(begin)) {}
  ~Transaction() {
    if (begin_code_ == SQLITE_OK && !done_ && sqlite3_get_autocommit(db_.get()) == 0) {
      db_.exec("ROLLBACK");
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  int begin_code() const { return begin_code_; }
  int commit() {
    const int code = db_.exec("COMMIT");
    done_ = code == SQLITE_OK;
    return code;
  }

 private:
  Database& db_;
  int begin_code_;
  bool done_ = false;
};

}  // namespace buffer
