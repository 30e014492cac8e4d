// SPDX-License-Identifier: Apache-2.0
// Every configuration key: one table that validates, documents and gives the defaults. A key that
// is not here does not exist.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace agent {

enum class KeyType {
  kText,
  kWireId,        // [A-Za-z0-9._-]{1,64}
  kInstrumentId,  // model/serial
  kPath,          // absolute
  kSecretFile,    // absolute, or the name of a credential (secret_file.h)
  kPort,          // usb or unix:/path
  kListen,        // IPv4 address:port, or off
  kPrefix,        // topic prefix
  kChoice,
  kInteger,
  kNumber,
  kDuration,
  kSize,
  kByteRate,  // or "off"
  kRate,
  kWaveformRate,  // "off", a rate, or "full"
  kTextList,
  kAnyTable,  // names and values are checked by another part
};

enum class Apply { kReload, kRestart };

// min and max are in the base unit (ms, B, Hz, B/s) and inclusive; both 0: no range.
struct KeySpec {
  std::string_view path;  // "spool.quota"; of an instrument's key: "waveform.rate"
  KeyType type;
  std::string_view default_text;  // as in the file, without quotes; empty: none
  double min;
  double max;
  std::string_view choices;  // kChoice: "text json"
  Apply apply;
  std::string_view help;
};

std::span<const KeySpec> config_keys();
// The keys of one [[instrument]]. Those that also exist at the top override it.
std::span<const KeySpec> instrument_keys();
const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view path);

std::string_view to_string(KeyType type);    // "duration" ...
std::string range_text(const KeySpec& key);  // "10ms to 1min", "text or json", or empty
// The documentation's table, in Markdown: one row per key. A test compares it with the README.
std::string keys_table_markdown();

}  // namespace agent
