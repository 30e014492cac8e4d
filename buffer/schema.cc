// SPDX-License-Identifier: Apache-2.0
#include "buffer/schema.h"

#include <algorithm>

namespace buffer {
namespace {

// records_before and bytes_before count all rows of the lane that ever came before this one. So the
// totals of any stretch of a lane are the difference of its two ends, and no counter needs a page
// of its own written at each commit.
std::string create_row_table(proto::Lane lane) {
  return "CREATE TABLE " + row_table(lane) +
         "(position INTEGER PRIMARY KEY, stream BLOB NOT NULL, seq_first INTEGER NOT NULL,"
         " count INTEGER NOT NULL, topic TEXT NOT NULL, key TEXT NOT NULL,"
         " device_id TEXT NOT NULL, segment INTEGER NOT NULL, id_first INTEGER NOT NULL,"
         " id_last INTEGER NOT NULL, id_count INTEGER NOT NULL, t_first_us INTEGER NOT NULL,"
         " t_last_us INTEGER NOT NULL, records_before INTEGER NOT NULL,"
         " bytes_before INTEGER NOT NULL, facts_crc32c INTEGER NOT NULL,"
         " payload_crc32c INTEGER NOT NULL, payload BLOB NOT NULL);";
}

constexpr const char* kCreateState =
    "CREATE TABLE state(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL,"
    " crc32c INTEGER NOT NULL);";

// Only values that are not yet delivered. AUTOINCREMENT: a version is never given twice.
constexpr const char* kCreateLatest =
    "CREATE TABLE latest(version INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
    " key TEXT NOT NULL, value BLOB NOT NULL, utc_us INTEGER NOT NULL, crc32c INTEGER NOT NULL,"
    " UNIQUE(topic, key));";

// secure_delete is on in Debian's build and costs half of the speed; mmap turns a read error into a
// signal. The cache is fixed, so that memory is: one commit of four instruments fits.
constexpr const char* kCommonSettings =
    "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"
    "PRAGMA temp_store=MEMORY;";

// Runs a PRAGMA that answers with the value it has set, and compares.
bool set_and_check(Database& db, const std::string& pragma, std::string_view expected) {
  Statement statement(db.get(), "PRAGMA " + pragma);
  return statement.step() == SQLITE_ROW && statement.text(0) == expected;
}

}  // namespace

std::string row_table(proto::Lane lane) { return "row_" + std::string(proto::to_string(lane)); }

std::string lane_state_key(proto::Lane lane) {
  return "spool.lane." + std::string(proto::to_string(lane));
}

proto::Result<void> configure_writer(Database& db, const SpoolOptions& options) {
  const std::string what = "open spool " + options.path;
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // The WAL stays when the file is closed: it must not need free blocks at the next start.
  int persist = 1;
  sqlite3_file_control(db.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  sqlite3_busy_timeout(db.get(), 0);  // the lock file keeps others out: a wait would hide a bug
  const int code = db.exec(std::string(kCommonSettings) +
                           "PRAGMA page_size=" + std::to_string(options.page_bytes) +
                           ";PRAGMA auto_vacuum=NONE; PRAGMA cache_size=-4096;");
  if (code != SQLITE_OK) return db.failure(code, what);
  return {};
}

proto::Result<void> enter_wal_mode(Database& db, const SpoolOptions& options) {
  const std::string what = "open spool " + options.path;
  Statement journal(db.get(), "PRAGMA journal_mode=WAL");
  int code = journal.step();
  if (code != SQLITE_ROW) return db.failure(code, what);
  if (journal.text(0) != "wal") {
    return proto::fail(SpoolErrc::kReadOnly, what + " in WAL mode: the directory must be writable");
  }
  journal.reset();
  code = db.exec("PRAGMA synchronous=FULL;");
  if (code != SQLITE_OK) return db.failure(code, what);
  if (!set_and_check(db, "secure_delete=OFF", "0") ||
      !set_and_check(db, "wal_autocheckpoint=0", "0") ||
      !set_and_check(db, "journal_size_limit=-1", "-1") || db.scalar("PRAGMA synchronous") != 2 ||
      db.scalar("PRAGMA auto_vacuum") != 0) {
    return proto::fail(SpoolErrc::kIo, what + ": SQLite did not take the settings");
  }
  return {};
}

void release_checkpoints(Database& db) {
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

proto::Result<void> configure_reader(Database& db, const std::string& path) {
  sqlite3_db_config(db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Waits only where a reader recovers the WAL of a dead writer while another does so too.
  sqlite3_busy_timeout(db.get(), 1000);
  const int code =
      db.exec(std::string(kCommonSettings) + "PRAGMA query_only=ON; PRAGMA cache_size=-1024;");
  if (code != SQLITE_OK) return db.failure(code, "read spool " + path);
  return {};
}

proto::Result<Found> identify(Database& db, const std::string& path) {
  const std::string what = "open spool " + path;
  Statement tables(db.get(), "SELECT count(*) FROM sqlite_master");
  const int code = tables.step();
  if (code != SQLITE_ROW) return db.failure(code, what);
  const std::int64_t table_count = tables.integer(0);
  tables.reset();
  const std::int64_t application_id = db.scalar("PRAGMA application_id");
  const std::int64_t version = db.scalar("PRAGMA user_version");
  if (application_id == 0 && version == 0 && table_count == 0) return Found::kNew;
  if (application_id != kApplicationId) {
    return proto::fail(SpoolErrc::kNotASpool, what + ": an SQLite file of another program");
  }
  if (version > kSchemaVersion) {
    return proto::fail(SpoolErrc::kNewerSchema,
                       what + ": the file has schema " + std::to_string(version) +
                           ", this program knows " + std::to_string(kSchemaVersion) +
                           "; install the newer wattspool again, or move the file away");
  }
  if (version < kSchemaVersion) {
    return proto::fail(SpoolErrc::kDamaged, what + ": schema " + std::to_string(version) +
                                                " was never written by any wattspool");
  }
  return Found::kCurrent;
}

proto::Result<void> create_schema(Database& db, const std::string& path) {
  Transaction transaction(db, "BEGIN IMMEDIATE");
  int code = transaction.begin_code();
  std::string sql = kCreateState;
  sql += kCreateLatest;
  for (const proto::Lane lane : kRowLanes) sql += create_row_table(lane);
  sql += "PRAGMA application_id=" + std::to_string(kApplicationId) + ";";
  sql += "PRAGMA user_version=" + std::to_string(kSchemaVersion) + ";";
  if (code == SQLITE_OK) code = db.exec(sql);
  if (code == SQLITE_OK) code = transaction.commit();
  if (code != SQLITE_OK) return db.failure(code, "create spool " + path);
  return {};
}

}  // namespace buffer
