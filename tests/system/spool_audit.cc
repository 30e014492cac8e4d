// SPDX-License-Identifier: Apache-2.0
// The auditor's rules, applied to what a spool holds: each row is turned into the records that a
// consumer would get, and the audit's model judges them. So a test can ask for the identity of ids
// without any broker. Usage: spool_audit FILE; prints the JSON of `wattspool audit`; exit code 0,
// 1: something is missing, 2: the file cannot be read.
#include <iostream>
#include <string>

#include "agent/audit/audit_model.h"
#include "agent/audit/audit_report.h"
#include "buffer/spool_reader.h"
#include "proto/record_group.h"
#include "proto/topics.h"

namespace {

constexpr const char* kPrefix = "bench.";

class SpoolAudit {
 public:
  // The error is said on standard error.
  bool read(buffer::SpoolReader& reader, proto::Lane lane) {
    buffer::Position after;
    while (true) {
      const auto rows = reader.read(lane, after, {});
      if (!rows) {
        std::cerr << rows.error().message() << '\n';
        return false;
      }
      if (rows->empty()) return true;
      for (const buffer::Row& row : *rows) {
        if (!add(row)) return false;
      }
      after = rows->back().meta.position;
    }
  }

  agent::AuditResult finish() { return model_.finish(); }

 private:
  bool add(const buffer::Row& row) {
    if (row.meta.facts.lane == proto::Lane::kWaveform) {
      add_record(row.meta, 0, row.meta.facts.t_first_us, row.meta.crc32c, row.payload);
      return true;
    }
    const auto group = proto::decode_record_group(row.payload);
    if (!group || group->size() != row.meta.facts.count) {
      std::cerr << "row " << row.meta.position.value() << " of lane "
                << proto::to_string(row.meta.facts.lane) << " is no group of its records\n";
      return false;
    }
    for (std::size_t i = 0; i < group->size(); ++i) {
      const proto::GroupedRecord& record = (*group)[i];
      add_record(row.meta, i, record.start_utc_us, record.crc32c,
                 std::as_bytes(std::span(record.value)));
    }
    return true;
  }

  void add_record(const buffer::RowMeta& meta, std::size_t index, std::int64_t first_utc_us,
                  std::uint32_t crc32c, std::span<const std::byte> value) {
    const proto::CloudEvent event{
        .lane = meta.facts.lane,
        .type = type_of(meta.facts.topic, &proto::TopicSpec::ce_type),
        .content_type = type_of(meta.facts.topic, &proto::TopicSpec::content_type),
        .agent_id = "spool",
        .stream = meta.stream,
        .sequence = proto::Sequence(meta.seq_first.value() + index),
        .first_utc_us = first_utc_us,
        .subject = meta.facts.key,
        .crc32c = crc32c,
        .backfill = false};
    model_.add({.topic = meta.facts.topic,
                .partition = 0,
                .offset = offset_++,
                .key = meta.facts.key,
                .headers = proto::to_headers(event),
                .value = value});
  }

  static std::string type_of(const std::string& topic, std::string_view proto::TopicSpec::*field) {
    for (const proto::TopicSpec& spec : proto::kTopics) {
      if (topic == proto::topic_name(kPrefix, spec.topic)) return std::string(spec.*field);
    }
    return "";
  }

  agent::AuditModel model_{kPrefix};
  std::int64_t offset_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: spool_audit FILE\n";
    return 2;
  }
  const auto reader = buffer::SpoolReader::open(argv[1]);
  if (!reader) {
    std::cerr << reader.error().message() << '\n';
    return 2;
  }
  SpoolAudit audit;
  for (const proto::Lane lane :
       {proto::Lane::kEvent, proto::Lane::kTelemetry, proto::Lane::kWaveform}) {
    if (!audit.read(**reader, lane)) return 2;
  }
  const agent::AuditResult result = audit.finish();
  agent::print_json(result, {}, std::cout);
  return result.ok() ? 0 : 1;
}
