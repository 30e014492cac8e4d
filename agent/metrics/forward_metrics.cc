// SPDX-License-Identifier: Apache-2.0
// Of the forwarder.
#include <algorithm>
#include <array>

#include "agent/metrics/metric_table.h"

namespace agent {
namespace {

using enum MetricType;
using Row = MetricRow<ForwarderStatus>;

constexpr MetricSpec kStates = {"wattspool_forward_state", kGauge, "state",
                                "1 for the state that it is in, 0 for all others"};
// ForwarderStatus::state.
constexpr std::array kStateNames = {
    "no broker configured", "connecting", "unreachable", "delivering",
    "backing off",          "held",       "stopped"};

constexpr std::array kRows = {
    Row{{"wattspool_forward_delivered_records_total", kCounter, "", "records that brokers acked"},
        [](const ForwarderStatus& kafka) { return number(kafka.delivered_records_total); }},
    Row{{"wattspool_forward_delivered_bytes_total", kCounter, "", "their payload"},
        [](const ForwarderStatus& kafka) { return number(kafka.delivered_bytes_total); }},
    Row{{"wattspool_forward_transactions_total", kCounter, "", "transactions committed"},
        [](const ForwarderStatus& kafka) { return number(kafka.transactions_total); }},
    Row{{"wattspool_forward_retried_records_total", kCounter, "", "records sent again"},
        [](const ForwarderStatus& kafka) { return number(kafka.retried_total); }},
    Row{{"wattspool_forward_rebuilds_total", kCounter, "", "producers made anew after an error"},
        [](const ForwarderStatus& kafka) { return number(kafka.rebuilds_total); }},
    Row{{"wattspool_forward_in_flight_records", kGauge, "", "sent and not acked"},
        [](const ForwarderStatus& kafka) { return number(kafka.in_flight_records); }},
    Row{{"wattspool_forward_backoff_seconds", kGauge, "", "until the next try; 0: none waits"},
        [](const ForwarderStatus& kafka) { return number(kafka.backoff_s); }},
    Row{{"wattspool_forward_last_ack_timestamp_seconds", kGauge, "",
         "last ack of a broker; absent: none in this process"},
        [](const ForwarderStatus& kafka) { return timestamp_seconds(kafka.last_ack_utc_us); }},
    Row{{"wattspool_forward_quarantined_batches", kGauge, "",
         "batches that the broker will not take"},
        [](const ForwarderStatus& kafka) { return number(kafka.quarantined.size()); }},
    Row{{"wattspool_forward_topic_warnings", kGauge, "",
         "topics that are missing or keep less than promised"},
        [](const ForwarderStatus& kafka) { return number(kafka.topic_warnings.size()); }},
};

}  // namespace

void append_forward_metrics(std::vector<MetricFamily>& out, const AgentStatus& status) {
  MetricFamily& states = out.emplace_back(MetricFamily{kStates, {}});
  for (const std::string name : kStateNames) {
    std::string word = name;
    std::replace(word.begin(), word.end(), ' ', '_');
    states.samples.push_back({{{"state", word}}, status.kafka.state == name ? 1.0 : 0.0});
  }
  append_families<ForwarderStatus>(out, kRows, {{{}, &status.kafka}});
}

}  // namespace agent
