// SPDX-License-Identifier: Apache-2.0
#include "buffer/state_store.h"

#include <array>
#include <cstring>

#include "proto/crc32c.h"

namespace buffer {
namespace {

std::uint32_t crc_of(std::string_view text, std::uint32_t crc) {
  const std::uint64_t size = text.size();
  std::array<std::byte, sizeof size> size_bytes;
  std::memcpy(size_bytes.data(), &size, sizeof size);
  crc = proto::crc32c(size_bytes, crc);
  return proto::crc32c(std::as_bytes(std::span(text)), crc);
}

std::uint32_t state_crc(std::string_view key, std::string_view value) {
  return crc_of(value, crc_of(key, 0));
}

std::uint32_t latest_crc(std::string_view topic, std::string_view key, std::string_view value,
                         std::int64_t utc_us) {
  return crc_of(std::to_string(utc_us), crc_of(value, crc_of(key, crc_of(topic, 0))));
}

std::span<const std::byte> as_blob(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

Statement& StateStore::prepared(std::optional<Statement>& statement, const char* sql) {
  if (!statement || statement->prepare_code() != SQLITE_OK) statement.emplace(db_.get(), sql);
  return *statement;
}

int StateStore::put(std::string_view key, std::string_view value) {
  Statement& statement =
      prepared(put_,
               "INSERT INTO state(key, value, crc32c) VALUES(?1, ?2, ?3)"
               " ON CONFLICT(key) DO UPDATE SET value = excluded.value, crc32c = excluded.crc32c");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  return statement.bind(1, key)
      .bind(2, as_blob(value))
      .bind(3, std::int64_t{state_crc(key, value)})
      .run();
}

int StateStore::remove(std::string_view key) {
  Statement& statement = prepared(remove_, "DELETE FROM state WHERE key = ?1");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  return statement.bind(1, key).run();
}

proto::Result<std::optional<std::string>> StateStore::get(std::string_view key) {
  Statement& statement = prepared(get_, "SELECT value, crc32c FROM state WHERE key = ?1");
  const ResetGuard guard(statement);
  const std::string what = "read state " + std::string(key) + " of spool " + path_;
  if (statement.prepare_code() != SQLITE_OK) return db_.failure(statement.prepare_code(), what);
  const int code = statement.bind(1, key).step();
  if (code == SQLITE_DONE) return std::nullopt;
  if (code != SQLITE_ROW) return db_.failure(code, what);
  std::string value(statement.text(0));
  if (statement.integer(1) != std::int64_t{state_crc(key, value)}) {
    return proto::fail(SpoolErrc::kRowCorrupt, what);
  }
  return value;
}

proto::Result<std::map<std::string, std::string>> StateStore::with_prefix(std::string_view prefix) {
  Statement& statement = prepared(with_prefix_,
                                  "SELECT key, value, crc32c FROM state"
                                  " WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1");
  const ResetGuard guard(statement);
  const std::string what = "read state " + std::string(prefix) + "* of spool " + path_;
  if (statement.prepare_code() != SQLITE_OK) return db_.failure(statement.prepare_code(), what);
  std::map<std::string, std::string> values;
  statement.bind(1, prefix);
  int code = statement.step();
  for (; code == SQLITE_ROW; code = statement.step()) {
    std::string key(statement.text(0));
    std::string value(statement.text(1));
    if (statement.integer(2) != std::int64_t{state_crc(key, value)}) {
      return proto::fail(SpoolErrc::kRowCorrupt, what + ": entry " + key);
    }
    values.emplace(std::move(key), std::move(value));
  }
  if (code != SQLITE_DONE) return db_.failure(code, what);
  return values;
}

int StateStore::put_latest(const LatestValue& value) {
  // REPLACE removes the older value of the same topic and key; the new one gets a new version.
  Statement& statement = prepared(
      put_latest_,
      "INSERT OR REPLACE INTO latest(topic, key, value, utc_us, crc32c) VALUES(?1,?2,?3,?4,?5)");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  return statement.bind(1, std::string_view(value.topic))
      .bind(2, std::string_view(value.key))
      .bind(3, as_blob(value.value))
      .bind(4, value.utc_us)
      .bind(5, std::int64_t{latest_crc(value.topic, value.key, value.value, value.utc_us)})
      .run();
}

int StateStore::ack_latest(std::string_view topic, std::string_view key, std::uint64_t version) {
  Statement& statement =
      prepared(ack_latest_, "DELETE FROM latest WHERE topic = ?1 AND key = ?2 AND version <= ?3");
  if (statement.prepare_code() != SQLITE_OK) return statement.prepare_code();
  return statement.bind(1, topic).bind(2, key).bind(3, version).run();
}

proto::Result<std::vector<LatestValue>> StateStore::unsent_latest(std::uint32_t values_max) {
  Statement& statement = prepared(unsent_latest_,
                                  "SELECT version, topic, key, value, utc_us, crc32c FROM latest"
                                  " ORDER BY version LIMIT ?1");
  const ResetGuard guard(statement);
  const std::string what = "read latest values of spool " + path_;
  if (statement.prepare_code() != SQLITE_OK) return db_.failure(statement.prepare_code(), what);
  std::vector<LatestValue> values;
  statement.bind(1, std::int64_t{values_max});
  int code = statement.step();
  for (; code == SQLITE_ROW; code = statement.step()) {
    LatestValue value;
    value.version = statement.unsigned_integer(0);
    value.topic = statement.text(1);
    value.key = statement.text(2);
    value.value = statement.text(3);
    value.utc_us = statement.integer(4);
    if (statement.integer(5) !=
        std::int64_t{latest_crc(value.topic, value.key, value.value, value.utc_us)}) {
      return proto::fail(SpoolErrc::kRowCorrupt, what + ": version " +
                                                     std::to_string(value.version) + " of topic " +
                                                     value.topic + ", key " + value.key);
    }
    values.push_back(std::move(value));
  }
  if (code != SQLITE_DONE) return db_.failure(code, what);
  return values;
}

proto::Result<std::uint64_t> StateStore::latest_count() {
  Statement statement(db_.get(), "SELECT count(*) FROM latest");
  const int code = statement.step();
  if (code != SQLITE_ROW) return db_.failure(code, "read latest values of spool " + path_);
  return statement.unsigned_integer(0);
}

}  // namespace buffer
