// SPDX-License-Identifier: Apache-2.0
#include "agent/log/log_line.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "proto/cloud_event.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
// syslog's severities
constexpr std::array<std::string_view, 4> kJournalPrefixes = {"<7>", "<6>", "<4>", "<3>"};

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_plain(char c) { return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7F; }

std::string field_text(const std::string& value) {
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), is_plain);
  return plain ? value : quoted(value);
}

// A message is our own text, but it may name what a stranger sent.
std::string one_line(const std::string& text) {
  const bool clean = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7F;
  });
  if (clean) return text;
  const std::string escaped = quoted(text);
  return escaped.substr(1, escaped.size() - 2);
}

std::string json_line(const LogEvent& event, std::int64_t utc_us) {
  Json line = {{"time", proto::rfc3339_us(utc_us)},
               {"level", to_string(event.level)},
               {"message", event.message}};
  for (const LogField& field : event.fields) line[field.key] = field.value;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string_view to_string(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

LogLevel log_level_from(std::string_view text) {
  const auto at = std::find(kLevels.begin(), kLevels.end(), text);
  return at == kLevels.end() ? LogLevel::kInfo : static_cast<LogLevel>(at - kLevels.begin());
}

std::string log_line(const LogEvent& event, std::int64_t utc_us, LogForm form) {
  if (form == LogForm::kJson) return json_line(event, utc_us);
  std::string line;
  if (form == LogForm::kJournal) {
    line = kJournalPrefixes[static_cast<std::size_t>(event.level)];
  } else {
    line = proto::rfc3339_us(utc_us) + " " + std::string(to_string(event.level)) + " ";
  }
  line += one_line(event.message);
  for (const LogField& field : event.fields)
    line += " " + field.key + "=" + field_text(field.value);
  return line;
}

}  // namespace agent
