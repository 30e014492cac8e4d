// SPDX-License-Identifier: Apache-2.0
// Of each instrument.
#include <array>

#include "agent/daemon/instrument_state.h"
#include "agent/metrics/metric_table.h"
#include "proto/gap.h"

namespace agent {
namespace {

using enum MetricType;
using Row = MetricRow<InstrumentStatus>;

constexpr std::string_view kLabel = "instrument";

constexpr MetricSpec kStates = {"wattspool_instrument_state", kGauge, "instrument state",
                                "1 for the state that it is in, 0 for all others"};
constexpr MetricSpec kGaps = {"wattspool_instrument_gaps_total", kCounter, "instrument reason",
                              "gap events, by their reason"};

bool is_streaming(const InstrumentStatus& one) { return one.state == "streaming"; }

// What an instrument measures is told while it measures.
MetricValue while_streaming(const InstrumentStatus& one, double value) {
  if (!is_streaming(one) || one.pipeline.last_sample_utc_us == 0) return std::nullopt;
  return value;
}

constexpr std::array kRows = {
    Row{{"wattspool_instrument_up", kGauge, kLabel, "1 while it streams"},
        [](const InstrumentStatus& one) { return number(is_streaming(one)); }},
    Row{{"wattspool_instrument_opens_total", kCounter, kLabel, "times it was opened"},
        [](const InstrumentStatus& one) { return number(one.opens_total); }},
    Row{{"wattspool_instrument_losses_total", kCounter, kLabel,
         "times it was lost while it streamed"},
        [](const InstrumentStatus& one) { return number(one.losses_total); }},
    Row{{"wattspool_usb_transfers_total", kCounter, kLabel, "bulk transfers that brought data"},
        [](const InstrumentStatus& one) { return number(one.bus.transfers); }},
    Row{{"wattspool_usb_failed_transfers_total", kCounter, kLabel,
         "bulk transfers that stalled or broke"},
        [](const InstrumentStatus& one) { return number(one.bus.transfers_failed); }},
    Row{{"wattspool_usb_repeated_claims_total", kCounter, kLabel,
         "claims that came before the kernel had configured the device"},
        [](const InstrumentStatus& one) { return number(one.bus.claims_repeated); }},
    Row{{"wattspool_instrument_value_rate_hertz", kGauge, kLabel,
         "values a second of each float signal, as the instrument says"},
        [](const InstrumentStatus& one) -> MetricValue {
          if (one.value_rate_hz == 0) return std::nullopt;
          return one.value_rate_hz;
        }},
    Row{{"wattspool_instrument_values_total", kCounter, kLabel,
         "values per float signal that arrived"},
        [](const InstrumentStatus& one) { return number(one.pipeline.values_total); }},
    Row{{"wattspool_instrument_lost_values_total", kCounter, kLabel,
         "values per float signal that gaps name"},
        [](const InstrumentStatus& one) { return number(one.pipeline.values_lost_total); }},
    Row{{"wattspool_instrument_last_gap_timestamp_seconds", kGauge, kLabel,
         "when the last gap event was; absent: none in this process"},
        [](const InstrumentStatus& one) {
          return timestamp_seconds(one.pipeline.last_gap_utc_us);
        }},
    Row{{"wattspool_instrument_last_sample_timestamp_seconds", kGauge, kLabel,
         "time of the newest sample; absent: none yet"},
        [](const InstrumentStatus& one) {
          return timestamp_seconds(one.pipeline.last_sample_utc_us);
        }},
    Row{{"wattspool_instrument_time_unsynchronised", kGauge, kLabel,
         "1 while its times cannot be right: the clock of the host is not set"},
        [](const InstrumentStatus& one) {
          return number(one.pipeline.time_source == "unsynchronised");
        }},
    Row{{"wattspool_instrument_time_uncertainty_seconds", kGauge, kLabel,
         "of the times of its samples; absent: no segment at hand"},
        [](const InstrumentStatus& one) -> MetricValue {
          if (one.pipeline.time_source.empty()) return std::nullopt;
          return one.pipeline.time_uncertainty_s;
        }},
    Row{{"wattspool_instrument_memory_bytes", kGauge, kLabel, "sealed and not committed yet"},
        [](const InstrumentStatus& one) { return number(one.memory_bytes); }},
    Row{{"wattspool_instrument_memory_capacity_bytes", kGauge, kLabel,
         "what it may hold in memory; then values are lost"},
        [](const InstrumentStatus& one) { return number(one.memory_bytes_max); }},
    Row{{"wattspool_instrument_current_amperes", kGauge, kLabel,
         "mean of the last telemetry record, while it streams"},
        [](const InstrumentStatus& one) { return while_streaming(one, one.pipeline.current_a); }},
    Row{{"wattspool_instrument_voltage_volts", kGauge, kLabel,
         "mean of the last telemetry record, while it streams"},
        [](const InstrumentStatus& one) { return while_streaming(one, one.pipeline.voltage_v); }},
    Row{{"wattspool_instrument_power_watts", kGauge, kLabel,
         "mean of the last telemetry record, while it streams"},
        [](const InstrumentStatus& one) { return while_streaming(one, one.pipeline.power_w); }},
    Row{{"wattspool_instrument_run_active", kGauge, kLabel, "1 while a run is open on it"},
        [](const InstrumentStatus& one) { return number(one.pipeline.run_state == "running"); }},
};

}  // namespace

void append_instrument_metrics(std::vector<MetricFamily>& out, const AgentStatus& status) {
  LabelledParts<InstrumentStatus> instruments;
  for (const InstrumentStatus& one : status.instruments) {
    instruments.push_back({{{"instrument", one.id.to_string()}}, &one});
  }
  append_families<InstrumentStatus>(out, kRows, instruments);
  // All words, so that a query needs no case for what has not happened yet.
  MetricFamily states{kStates, {}};
  MetricFamily gaps{kGaps, {}};
  for (const auto& [labels, one] : instruments) {
    for (auto state = InstrumentState::kOpening; state <= InstrumentState::kStopped;
         state = static_cast<InstrumentState>(static_cast<int>(state) + 1)) {
      auto with_state = labels;
      with_state.emplace_back("state", to_string(state));
      states.samples.push_back({with_state, one->state == to_string(state) ? 1.0 : 0.0});
    }
    for (auto reason = proto::GapReason::kUsbLoss; reason <= proto::GapReason::kInvalid;
         reason = static_cast<proto::GapReason>(static_cast<int>(reason) + 1)) {
      const std::string word(proto::to_string(reason));
      auto with_reason = labels;
      with_reason.emplace_back("reason", word);
      const auto& counts = one->pipeline.gaps_by_reason;
      const auto at = counts.find(word);
      gaps.samples.push_back({with_reason, at == counts.end() ? 0 : *number(at->second)});
    }
  }
  out.push_back(std::move(states));
  out.push_back(std::move(gaps));
}

}  // namespace agent
