// SPDX-License-Identifier: Apache-2.0
#include "buffer/spool_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "buffer/lane_ledger.h"
#include "buffer/reader_impl.h"
#include "buffer/spool_file.h"
#include "proto/crc32c.h"

namespace buffer {
namespace {

std::optional<std::uint64_t> size_of_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

// SQLite's URI form; what has a meaning in a URI is escaped.
std::string uri_of(const std::string& path, const char* query) {
  std::string uri = "file:";
  for (const char c : path) {
    switch (c) {
      case '%':
        uri += "%25";
        break;
      case '?':
        uri += "%3f";
        break;
      case '#':
        uri += "%23";
        break;
      default:
        uri += c;
    }
  }
  return uri + query;
}

}  // namespace

std::string name_row(const RowMeta& row) {
  std::string name = "row " + std::to_string(row.position.value()) + " of lane " +
                     std::string(proto::to_string(row.facts.lane));
  if (row.facts_damaged) return name + " (its facts)";
  return name + " (sequence " + std::to_string(row.seq_first.value()) + ", topic " +
         row.facts.topic + ", key " + row.facts.key + ")";
}

SpoolReader::SpoolReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SpoolReader::~SpoolReader() = default;

proto::Result<std::unique_ptr<SpoolReader>> SpoolReader::open(const std::string& path) {
  const std::string what = "read spool " + path;
  if (!size_of_file(path)) {
    return proto::fail(SpoolErrc::kNotFound, what + ": start wattspoold once to make it");
  }
  auto impl = std::make_unique<Impl>(path);
  const auto found = impl->open_uri(uri_of(path, "?mode=ro"));
  if (found) return std::unique_ptr<SpoolReader>(new SpoolReader(std::move(impl)));
  // A reader needs the "-shm" index beside the WAL, or must make it. While any connection is open
  // the index exists. So without one there is no writer; and with an empty WAL the file alone is
  // the whole truth and can be read as it is.
  const bool index_missing = !size_of_file(path + "-shm");
  if (found.error().code != SpoolErrc::kIo || !index_missing) {
    return tl::unexpected(found.error());
  }
  if (size_of_file(path + "-wal").value_or(0) > 0) {
    return proto::fail(SpoolErrc::kReadOnly,
                       what + ": its newest commits are in " + path +
                           "-wal, and reading that needs a writable directory; copy both files to "
                           "one and read the copy");
  }
  impl = std::make_unique<Impl>(path);
  if (const auto again = impl->open_uri(uri_of(path, "?mode=ro&immutable=1")); !again) {
    return tl::unexpected(again.error());
  }
  return std::unique_ptr<SpoolReader>(new SpoolReader(std::move(impl)));
}

proto::Result<void> SpoolReader::Impl::open_uri(const std::string& uri) {
  const int code = db.open(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  if (code != SQLITE_OK) return db.failure(code, "read spool " + path);
  if (const auto set = configure_reader(db, path); !set) return set;
  const auto found = identify(db, path);
  if (!found) return tl::unexpected(found.error());
  if (*found == Found::kNew) {
    return proto::fail(SpoolErrc::kNotASpool, "read spool " + path + ": an empty file");
  }
  return {};
}

proto::Result<Position> SpoolReader::Impl::watermark(proto::Lane lane) {
  const std::string key = lane_state_key(lane);
  const auto text = state.get(key);
  if (!text) return tl::unexpected(text.error());
  const auto floor = LaneFloor::from_text(text->value_or(""));
  if (!floor) return proto::fail(SpoolErrc::kDamaged, "read state " + key + " of spool " + path);
  return floor->watermark;
}

proto::Result<std::vector<Row>> SpoolReader::read(proto::Lane lane, Position after,
                                                  const ReadLimits& limits) {
  const Transaction snapshot(impl_->db, "BEGIN");
  const auto watermark = impl_->watermark(lane);
  if (!watermark) return tl::unexpected(watermark.error());
  std::vector<Row> rows;
  std::uint64_t bytes = 0;
  std::optional<RowMeta> corrupt;
  const int code = impl_->rows.read(
      lane, after.next(), [&](const StoredMeta& stored, std::span<const std::byte> payload) {
        const RowMeta& meta = stored.meta;
        if (!rows.empty() && bytes + meta.payload_bytes > limits.bytes_max) return false;
        if (meta.facts_damaged || proto::crc32c(payload) != meta.crc32c) {
          corrupt = meta;
          return false;
        }
        bytes += payload.size();
        Row& row = rows.emplace_back(Row{meta, {payload.begin(), payload.end()}});
        row.meta.acked = meta.position <= *watermark;
        return rows.size() < limits.rows_max;
      });
  if (!rows.empty()) return rows;
  const std::string what = "read spool " + impl_->path;
  if (corrupt) return proto::fail(SpoolErrc::kRowCorrupt, what + ": " + name_row(*corrupt));
  if (code != SQLITE_OK) {
    return impl_->db.failure(code, what + ", lane " + std::string(proto::to_string(lane)) +
                                       " after row " + std::to_string(after.value()));
  }
  return rows;
}

proto::Result<std::vector<RowMeta>> SpoolReader::read_meta(proto::Lane lane, Position after,
                                                           std::uint32_t rows_max) {
  const Transaction snapshot(impl_->db, "BEGIN");
  const auto watermark = impl_->watermark(lane);
  if (!watermark) return tl::unexpected(watermark.error());
  std::vector<StoredMeta> stored;
  const int code = impl_->rows.scan(lane, after.next(), Walk::kUp, rows_max, stored);
  if (code != SQLITE_OK) return impl_->db.failure(code, "read spool " + impl_->path);
  std::vector<RowMeta> metas;
  metas.reserve(stored.size());
  for (StoredMeta& row : stored) {
    row.meta.acked = row.meta.position <= *watermark;
    metas.push_back(std::move(row.meta));
  }
  return metas;
}

proto::Result<std::vector<LatestValue>> SpoolReader::unsent_latest(std::uint32_t values_max) {
  return impl_->state.unsent_latest(values_max);
}

proto::Result<Position> SpoolReader::watermark(proto::Lane lane) { return impl_->watermark(lane); }

proto::Result<std::optional<std::string>> SpoolReader::state(const std::string& key) {
  return impl_->state.get(key);
}

proto::Result<std::map<std::string, std::string>> SpoolReader::state_with_prefix(
    const std::string& prefix) {
  return impl_->state.with_prefix(prefix);
}

proto::Result<SpoolTotals> SpoolReader::totals() {
  const Transaction snapshot(impl_->db, "BEGIN");
  auto ledgers = load_ledgers(impl_->db, impl_->rows, impl_->state, proto::StreamId(), impl_->path);
  if (!ledgers) return tl::unexpected(ledgers.error());
  SpoolTotals totals = totals_of(*ledgers);
  totals.file_bytes = size_of_file(impl_->path).value_or(0);
  totals.wal_bytes = size_of_file(impl_->path + "-wal").value_or(0);
  const auto quota = impl_->state.get(kQuotaStateKey);
  if (!quota) return tl::unexpected(quota.error());
  const std::string& text = quota->value_or("");
  std::from_chars(text.data(), text.data() + text.size(), totals.quota_bytes);
  const auto latest = impl_->state.latest_count();
  if (!latest) return tl::unexpected(latest.error());
  totals.latest_unacked = *latest;
  return totals;
}

proto::Result<int> SpoolReader::schema_version() {
  const std::int64_t version = impl_->db.scalar("PRAGMA user_version");
  if (version < 0) return proto::fail(SpoolErrc::kIo, "read spool " + impl_->path);
  return static_cast<int>(version);
}

}  // namespace buffer
