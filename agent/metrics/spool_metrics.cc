// SPDX-License-Identifier: Apache-2.0
// Of the spool and its writer.
#include <array>

#include "agent/metrics/metric_table.h"

namespace agent {
namespace {

using enum MetricType;
using Row = MetricRow<SpoolStatus>;
using LaneRow = MetricRow<buffer::LaneTotals>;

constexpr std::array kRows = {
    Row{{"wattspool_spool_file_bytes", kGauge, "", "size of the spool's file"},
        [](const SpoolStatus& spool) { return number(spool.writer.totals.file_bytes); }},
    Row{{"wattspool_spool_wal_bytes", kGauge, "", "size of its write-ahead log"},
        [](const SpoolStatus& spool) { return number(spool.writer.totals.wal_bytes); }},
    Row{{"wattspool_spool_quota_bytes", kGauge, "", "size that the file may reach (spool.quota)"},
        [](const SpoolStatus& spool) { return number(spool.writer.totals.quota_bytes); }},
    Row{{"wattspool_spool_unacked_bytes", kGauge, "", "not delivered yet"},
        [](const SpoolStatus& spool) { return number(unacked_bytes(spool)); }},
    Row{{"wattspool_spool_unacked_rows", kGauge, "", "not delivered yet"},
        [](const SpoolStatus& spool) { return number(unacked_rows(spool)); }},
    Row{{"wattspool_spool_oldest_unacked_timestamp_seconds", kGauge, "",
         "time of the oldest row that is not delivered; absent: all are"},
        [](const SpoolStatus& spool) { return timestamp_seconds(oldest_unacked_us(spool)); }},
    Row{{"wattspool_spool_time_to_full_seconds", kGauge, "",
         "until the backlog fills the quota, at the rate of the last 30 s; absent: it does not "
         "grow"},
        [](const SpoolStatus& spool) -> MetricValue { return spool.time_to_full_s; }},
    Row{{"wattspool_spool_commits_total", kCounter, "", "commits, an fsync each"},
        [](const SpoolStatus& spool) { return number(spool.writer.commits_total); }},
    Row{{"wattspool_spool_appended_rows_total", kCounter, "", "rows written"},
        [](const SpoolStatus& spool) { return number(spool.writer.appended_rows_total); }},
    Row{{"wattspool_spool_evicted_rows_total", kCounter, "",
         "rows given up for new ones, delivered ones too"},
        [](const SpoolStatus& spool) { return number(spool.writer.evicted_rows_total); }},
    Row{{"wattspool_spool_evicted_unacked_rows_total", kCounter, "",
         "of these, rows that had not been delivered: lost, and named in gap events"},
        [](const SpoolStatus& spool) { return number(spool.evicted_unacked_rows_total); }},
    Row{{"wattspool_spool_evicted_unacked_values_total", kCounter, "",
         "values of float signals in them"},
        [](const SpoolStatus& spool) { return number(spool.evicted_unacked_values_total); }},
    Row{{"wattspool_spool_last_commit_duration_seconds", kGauge, "", "of the last commit"},
        [](const SpoolStatus& spool) { return number(spool.writer.last_commit_ms / 1e3); }},
    Row{{"wattspool_spool_worst_commit_duration_seconds", kGauge, "",
         "of the slowest commit of this process"},
        [](const SpoolStatus& spool) { return number(spool.writer.worst_commit_ms / 1e3); }},
    Row{{"wattspool_spool_disk_full", kGauge, "",
         "1 while the disk lets the file grow no further: new rows take the place of old ones"},
        [](const SpoolStatus& spool) { return number(spool.writer.totals.disk_full); }},
    Row{{"wattspool_spool_write_failing", kGauge, "", "1 while a commit is being retried"},
        [](const SpoolStatus& spool) { return number(!spool.writer.last_error.empty()); }},
};

constexpr std::array kLaneRows = {
    LaneRow{{"wattspool_spool_lane_bytes", kGauge, "lane", "in the spool, delivered rows too"},
            [](const buffer::LaneTotals& totals) { return number(totals.bytes); }},
    LaneRow{{"wattspool_spool_lane_rows", kGauge, "lane", "in the spool, delivered rows too"},
            [](const buffer::LaneTotals& totals) { return number(totals.rows); }},
    LaneRow{{"wattspool_spool_lane_unacked_bytes", kGauge, "lane", "not delivered yet"},
            [](const buffer::LaneTotals& totals) { return number(totals.unacked_bytes); }},
    LaneRow{{"wattspool_spool_lane_unacked_records", kGauge, "lane", "not delivered yet"},
            [](const buffer::LaneTotals& totals) { return number(totals.unacked_records); }},
};

}  // namespace

void append_spool_metrics(std::vector<MetricFamily>& out, const AgentStatus& status) {
  append_families<SpoolStatus>(out, kRows, {{{}, &status.spool}});
  LabelledParts<buffer::LaneTotals> lanes;
  for (const auto& [lane, totals] : status.spool.writer.totals.lanes) {
    lanes.push_back({{{"lane", std::string(proto::to_string(lane))}}, &totals});
  }
  append_families<buffer::LaneTotals>(out, kLaneRows, lanes);
}

}  // namespace agent
