// SPDX-License-Identifier: Apache-2.0
#include "agent/cli/spool_verb.h"

#include <spdlog/fmt/fmt.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "buffer/spool_errc.h"
#include "buffer/spool_reader.h"
#include "proto/cloud_event.h"
#include "proto/crc32c.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

// Rows are read in pages, so that a snapshot of a live spool stays short.
constexpr std::uint32_t kPageRows = 512;

std::string_view remedy_of(const std::error_code& code) {
  if (code == buffer::SpoolErrc::kDamaged) {
    return "At its next start wattspoold sets it aside, beside it, and begins a new one.";
  }
  if (code == buffer::SpoolErrc::kNotASpool) return "Name another file: --path FILE.";
  if (code == buffer::SpoolErrc::kNewerSchema) {
    return "Use a wattspool that is at least as new as the one that wrote it.";
  }
  if (code == buffer::SpoolErrc::kIo) return "Look at the disk: journalctl -k.";
  return "";
}

int failed(const proto::Error& error, std::ostream& err) {
  err << "wattspool: " << error.message() << '\n';
  const std::string_view remedy = remedy_of(error.code);
  if (!remedy.empty()) err << remedy << '\n';
  return 1;
}

std::unique_ptr<buffer::SpoolReader> open(const SpoolVerbOptions& options, std::ostream& err) {
  auto reader = buffer::SpoolReader::open(options.path);
  if (reader) return std::move(*reader);
  failed(reader.error(), err);
  return nullptr;
}

Json lane_json(const buffer::LaneTotals& lane) {
  return Json{
      {"rows", lane.rows},
      {"records", lane.records},
      {"size_bytes", lane.bytes},
      {"unacked_rows", lane.unacked_rows},
      {"unacked_records", lane.unacked_records},
      {"unacked_size_bytes", lane.unacked_bytes},
      {"oldest_unacked",
       lane.oldest_unacked_us ? Json(proto::rfc3339_us(*lane.oldest_unacked_us)) : Json(nullptr)}};
}

Json row_json(const buffer::RowMeta& row) {
  return Json{{"lane", proto::to_string(row.facts.lane)},
              {"position", row.position.value()},
              {"stream", row.stream.to_hex()},
              {"sequence_first", row.seq_first.value()},
              {"records", row.facts.count},
              {"topic", row.facts.topic},
              {"key", row.facts.key},
              {"segment", row.facts.segment.value()},
              {"sample_id_first", row.facts.id_first.value()},
              {"sample_id_last", row.facts.id_last.value()},
              {"ids", row.facts.id_count},
              {"first", proto::rfc3339_us(row.facts.t_first_us)},
              {"last", proto::rfc3339_us(row.facts.t_last_us)},
              {"size_bytes", row.payload_bytes},
              {"crc32c", proto::crc32c_hex(row.crc32c)},
              {"acked", row.acked},
              {"damaged", row.facts_damaged}};
}

void print_row(const buffer::RowMeta& row, std::ostream& out) {
  out << fmt::format("{:<9} {:>9} {:>10} {:>7} {:<28} {:>9} {:<27} {}{}\n",
                     proto::to_string(row.facts.lane), row.position.value(), row.seq_first.value(),
                     row.facts.count, row.facts.key, row.payload_bytes,
                     proto::rfc3339_us(row.facts.t_first_us), row.acked ? "acked" : "unsent",
                     row.facts_damaged ? " DAMAGED" : "");
}

// The newest rows of a lane, oldest first.
proto::Result<std::deque<buffer::RowMeta>> newest_rows(buffer::SpoolReader& reader,
                                                       proto::Lane lane, std::uint32_t rows_max) {
  std::deque<buffer::RowMeta> rows;
  buffer::Position after;
  while (true) {
    auto page = reader.read_meta(lane, after, kPageRows);
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) return rows;
    after = page->back().position;
    for (buffer::RowMeta& row : *page) {
      rows.push_back(std::move(row));
      if (rows_max != 0 && rows.size() > rows_max) rows.pop_front();
    }
  }
}

}  // namespace

int spool_info(const SpoolVerbOptions& options, std::ostream& out, std::ostream& err) {
  const auto reader = open(options, err);
  if (!reader) return 1;
  const auto totals = reader->totals();
  if (!totals) return failed(totals.error(), err);
  const auto schema = reader->schema_version();
  if (!schema) return failed(schema.error(), err);
  if (options.json) {
    Json json{{"schema", 1},
              {"path", options.path},
              {"spool_schema", *schema},
              {"file_bytes", totals->file_bytes},
              {"wal_bytes", totals->wal_bytes},
              {"quota_bytes", totals->quota_bytes},
              {"state_values_unacked", totals->latest_unacked}};
    Json& lanes = json["lanes"] = Json::object();
    for (const auto& [lane, lane_totals] : totals->lanes) {
      lanes[std::string(proto::to_string(lane))] = lane_json(lane_totals);
    }
    out << json.dump(2) << '\n';
    return 0;
  }
  out << fmt::format("spool {} (schema {}): {} bytes, log {} bytes\n\n", options.path, *schema,
                     totals->file_bytes, totals->wal_bytes);
  out << fmt::format("{:<10} {:>10} {:>10} {:>14} {:>12} {:>14}  {}\n", "lane", "rows", "records",
                     "bytes", "unsent rows", "unsent bytes", "oldest unsent");
  for (const auto& [lane, t] : totals->lanes) {
    out << fmt::format("{:<10} {:>10} {:>10} {:>14} {:>12} {:>14}  {}\n", proto::to_string(lane),
                       t.rows, t.records, t.bytes, t.unacked_rows, t.unacked_bytes,
                       t.oldest_unacked_us ? proto::rfc3339_us(*t.oldest_unacked_us) : "-");
  }
  return 0;
}

int spool_list(const SpoolVerbOptions& options, std::ostream& out, std::ostream& err) {
  const auto reader = open(options, err);
  if (!reader) return 1;
  Json json{{"schema", 1}, {"rows", Json::array()}};
  if (!options.json) {
    out << fmt::format("{:<9} {:>9} {:>10} {:>7} {:<28} {:>9} {:<27} {}\n", "lane", "position",
                       "sequence", "records", "key", "bytes", "first", "state");
  }
  for (const proto::Lane lane : {proto::Lane::kEvent, proto::Lane::kTelemetry,
                                 proto::Lane::kWaveform, proto::Lane::kArchive}) {
    if (options.lane && *options.lane != lane) continue;
    const auto rows = newest_rows(*reader, lane, options.rows_max);
    if (!rows) return failed(rows.error(), err);
    for (const buffer::RowMeta& row : *rows) {
      if (options.json) {
        json["rows"].push_back(row_json(row));
      } else {
        print_row(row, out);
      }
    }
  }
  if (options.json) out << json.dump(2) << '\n';
  return 0;
}

int spool_verify(const SpoolVerbOptions& options, std::ostream& out, std::ostream& err) {
  const auto reader = open(options, err);
  if (!reader) return 1;
  const auto progress = options.progress ? options.progress : [](double) { return true; };
  const auto report = reader->verify(progress);
  if (!report) return failed(report.error(), err);
  if (options.json) {
    Json json{{"schema", 1},
              {"ok", report->ok()},
              {"rows", report->rows},
              {"size_bytes", report->bytes},
              {"damaged_rows", Json::array()},
              {"structure", report->structure}};
    for (const buffer::RowMeta& row : report->damaged)
      json["damaged_rows"].push_back(row_json(row));
    out << json.dump(2) << '\n';
    return report->ok() ? 0 : 1;
  }
  for (const std::string& line : report->structure) out << "! structure: " << line << '\n';
  for (const buffer::RowMeta& row : report->damaged) {
    out << fmt::format("! {} row {} ({}, sequence {}): the checksum does not hold\n",
                       proto::to_string(row.facts.lane), row.position.value(), row.facts.key,
                       row.seq_first.value());
  }
  out << fmt::format("{} rows, {} bytes: {}\n", report->rows, report->bytes,
                     report->ok() ? "every checksum holds" : "damaged, see above");
  return report->ok() ? 0 : 1;
}

}  // namespace agent
