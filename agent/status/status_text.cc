// SPDX-License-Identifier: Apache-2.0
#include "agent/status/status_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

#include "agent/status/words.h"

namespace agent {
namespace {

using Row = std::vector<std::string>;

// Characters as a terminal counts them: UTF-8 continuation bytes take no room.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out += std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string coloured(std::string_view text, Health health, TextStyle style) {
  if (!style.colour) return std::string(text);
  const int code = health == Health::kHealthy ? 32 : health == Health::kDegraded ? 33 : 31;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string ago(std::int64_t then_utc_us, std::int64_t now_utc_us) {
  return age_text(static_cast<double>(now_utc_us - then_utc_us) / 1e6) + " ago";
}

std::string batches_text(std::uint64_t rows) {
  return fmt::format("{} {}", rows, rows == 1 ? "batch" : "batches");
}

std::string rate_text(const InstrumentStatus& one) {
  if (one.state != "streaming" || one.value_rate_hz == 0) return "-";
  return fmt::format("{} × {}", one.float_signals, sample_rate_text(one.value_rate_hz));
}

std::string state_text(const InstrumentStatus& one) {
  std::string text = one.state;
  if (one.state != "streaming") return text;
  if (one.pipeline.time_source == "unsynchronised") text += ", unsynchronised";
  return text;
}

std::string lost_text(const InstrumentStatus& one, std::int64_t now_utc_us) {
  const PipelineStatus& pipeline = one.pipeline;
  if (pipeline.gaps_total == 0 && pipeline.values_lost_total == 0) return "0 samples";
  std::string text = pipeline.values_lost_total > 0
                         ? count_text(pipeline.values_lost_total, "sample")
                         : count_text(pipeline.gaps_total, "gap");
  if (pipeline.last_gap_utc_us) text += ", " + ago(*pipeline.last_gap_utc_us, now_utc_us);
  return text;
}

std::string last_sample_text(const InstrumentStatus& one, std::int64_t now_utc_us) {
  if (one.pipeline.last_sample_utc_us == 0) return "never";
  return ago(one.pipeline.last_sample_utc_us, now_utc_us);
}

std::string spool_line(const SpoolStatus& spool, std::int64_t now_utc_us) {
  const std::uint64_t rows = unacked_rows(spool);
  std::string text =
      fmt::format("spool   {} unsent, {} of {}", batches_text(rows),
                  bytes_text(unacked_bytes(spool)), bytes_text(spool.writer.totals.quota_bytes));
  if (const auto oldest = oldest_unacked_us(spool)) {
    text += ", oldest " + age_text(static_cast<double>(now_utc_us - *oldest) / 1e6);
  }
  if (spool.time_to_full_s) text += ", full in " + age_text(*spool.time_to_full_s);
  if (spool.writer.totals.disk_full) {
    text += ", disk full at " + bytes_text(spool.writer.totals.file_bytes);
  }
  return text + "\n";
}

std::string kafka_line(const ForwarderStatus& kafka, std::int64_t now_utc_us) {
  std::string text = "kafka   " + kafka.state;
  const bool is_speaking = kafka.state == "delivering" || kafka.state == "connecting";
  if (!kafka.brokers.empty()) {
    text += is_speaking ? " to " + kafka.brokers : " (" + kafka.brokers + ")";
  }
  if (kafka.delivery == "at_least_once") text += ", at least once";
  if (kafka.state == "backing off") text += ", next try in " + age_text(kafka.backoff_s);
  if (kafka.in_flight_records > 0) text += fmt::format(", {} in flight", kafka.in_flight_records);
  if (kafka.last_ack_utc_us) text += ", last ack " + ago(*kafka.last_ack_utc_us, now_utc_us);
  return text + "\n";
}

std::string run_lines(const AgentStatus& status) {
  std::string out;
  for (const InstrumentStatus& one : status.instruments) {
    const PipelineStatus& pipeline = one.pipeline;
    if (pipeline.run_state != "running") continue;
    out += fmt::format("run     {} on {}, step {}, cycle {}, {}, {}, {}\n", pipeline.test_id,
                       one.id.to_string(), pipeline.step_number, pipeline.cycle_number,
                       count_text(pipeline.records_total, "record"),
                       si_text(pipeline.energy_j, "J"), si_text(pipeline.charge_c, "C"));
  }
  return out;
}

}  // namespace

std::string status_screen(const AgentStatus& status, std::int64_t now_utc_us, TextStyle style) {
  std::string out =
      fmt::format("wattspoold {}  up {}   {}\n", status.version, age_text(status.uptime_s),
                  coloured(to_string(status.health), status.health, style));
  if (!status.instruments.empty()) {
    std::vector<Row> rows = {{"instrument", "state", "rate", "lost", "last sample"}};
    for (const InstrumentStatus& one : status.instruments) {
      rows.push_back({one.id.to_string(), state_text(one), rate_text(one),
                      lost_text(one, now_utc_us), last_sample_text(one, now_utc_us)});
    }
    out += table(rows);
  }
  out += run_lines(status);
  out += spool_line(status.spool, now_utc_us);
  out += kafka_line(status.kafka, now_utc_us);
  for (const HealthReason& reason : status.reasons) {
    out += fmt::format("{} {}", coloured("!", reason.severity, style), reason.message);
    if (!reason.remedy.empty()) out += "  Try: " + reason.remedy;
    out += '\n';
  }
  return out;
}

std::string instrument_screen(const InstrumentStatus& one, std::int64_t now_utc_us,
                              TextStyle style) {
  const PipelineStatus& pipeline = one.pipeline;
  const bool well = one.state == "streaming";
  std::vector<Row> rows = {
      {"instrument", one.id.to_string()},
      {"state", coloured(state_text(one), well ? Health::kHealthy : Health::kDegraded, style) +
                    ", since " + ago(one.state_since_utc_us, now_utc_us)},
      {"firmware", one.firmware.empty() ? "-" : one.firmware},
      {"rate", rate_text(one)},
      {"telemetry", fmt::format("{} Hz", one.telemetry_rate_hz)},
      {"waveform", one.waveform_rate},
      {"samples", fmt::format("{} per signal", pipeline.values_total)},
      {"lost", lost_text(one, now_utc_us)},
      {"last sample", last_sample_text(one, now_utc_us)},
      {"in memory",
       fmt::format("{} of {}", bytes_text(one.memory_bytes), bytes_text(one.memory_bytes_max))},
      {"opened", fmt::format("{} times, lost {} times", one.opens_total, one.losses_total)},
      {"now", fmt::format("{}, {}, {}", si_text(pipeline.current_a, "A"),
                          si_text(pipeline.voltage_v, "V"), si_text(pipeline.power_w, "W"))},
      {"test", fmt::format("{} ({}), step {}, cycle {}", pipeline.test_id, pipeline.run_state,
                           pipeline.step_number, pipeline.cycle_number)},
      {"records", std::to_string(pipeline.records_total)},
      {"energy", si_text(pipeline.energy_j, "J")},
      {"charge", si_text(pipeline.charge_c, "C")}};
  if (!pipeline.time_source.empty()) {
    rows.push_back({"time", fmt::format("{}, within {}", pipeline.time_source,
                                        si_text(pipeline.time_uncertainty_s, "s"))});
  }
  if (one.released_until_utc_us) {
    const auto left_us = *one.released_until_utc_us - now_utc_us;
    rows.push_back({"released", "for another " + age_text(static_cast<double>(left_us) / 1e6)});
  }
  if (!one.explanation.empty()) rows.push_back({"reason", one.explanation});
  if (!pipeline.last_gap_reason.empty()) rows.push_back({"last gap", pipeline.last_gap_reason});
  return table(rows);
}

std::string systemd_line(const AgentStatus& status) {
  const auto streaming = static_cast<std::uint64_t>(
      std::count_if(status.instruments.begin(), status.instruments.end(),
                    [](const auto& one) { return one.state == "streaming"; }));
  std::string text = count_text(streaming, "instrument");
  if (streaming != status.instruments.size()) {
    text = fmt::format("{} of {} instruments", streaming, status.instruments.size());
  }
  text += fmt::format(", {}, {} spooled", si_text(status.spool.append_bytes_per_s, "B/s"),
                      batches_text(unacked_rows(status.spool)));
  if (status.kafka.last_ack_utc_us) {
    const auto age = static_cast<double>(status.updated_utc_us - *status.kafka.last_ack_utc_us);
    text += ", last ack " + age_text(age / 1e6);
  } else {
    text += ", kafka: " + status.kafka.state;
  }
  return text;
}

std::string check_line(const AgentStatus& status) {
  std::string text(to_string(status.health));
  if (status.reasons.empty()) {
    text += ": " + systemd_line(status);
  } else {
    const HealthReason& first = status.reasons.front();
    text += ": " + first.message;
    if (!first.remedy.empty()) text += " Try: " + first.remedy;
    if (status.reasons.size() > 1) text += fmt::format(" (and {} more)", status.reasons.size() - 1);
  }
  return text;
}

}  // namespace agent
