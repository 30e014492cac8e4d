// SPDX-License-Identifier: Apache-2.0
// The daemon's log: one event per line on stderr, repeated errors limited, never a secret.
#pragma once

#include <spdlog/logger.h>

#include <mutex>
#include <string>
#include <vector>

#include "agent/log/log_line.h"
#include "agent/log/repeat_limiter.h"
#include "proto/clock.h"

namespace agent {

// kJournal when systemd reads our stderr ($JOURNAL_STREAM), else kTerminal; kJson when asked for.
LogForm log_form(bool json);

// Thread-safe.
class Log {
 public:
  Log(LogForm form, LogLevel level, const proto::Clock& clock, spdlog::sink_ptr sink);
  // To stderr.
  Log(LogForm form, LogLevel level, const proto::Clock& clock);

  void debug(std::string message, std::vector<LogField> fields = {});
  void info(std::string message, std::vector<LogField> fields = {});
  void warning(std::string message, std::vector<LogField> fields = {});
  void error(std::string message, std::vector<LogField> fields = {});
  void write(LogEvent event);
  // Says what was left out, once its 10 s are over. About once a second.
  void on_tick();
  // A reload.
  void configure(LogForm form, LogLevel level);

 private:
  void emit(const LogEvent& event);

  const proto::Clock& clock_;
  std::mutex mutex_;
  LogForm form_;  // guarded by mutex_, as is all below
  LogLevel level_;
  RepeatLimiter limiter_;
  spdlog::logger logger_;
};

}  // namespace agent
