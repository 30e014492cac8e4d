// SPDX-License-Identifier: Apache-2.0
#include "tests/buffer/spool_bench.h"

#include <stdlib.h>

#include <random>

#include "proto/crc32c.h"

namespace buffer {

NewRow make_row(proto::Lane lane, std::uint64_t n, std::size_t payload_bytes) {
  NewRow row;
  row.facts.lane = lane;
  row.facts.count = lane == proto::Lane::kTelemetry ? 5 : 1;
  row.facts.topic = "bench." + std::string(proto::to_string(lane)) + ".v1";
  row.facts.key = "js220-000001/t-1";
  row.facts.device_id = "js220-000001";
  row.facts.segment = proto::SegmentId(1);
  row.facts.id_first = proto::SampleId(1000 * n);
  row.facts.id_last = proto::SampleId(1000 * n + 999);
  row.facts.id_count = 1000;
  row.facts.t_first_us = static_cast<std::int64_t>(n) * 1'000'000;
  row.facts.t_last_us = static_cast<std::int64_t>(n + 1) * 1'000'000;
  row.payload.resize(payload_bytes);
  std::mt19937_64 random(n * 8 + static_cast<std::uint64_t>(lane));
  for (std::byte& byte : row.payload) byte = static_cast<std::byte>(random());
  return row;
}

std::vector<NewRow> make_rows(proto::Lane lane, std::uint64_t first, std::uint64_t count,
                              std::size_t payload_bytes) {
  std::vector<NewRow> rows;
  for (std::uint64_t n = first; n < first + count; ++n) {
    rows.push_back(make_row(lane, n, payload_bytes));
  }
  return rows;
}

SpoolContent content_of(const std::string& path) {
  SpoolContent content;
  auto reader = SpoolReader::open(path);
  if (!reader) {
    ADD_FAILURE() << reader.error().message();
    return content;
  }
  for (const proto::Lane lane : kAllRowLanes) {
    Position after;
    while (true) {
      const auto rows = (*reader)->read(lane, after, {});
      if (!rows) {
        ADD_FAILURE() << rows.error().message();
        return content;
      }
      if (rows->empty()) break;
      after = rows->back().meta.position;
      for (const Row& row : *rows) {
        content.lines.push_back(
            std::string(proto::to_string(lane)) + " " + std::to_string(row.meta.position.value()) +
            " " + row.meta.stream.to_hex() + " " + std::to_string(row.meta.seq_first.value()) +
            " " + std::to_string(row.meta.facts.id_first.value()) + " " +
            proto::crc32c_hex(proto::crc32c(row.payload)) + (row.meta.acked ? " acked" : ""));
      }
    }
  }
  const auto state = (*reader)->state_with_prefix("test.");
  const auto latest = (*reader)->unsent_latest(1000);
  if (!state || !latest) {
    ADD_FAILURE() << "state or latest values cannot be read";
    return content;
  }
  for (const auto& [key, value] : *state) content.lines.push_back(key + "=" + value);
  for (const LatestValue& value : *latest) {
    content.lines.push_back("latest " + value.topic + " " + value.key + " " + value.value + " " +
                            std::to_string(value.version));
  }
  return content;
}

SpoolBench::SpoolBench() {
  std::string name = (std::filesystem::temp_directory_path() / "spool-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
  folder_ = name;
  options_.path = folder_ / "spool.db";
  options_.quota_bytes = kQuotaMin;
}

SpoolBench::~SpoolBench() { std::filesystem::remove_all(folder_); }

std::unique_ptr<Spool> SpoolBench::open_spool() {
  auto spool = Spool::open(options_, clock_);
  if (spool) return std::move(*spool);
  ADD_FAILURE() << spool.error().message();
  return nullptr;
}

std::unique_ptr<SpoolReader> SpoolBench::open_reader() {
  auto reader = SpoolReader::open(options_.path);
  if (reader) return std::move(*reader);
  ADD_FAILURE() << reader.error().message();
  return nullptr;
}

proto::Result<CommitReport> SpoolBench::try_commit(Spool& spool, const std::vector<NewRow>& rows) {
  Commit commit;
  commit.rows = rows;
  return spool.commit(commit);
}

CommitReport SpoolBench::commit(Spool& spool, const std::vector<NewRow>& rows) {
  auto report = try_commit(spool, rows);
  if (report) return std::move(*report);
  ADD_FAILURE() << report.error().message();
  return {};
}

CommitReport SpoolBench::ack(Spool& spool, proto::Lane lane, std::uint64_t through) {
  const LaneAck ack{lane, Position(through)};
  Commit commit;
  commit.acks = std::span(&ack, 1);
  auto report = spool.commit(commit);
  if (report) return std::move(*report);
  ADD_FAILURE() << report.error().message();
  return {};
}

std::vector<RowMeta> SpoolBench::metas(proto::Lane lane) {
  const auto reader = open_reader();
  if (!reader) return {};
  auto found = reader->read_meta(lane, Position(0), 1'000'000);
  if (found) return std::move(*found);
  ADD_FAILURE() << found.error().message();
  return {};
}

std::vector<std::uint64_t> SpoolBench::positions(proto::Lane lane) {
  std::vector<std::uint64_t> numbers;
  for (const RowMeta& row : metas(lane)) numbers.push_back(row.position.value());
  return numbers;
}

}  // namespace buffer
