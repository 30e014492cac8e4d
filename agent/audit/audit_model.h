// SPDX-License-Identifier: Apache-2.0
// What the records of the topics prove, fed one by one in the order of each partition. No I/O:
// tables test it, `wattspool audit` feeds it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/audit/consumed_record.h"
#include "agent/audit/energy_audit.h"
#include "agent/audit/lane_audit.h"
#include "agent/audit/stream_audit.h"
#include "proto/lane.h"
#include "proto/topics.h"

namespace agent {

struct TopicCount {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t backfill = 0;
};

struct AuditResult {
  std::map<std::string, TopicCount> topics;
  StreamFindings streams;
  std::map<std::string, std::map<proto::Lane, LaneIds>> devices;  // device_id -> lane
  std::map<std::string, EnergyTotals> energy;                     // device_id
  std::map<std::string, std::uint64_t> gaps;                      // reason -> gap events
  std::uint64_t damaged = 0;       // the value's CRC-32C is not the header's
  std::uint64_t malformed = 0;     // headers or value against the contract
  std::uint64_t out_of_order = 0;  // record number or sequence of a key went back, or time
  std::vector<std::string> findings;

  bool ok() const;
};

class AuditModel {
 public:
  explicit AuditModel(std::string topic_prefix);
  void add(const ConsumedRecord& record);
  AuditResult finish();

 private:
  struct KeyOrder {
    std::uint64_t record_number = 0;
    std::int64_t epoch_us = 0;
    std::string stream;  // with the segment: a clock that was set back begins a new one
    proto::SegmentId segment;
  };
  void find(std::string text);
  void malformed(const ConsumedRecord& record, const std::string& why);
  void add_telemetry(const ConsumedRecord& record, const proto::CloudEvent& event);
  void add_waveform(const ConsumedRecord& record, const proto::CloudEvent& event);
  void add_event(const ConsumedRecord& record, const proto::CloudEvent& event);
  void check_sequence_order(const ConsumedRecord& record, const proto::CloudEvent& event);

  std::string topic_prefix_;
  AuditResult result_;
  StreamAudit streams_;
  std::map<std::string, std::map<proto::Lane, LaneAudit>> lanes_;
  std::map<std::string, EnergyAudit> energy_;
  std::map<std::string, KeyOrder> telemetry_order_;  // by key
  std::map<std::pair<std::string, std::string>, std::uint64_t>
      sequence_;  // by (topic + key, stream)
};

}  // namespace agent
