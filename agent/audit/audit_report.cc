// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/audit_report.h"

#include <spdlog/fmt/fmt.h>

#include <nlohmann/json.hpp>

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

Json ranges_json(const LaneIds& ids) {
  Json ranges = Json::array();
  for (const DeliveredRange& range : ids.ranges) {
    ranges.push_back(Json{{"stream", range.stream},
                          {"segment", range.segment},
                          {"sample_id_first", range.ids.first},
                          {"sample_id_last", range.ids.last}});
  }
  return ranges;
}

Json lane_json(const LaneIds& ids) {
  return Json{{"records", ids.records},
              {"ids_total", ids.total},
              {"ids_delivered", ids.delivered},
              {"ids_in_gaps", ids.in_gaps},
              {"ids_missing", ids.missing},
              {"ids_twice", ids.twice},
              {"ids_contradicted", ids.contradicted},
              {"unknown_gap_seconds", ids.unknown_s},
              {"delivered_ranges", ranges_json(ids)},
              {"findings", ids.findings},
              {"ok", ids.ok()}};
}

Json energy_json(const EnergyTotals& energy) {
  Json json{{"telemetry_charge_c", energy.telemetry_charge_c},
            {"telemetry_energy_j", energy.telemetry_energy_j}};
  if (energy.has_waveform) {
    json["samples"] = energy.samples;
    json["samples_invalid"] = energy.samples_invalid;
    json["sample_rate_hz"] = energy.sample_rate_hz;
    json["waveform_charge_c"] = energy.charge_c();
    json["waveform_energy_j"] = energy.energy_j();
    json["exact_current_sum"] = energy.exact.current.to_text();
    json["exact_voltage_sum"] = energy.exact.voltage.to_text();
    json["exact_power_sum"] = energy.exact.power.to_text();
  }
  return json;
}

void print_energy(const AuditResult& result, std::ostream& out) {
  out << fmt::format("\n{:<20} {:>22} {:>22} {:>22} {:>22}\n", "device", "charge C (waveform)",
                     "charge C (telemetry)", "energy J (waveform)", "energy J (telemetry)");
  for (const auto& [device, energy] : result.energy) {
    const std::string none = "-";
    out << fmt::format("{:<20} {:>22} {:>22.15g} {:>22} {:>22.15g}\n", device,
                       energy.has_waveform ? fmt::format("{:.15g}", energy.charge_c()) : none,
                       energy.telemetry_charge_c,
                       energy.has_waveform ? fmt::format("{:.15g}", energy.energy_j()) : none,
                       energy.telemetry_energy_j);
  }
}

void print_findings(const AuditResult& result, std::ostream& out) {
  for (const std::string& finding : result.findings) out << "! " << finding << '\n';
  for (const std::string& finding : result.streams.findings) out << "! " << finding << '\n';
  for (const auto& [device, lanes] : result.devices) {
    for (const auto& [lane, ids] : lanes) {
      for (const std::string& finding : ids.findings) {
        out << "! " << device << ' ' << proto::to_string(lane) << ": " << finding << '\n';
      }
    }
  }
}

}  // namespace

LaneSum sum_of(const AuditResult& result, proto::Lane lane) {
  LaneSum sum;
  for (const auto& [device, lanes] : result.devices) {
    const auto at = lanes.find(lane);
    if (at == lanes.end()) continue;
    sum.total += at->second.total;
    sum.delivered += at->second.delivered;
    sum.in_gaps += at->second.in_gaps;
    sum.missing += at->second.missing;
    sum.twice += at->second.twice;
  }
  return sum;
}

void print_text(const AuditResult& result, const AuditNotes& notes, std::ostream& out) {
  out << fmt::format("{:<28} {:>12} {:>14} {:>12}\n", "topic", "records", "bytes", "backfill");
  for (const auto& [topic, count] : result.topics) {
    out << fmt::format("{:<28} {:>12} {:>14} {:>12}\n", topic, count.records, count.bytes,
                       count.backfill);
  }
  out << fmt::format("\n{:<20} {:<10} {:>9} {:>15} {:>15} {:>13} {:>9} {:>7}\n", "device", "lane",
                     "records", "ids", "delivered", "in named gaps", "missing", "twice");
  for (const auto& [device, lanes] : result.devices) {
    for (const auto& [lane, ids] : lanes) {
      out << fmt::format("{:<20} {:<10} {:>9} {:>15} {:>15} {:>13} {:>9} {:>7}\n", device,
                         proto::to_string(lane), ids.records, ids.total, ids.delivered, ids.in_gaps,
                         ids.missing, ids.twice);
    }
  }
  print_energy(result, out);

  out << fmt::format(
      "\nstreams {}, records {}, missing {}, duplicated {}, damaged {}, malformed {}, out of order "
      "{}\n",
      result.streams.streams, result.streams.records, result.streams.missing,
      result.streams.duplicates, result.damaged, result.malformed, result.out_of_order);
  if (!result.gaps.empty()) {
    out << "gap events:";
    for (const auto& [reason, count] : result.gaps) out << ' ' << reason << ' ' << count;
    out << '\n';
  }
  if (!notes.transactions) out << "read_committed: not supported by this broker\n";
  if (!notes.complete) out << "the broker had deleted the first records of a topic before this\n";
  print_findings(result, out);
  for (const proto::Lane lane : {proto::Lane::kTelemetry, proto::Lane::kWaveform}) {
    const LaneSum sum = sum_of(result, lane);
    if (sum.total == 0) continue;
    out << fmt::format("{}: ids {} = delivered {} + in named gaps {} + missing {}; twice {}\n",
                       proto::to_string(lane), sum.total, sum.delivered, sum.in_gaps, sum.missing,
                       sum.twice);
  }
  out << (result.ok() ? "every sample is accounted for\n" : "NOT every sample is accounted for\n");
}

void print_json(const AuditResult& result, const AuditNotes& notes, std::ostream& out) {
  Json json{{"schema", 1}, {"ok", result.ok()}};
  Json& topics = json["topics"] = Json::object();
  for (const auto& [topic, count] : result.topics) {
    topics[topic] =
        Json{{"records", count.records}, {"size_bytes", count.bytes}, {"backfill", count.backfill}};
  }
  Json& devices = json["devices"] = Json::object();
  for (const auto& [device, lanes] : result.devices) {
    for (const auto& [lane, ids] : lanes) {
      devices[device]["lanes"][std::string(proto::to_string(lane))] = lane_json(ids);
    }
  }
  for (const auto& [device, energy] : result.energy) {
    devices[device]["energy"] = energy_json(energy);
  }
  json["streams"] = Json{{"count", result.streams.streams},
                         {"records", result.streams.records},
                         {"records_missing", result.streams.missing},
                         {"records_duplicated", result.streams.duplicates},
                         {"findings", result.streams.findings}};
  json["records_damaged"] = result.damaged;
  json["records_malformed"] = result.malformed;
  json["records_out_of_order"] = result.out_of_order;
  json["gap_events"] = result.gaps;
  json["findings"] = result.findings;
  json["read_committed"] = notes.transactions;
  json["complete"] = notes.complete;
  out << json.dump(2) << '\n';
}

}  // namespace agent
