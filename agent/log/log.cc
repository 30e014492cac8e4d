// SPDX-License-Identifier: Apache-2.0
#include "agent/log/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>
#include <utility>

namespace agent {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

LogForm log_form(bool json) {
  if (json) return LogForm::kJson;
  return std::getenv("JOURNAL_STREAM") != nullptr ? LogForm::kJournal : LogForm::kTerminal;
}

Log::Log(LogForm form, LogLevel level, const proto::Clock& clock, spdlog::sink_ptr sink)
    : clock_(clock), form_(form), level_(level), logger_("wattspoold", std::move(sink)) {
  logger_.set_pattern("%v");
  logger_.set_level(spdlog::level::trace);
  logger_.flush_on(spdlog::level::trace);
}

Log::Log(LogForm form, LogLevel level, const proto::Clock& clock)
    : Log(form, level, clock, std::make_shared<spdlog::sinks::stderr_sink_st>()) {}

void Log::debug(std::string message, std::vector<LogField> fields) {
  write({LogLevel::kDebug, std::move(message), std::move(fields)});
}
void Log::info(std::string message, std::vector<LogField> fields) {
  write({LogLevel::kInfo, std::move(message), std::move(fields)});
}
void Log::warning(std::string message, std::vector<LogField> fields) {
  write({LogLevel::kWarning, std::move(message), std::move(fields)});
}
void Log::error(std::string message, std::vector<LogField> fields) {
  write({LogLevel::kError, std::move(message), std::move(fields)});
}

void Log::write(LogEvent event) {
  const std::lock_guard lock(mutex_);
  if (event.level < level_) return;
  if (limiter_.admit(event, clock_.monotonic_ns())) emit(event);
}

void Log::on_tick() {
  const std::lock_guard lock(mutex_);
  for (const LogEvent& event : limiter_.overdue(clock_.monotonic_ns())) emit(event);
}

void Log::configure(LogForm form, LogLevel level) {
  const std::lock_guard lock(mutex_);
  form_ = form;
  level_ = level;
}

void Log::emit(const LogEvent& event) {
  const std::string line = log_line(event, clock_.utc_ns() / 1000, form_);
  logger_.log(spdlog_level(event.level), "{}", line);
}

}  // namespace agent
