// SPDX-License-Identifier: Apache-2.0
#include "buffer/sqlite_database.h"

namespace buffer {

SpoolErrc errc_from(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
      return SpoolErrc::kDamaged;
    case SQLITE_NOTADB:
      return SpoolErrc::kNotASpool;
    case SQLITE_FULL:
      return SpoolErrc::kFull;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return SpoolErrc::kReadOnly;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return SpoolErrc::kLocked;
    default:
      return SpoolErrc::kIo;
  }
}

Statement::Statement(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  prepare_code_ = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                     SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
}

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
  return *this;
}

// Ids, sequences and sizes stay below 2^63; SQLite has no wider integer.
Statement& Statement::bind(int at, std::uint64_t value) {
  return bind(at, static_cast<std::int64_t>(value));
}

Statement& Statement::bind(int at, std::string_view text) {
  // A null pointer would bind NULL; an empty text is not NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int at, std::span<const std::byte> bytes) {
  if (bytes.empty()) {
    sqlite3_bind_zeroblob(statement_.get(), at, 0);
  } else {
    sqlite3_bind_blob64(statement_.get(), at, bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  return *this;
}

int Statement::step() {
  if (statement_ == nullptr) return prepare_code_ == SQLITE_OK ? SQLITE_MISUSE : prepare_code_;
  return sqlite3_step(statement_.get());
}

void Statement::reset() {
  if (statement_ != nullptr) sqlite3_reset(statement_.get());
}

int Statement::run() {
  const int code = step();
  reset();
  return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::uint64_t Statement::unsigned_integer(int column) const {
  return static_cast<std::uint64_t>(integer(column));
}

std::string_view Statement::text(int column) const {
  const auto bytes_of_column = bytes(column);
  return {reinterpret_cast<const char*>(bytes_of_column.data()), bytes_of_column.size()};
}

std::span<const std::byte> Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (data == nullptr || size <= 0) return {};
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

std::uint64_t Statement::size_bytes(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_bytes(statement_.get(), column));
}

int Database::open(const std::string& path_or_uri, int flags, const char* vfs) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(path_or_uri.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, vfs);
  db_.reset(db);
  if (db == nullptr) return code == SQLITE_OK ? SQLITE_NOMEM : code;
  sqlite3_extended_result_codes(db, 1);
  return code == SQLITE_OK ? code : sqlite3_extended_errcode(db);
}

int Database::exec(const std::string& sql) {
  return sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
}

std::int64_t Database::scalar(const std::string& sql, std::int64_t fallback) {
  Statement statement(db_.get(), sql);
  return statement.step() == SQLITE_ROW ? statement.integer(0) : fallback;
}

std::string Database::message() const {
  return db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_.get());
}

tl::unexpected<proto::Error> Database::failure(int code, const std::string& verb_and_object) const {
  return proto::fail(errc_from(code), verb_and_object +
                                          " (SQLite: " + std::string(sqlite3_errstr(code)) +
                                          ", code " + std::to_string(code) + ")");
}

}  // namespace buffer
