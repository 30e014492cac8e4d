// SPDX-License-Identifier: Apache-2.0
// One event as one line, in the three forms: for a terminal, for the journal, as JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
std::string_view to_string(LogLevel level);
LogLevel log_level_from(std::string_view text);  // one of the four words

struct LogField {
  std::string key;  // snake_case; the same nouns as in status and metrics
  std::string value;
};

struct LogEvent {
  LogLevel level = LogLevel::kInfo;
  std::string message;
  std::vector<LogField> fields;
};

enum class LogForm { kTerminal, kJournal, kJson };

// Without the newline; control characters are escaped, so that an event is one line whatever it
// holds. kTerminal: "<RFC 3339> level message key=value"; kJournal: "<6>message key=value" (systemd
// reads the severity and has its own time); kJson: {"time", "level", "message", fields...}.
std::string log_line(const LogEvent& event, std::int64_t utc_us, LogForm form);

}  // namespace agent
