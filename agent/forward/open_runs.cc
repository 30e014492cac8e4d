// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/open_runs.h"

#include <algorithm>

#include "agent/forward/topic_scan.h"

namespace agent {

OpenRuns::OpenRuns(std::set<std::string> device_ids, std::set<std::string> open_now)
    : device_ids_(std::move(device_ids)), open_now_(std::move(open_now)) {}

void OpenRuns::take(std::int32_t partition, std::string_view key, std::string_view value) {
  const std::string device_id(key.substr(0, key.find('/')));
  if (!device_ids_.contains(device_id)) return;
  last_[{std::string(key), partition}] = proto::run_from_json(value);
}

std::vector<proto::RunRecord> OpenRuns::result() const {
  std::map<std::string, const proto::RunRecord*> newest;
  for (const auto& [at, record] : last_) {
    if (!record || open_now_.contains(at.first)) continue;
    const proto::RunRecord*& known = newest[at.first];
    if (known == nullptr || known->updated_utc_us <= record->updated_utc_us) known = &*record;
  }
  std::vector<proto::RunRecord> open;
  for (const auto& [key, record] : newest) {
    if (record->state == "running") open.push_back(*record);
  }
  return open;
}

proto::Result<std::vector<proto::RunRecord>> find_open_runs(const OpenRunsQuery& query) {
  const TopicScan scan{query.kafka, query.client_id, query.topic,
                       {},          query.timeout,   query.cancelled};
  OpenRuns runs(query.device_ids, query.open_now);
  const auto scanned = scan_topic(scan, [&](const KafkaRecord& record) {
    runs.take(record.partition, record.key, record.text());
  });
  if (!scanned) return tl::unexpected(scanned.error());
  return runs.result();
}

buffer::LatestValue aborted_run(proto::RunRecord run, std::string topic, std::int64_t now_utc_us) {
  run.state = "aborted";
  run.ended_utc_us = run.updated_utc_us;
  run.updated_utc_us = std::max(now_utc_us, run.updated_utc_us);
  return {std::move(topic), run.device_id + "/" + run.test_id, to_json(run), run.updated_utc_us, 0};
}

}  // namespace agent
