// SPDX-License-Identifier: Apache-2.0
// The key table in words: for messages and for the documentation.
#include <spdlog/fmt/fmt.h>

#include "agent/config/config_keys.h"
#include "agent/config/units.h"

namespace agent {
namespace {

std::string choices_text(std::string_view choices) {
  std::string text;
  while (!choices.empty()) {
    const auto space = choices.find(' ');
    if (!text.empty()) text += space == std::string_view::npos ? " or " : ", ";
    text += std::string(choices.substr(0, space));
    choices = space == std::string_view::npos ? "" : choices.substr(space + 1);
  }
  return text;
}

std::string amount_text(const KeySpec& key, double amount) {
  switch (key.type) {
    case KeyType::kDuration:
      return format_quantity(amount, UnitKind::kDuration);
    case KeyType::kSize:
      return format_quantity(amount, UnitKind::kSize);
    case KeyType::kByteRate:
      return format_quantity(amount, UnitKind::kByteRate);
    case KeyType::kRate:
    case KeyType::kWaveformRate:
      return format_quantity(amount, UnitKind::kRate);
    default:
      return fmt::format("{}", amount);
  }
}

void append_rows(std::string& out, std::span<const KeySpec> keys, std::string_view section) {
  for (const KeySpec& key : keys) {
    const std::string range = range_text(key);
    out +=
        fmt::format("| `{}{}` | {} | {} | {} | {} | {} |\n", section, key.path, to_string(key.type),
                    key.default_text.empty() ? "" : fmt::format("`{}`", key.default_text), range,
                    key.apply == Apply::kReload ? "reload" : "restart", key.help);
  }
}

}  // namespace

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::kText:
      return "text";
    case KeyType::kWireId:
      return "id";
    case KeyType::kInstrumentId:
      return "instrument";
    case KeyType::kPath:
      return "path";
    case KeyType::kSecretFile:
      return "secret file";
    case KeyType::kPort:
      return "port";
    case KeyType::kListen:
      return "address";
    case KeyType::kPrefix:
      return "prefix";
    case KeyType::kChoice:
      return "choice";
    case KeyType::kInteger:
      return "integer";
    case KeyType::kNumber:
      return "number";
    case KeyType::kDuration:
      return "duration";
    case KeyType::kSize:
      return "size";
    case KeyType::kByteRate:
      return "bytes a second";
    case KeyType::kRate:
      return "rate";
    case KeyType::kWaveformRate:
      return "waveform rate";
    case KeyType::kTextList:
      return "array of text";
    case KeyType::kAnyTable:
      return "table";
  }
  return "value";
}

std::string range_text(const KeySpec& key) {
  if (key.type == KeyType::kChoice) return choices_text(key.choices);
  if (key.min == 0 && key.max == 0) return "";
  return amount_text(key, key.min) + " to " + amount_text(key, key.max);
}

std::string keys_table_markdown() {
  std::string out =
      "| key | type | default | range | takes effect at | meaning |\n"
      "|---|---|---|---|---|---|\n";
  append_rows(out, config_keys(), "");
  append_rows(out, instrument_keys(), "[[instrument]] ");
  return out;
}

}  // namespace agent
