// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/status_log.h"

#include <utility>

#include "agent/status/instrument_words.h"
#include "agent/status/words.h"

namespace agent {

void StatusLog::on_instrument(const proto::InstrumentId& id,
                              const InstrumentWorkerStatus& status) const {
  const std::string name = id.to_string();
  const std::string state(to_string(status.state));
  LogEvent event{LogLevel::kInfo, "instrument is " + state, {{"instrument", name}}};
  switch (status.state) {
    case InstrumentState::kStreaming:
      event = {LogLevel::kInfo,
               "instrument streams",
               {{"instrument", name}, {"firmware", status.info.firmware}}};
      break;
    case InstrumentState::kOpening:
    case InstrumentState::kReopening:
      event.level = LogLevel::kDebug;
      break;
    case InstrumentState::kReleased:
    case InstrumentState::kStopped:
      break;
    default:
      event.level = LogLevel::kWarning;
      event.fields.push_back({"reason", status.explanation});
      event.fields.push_back({"try", instrument_remedy(id, state)});
  }
  log_.write(std::move(event));
}

void StatusLog::on_spool_opened(const std::string& path, const buffer::OpenReport& report) const {
  if (!report.set_aside.empty()) {
    log_.error("damaged spool set aside; keep the file and report it, acquisition goes on",
               {{"spool", path}, {"set_aside", report.set_aside}, {"damage", report.damage}});
  }
  const std::string previous = report.previous_stream ? report.previous_stream->to_hex() : "none";
  log_.info(report.created ? "spool created" : "spool opened",
            {{"spool", path}, {"stream", report.stream.to_hex()}, {"previous_stream", previous}});
}

void StatusLog::on_status(const AgentStatus& status, const LossTotals& evicted,
                          std::int64_t now_ns) {
  broker(status.kafka);
  const std::string& error = status.spool.writer.last_error;
  if (error.empty() && !spool_error_.empty()) {
    log_.info("spool is written again", {{"spool", status.spool.path}});
  } else if (!error.empty() && error != spool_error_) {
    log_.error("spool cannot be written; free space or make the disk writable",
               {{"spool", status.spool.path}, {"reason", error}});
  }
  spool_error_ = error;
  disk(status.spool);
  health(status);
  if (now_ns - summary_ns_ >= kSummaryNs) {
    summary_ns_ = now_ns;
    summaries(status, evicted);
  }
}

void StatusLog::flush(const AgentStatus& status, const LossTotals& evicted) {
  summaries(status, evicted);
}

void StatusLog::disk(const SpoolStatus& spool) {
  const buffer::SpoolTotals& totals = spool.writer.totals;
  if (totals.disk_full == disk_full_) return;
  disk_full_ = totals.disk_full;
  if (!disk_full_) {
    log_.info("the spool's disk has room again", {{"spool", spool.path}});
    return;
  }
  log_.error(
      "the spool's disk is full; free space, until then new data takes the place of the oldest",
      {{"spool", spool.path},
       {"file", bytes_text(totals.file_bytes)},
       {"quota", bytes_text(totals.quota_bytes)}});
}

void StatusLog::broker(const ForwarderStatus& kafka) {
  if (kafka.state != kafka_state_) {
    kafka_state_ = kafka.state;
    const bool trouble =
        kafka.state == "backing off" || kafka.state == "unreachable" || kafka.state == "held";
    LogEvent event{trouble ? LogLevel::kWarning : LogLevel::kInfo,
                   "kafka: " + kafka.state,
                   {{"brokers", kafka.brokers}}};
    if (trouble) event.fields.push_back({"reason", kafka.last_error});
    if (!kafka.explanation.empty()) event.fields.push_back({"explanation", kafka.explanation});
    log_.write(std::move(event));
  }
  if (kafka.reload_error != reload_error_) {
    reload_error_ = kafka.reload_error;
    if (!reload_error_.empty()) {
      log_.error("reload refused, kafka goes on as before: " + reload_error_,
                 {{"brokers", kafka.brokers}});
    }
  }
  if (kafka.renewals_total != renewals_) {
    renewals_ = kafka.renewals_total;
    log_.info("kafka: connected with what the reload has read", {{"brokers", kafka.brokers}});
  }
  if (!acked_ && kafka.last_ack_utc_us) {
    acked_ = true;
    log_.info("kafka: first ack", {{"brokers", kafka.brokers}, {"delivery", kafka.delivery}});
  }
}

void StatusLog::health(const AgentStatus& status) {
  if (has_health_ && status.health == health_) return;
  has_health_ = true;
  health_ = status.health;
  LogEvent event{LogLevel::kInfo, "health: " + std::string(to_string(health_)), {}};
  if (!status.reasons.empty()) {
    const HealthReason& worst = status.reasons.front();
    event.level = health_ == Health::kCritical ? LogLevel::kError : LogLevel::kWarning;
    event.fields = {{"code", worst.code}, {"reason", worst.message}, {"try", worst.remedy}};
  }
  log_.write(std::move(event));
}

void StatusLog::summaries(const AgentStatus& status, const LossTotals& evicted) {
  for (const InstrumentStatus& instrument : status.instruments) {
    const PipelineStatus& pipeline = instrument.pipeline;
    Gaps& told = gaps_[instrument.id.to_string()];
    if (pipeline.gaps_total == told.gaps) continue;
    log_.warning("values are missing",
                 {{"instrument", instrument.id.to_string()},
                  {"gaps", std::to_string(pipeline.gaps_total - told.gaps)},
                  {"values", std::to_string(pipeline.values_lost_total - told.values)},
                  {"last_reason", pipeline.last_gap_reason}});
    told = {pipeline.gaps_total, pipeline.values_lost_total};
  }
  if (evicted.rows != evicted_.rows) {
    log_.warning(status.spool.writer.totals.disk_full
                     ? "unsent data was evicted; free space on the disk or bring the broker back"
                     : "unsent data was evicted; bring the broker back or raise spool.quota",
                 {{"spool", status.spool.path},
                  {"rows", std::to_string(evicted.rows - evicted_.rows)},
                  {"values", std::to_string(evicted.values - evicted_.values)},
                  {"quota", bytes_text(status.spool.writer.totals.quota_bytes)}});
    evicted_ = evicted;
  }
}

}  // namespace agent
