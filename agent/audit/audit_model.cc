// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/audit_model.h"

#include <algorithm>
#include <utility>

#include "agent/audit/event_facts.h"
#include "agent/audit/raw_rows.h"
#include "proto/crc32c.h"

namespace agent {
namespace {

constexpr std::size_t kFindingsMax = 50;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string place(const ConsumedRecord& record) {
  return std::string(record.topic) + "[" + std::to_string(record.partition) + "]@" +
         std::to_string(record.offset);
}

}  // namespace

bool AuditResult::ok() const {
  if (damaged != 0 || malformed != 0 || out_of_order != 0 || !streams.ok()) return false;
  for (const auto& [device, lanes] : devices) {
    for (const auto& [lane, ids] : lanes) {
      if (!ids.ok()) return false;
    }
  }
  return true;
}

AuditModel::AuditModel(std::string topic_prefix) : topic_prefix_(std::move(topic_prefix)) {}

void AuditModel::find(std::string text) {
  if (result_.findings.size() < kFindingsMax) result_.findings.push_back(std::move(text));
}

void AuditModel::malformed(const ConsumedRecord& record, const std::string& why) {
  ++result_.malformed;
  find(place(record) + ": " + why);
}

void AuditModel::add(const ConsumedRecord& record) {
  const auto spec = std::find_if(
      proto::kTopics.begin(), proto::kTopics.end(), [&](const proto::TopicSpec& candidate) {
        return record.topic == proto::topic_name(topic_prefix_, candidate.topic);
      });
  if (spec == proto::kTopics.end()) return;
  TopicCount& count = result_.topics[std::string(record.topic)];
  ++count.records;
  count.bytes += record.value.size();
  // Progress is the agents' own book-keeping: no CloudEvent.
  if (spec->topic == proto::Topic::kProgress) return;

  const auto event = proto::from_headers(record.headers);
  if (!event) return malformed(record, "headers are not those of a wattspool record");
  if (event->backfill) ++count.backfill;
  if (proto::crc32c(record.value) != event->crc32c) {
    ++result_.damaged;
    find(place(record) + ": the value's CRC-32C is " +
         proto::crc32c_hex(proto::crc32c(record.value)) + ", the header says " +
         proto::crc32c_hex(event->crc32c));
    return;
  }
  if (event->subject != record.key) return malformed(record, "key and ce_subject differ");
  if (spec->lane == proto::Lane::kState) return;
  // What came twice is counted once: it must not disturb what follows.
  if (!streams_.add(event->stream.to_hex(), event->lane, event->sequence)) return;
  check_sequence_order(record, *event);
  switch (spec->topic) {
    case proto::Topic::kTelemetry:
      return add_telemetry(record, *event);
    case proto::Topic::kWaveform:
      return add_waveform(record, *event);
    case proto::Topic::kEvent:
      return add_event(record, *event);
    default:
      return;
  }
}

void AuditModel::check_sequence_order(const ConsumedRecord& record,
                                      const proto::CloudEvent& event) {
  std::uint64_t& last =
      sequence_[{std::string(record.topic) + "/" + std::string(record.key), event.stream.to_hex()}];
  if (event.sequence.value() <= last) {
    ++result_.out_of_order;
    find(place(record) + ": sequence " + std::to_string(event.sequence.value()) + " after " +
         std::to_string(last) + " of the same key");
  }
  last = std::max(last, event.sequence.value());
}

void AuditModel::add_telemetry(const ConsumedRecord& record, const proto::CloudEvent& event) {
  const auto facts = read_telemetry(text_of(record.value));
  if (!facts) return malformed(record, "not a telemetry record");
  if (record.key != facts->device_id + "/" + facts->test_id) {
    return malformed(record, "key is not device_id/test_id");
  }
  KeyOrder& order = telemetry_order_[std::string(record.key)];
  const std::string stream = event.stream.to_hex();
  const bool same_segment = stream == order.stream && facts->segment == order.segment;
  if (facts->record_number <= order.record_number ||
      (same_segment && facts->epoch_us <= order.epoch_us)) {
    ++result_.out_of_order;
    find(place(record) + ": record " + std::to_string(facts->record_number) + " after " +
         std::to_string(order.record_number) +
         " of the same run, or its time went back within a segment");
  }
  order = KeyOrder{facts->record_number, facts->epoch_us, stream, facts->segment};

  const std::uint64_t values = facts->samples_seen + facts->samples_missing;
  if (values == 0 || facts->ids.count() % values != 0) {
    return malformed(record, "sample counts do not fit its span of ids");
  }
  const std::uint64_t ids_per_value = facts->ids.count() / values;
  lanes_[facts->device_id][proto::Lane::kTelemetry].add_record(
      stream, facts->segment, facts->ids, facts->samples_missing * ids_per_value);
  energy_[facts->device_id].add_telemetry(facts->charge_c, facts->energy_j);
}

void AuditModel::add_waveform(const ConsumedRecord& record, const proto::CloudEvent& event) {
  auto value = proto::decode_waveform(record.value);
  if (!value) return malformed(record, value.error().message());
  const auto waveform = decode_raw_rows(std::move(*value));
  if (!waveform) return malformed(record, waveform.error().message());
  if (waveform->stream != event.stream) return malformed(record, "stream differs from ce_id");
  std::uint64_t voltage_ids = 0;
  std::uint64_t current_ids = 0;
  for (const proto::DecodedRow& row : waveform->rows) {
    if (record.key != row.device_id + "/" + row.test_id) {
      return malformed(record, "key is not device_id/test_id");
    }
    const std::uint64_t ids = row.value_count() * row.ids_per_value;
    if (row.signal == "voltage") voltage_ids += ids;
    if (row.signal != "current" || ids == 0) continue;
    current_ids += ids;
    // Current stands for the floats: voltage comes with it or the record is malformed.
    lanes_[row.device_id][proto::Lane::kWaveform].add_record(
        event.stream.to_hex(), row.segment,
        Interval{row.first_sample.value(), row.first_sample.value() + ids - 1}, 0);
  }
  if (current_ids != voltage_ids) malformed(record, "current and voltage cover different ids");
  if (!waveform->rows.empty()) energy_[waveform->rows.front().device_id].add(*waveform);
}

void AuditModel::add_event(const ConsumedRecord& record, const proto::CloudEvent& event) {
  const auto facts = read_event(text_of(record.value));
  if (!facts) return malformed(record, "not an event record");
  if (facts->chain) {
    streams_.add_chain(event.agent_id, facts->chain->stream, facts->chain->previous_stream,
                       facts->chain->previous_last);
  }
  if (!facts->gap) return;
  const GapFacts& gap = *facts->gap;
  ++result_.gaps[gap.reason];
  if (gap.sequences && gap.lane) {
    streams_.add_named_loss(gap.stream, *gap.lane, *gap.sequences);
  }
  if (!facts->device_id || !gap.floats_missing) return;
  for (const proto::Lane lane : {proto::Lane::kTelemetry, proto::Lane::kWaveform}) {
    if (gap.lane && *gap.lane != lane) continue;
    LaneAudit& audit = lanes_[*facts->device_id][lane];
    if (gap.ids) {
      audit.add_gap(gap.stream, gap.segment, *gap.ids);
    } else {
      audit.add_unknown_gap(gap.stream, gap.segment, gap.duration_s);
    }
  }
}

AuditResult AuditModel::finish() {
  result_.streams = streams_.finish();
  const auto order = streams_.order();
  for (const auto& [device, lanes] : lanes_) {
    for (const auto& [lane, audit] : lanes) {
      // A lane that is switched off has gaps (lane null) but no records.
      if (audit.has_records()) result_.devices[device][lane] = audit.finish(order);
    }
  }
  for (auto& [device, energy] : energy_) result_.energy[device] = energy.totals();
  return result_;
}

}  // namespace agent
