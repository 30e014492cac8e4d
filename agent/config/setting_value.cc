// SPDX-License-Identifier: Apache-2.0
#include "agent/config/setting_value.h"

#include <arpa/inet.h>
#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <utility>

#include "agent/config/nearest_name.h"
#include "agent/config/units.h"
#include "proto/check.h"
#include "proto/ids.h"

namespace agent {
namespace {

using Checked = tl::expected<Setting, std::string>;

tl::unexpected<std::string> wrong(std::string message) {
  return tl::unexpected(std::move(message));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    text = at == std::string_view::npos ? "" : text.substr(at + 1);
  }
  return parts;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return std::string(text);
}

Checked in_range(const KeySpec& key, Setting setting) {
  if (key.min == 0 && key.max == 0) return setting;
  if (setting.amount < key.min || setting.amount > key.max) {
    return wrong(fmt::format("{} is out of range; allowed: {}", setting.text, range_text(key)));
  }
  return setting;
}

Checked read_number(const KeySpec& key, const ConfigNode& node) {
  const bool whole = key.type == KeyType::kInteger;
  Setting setting{node.text, node.number, {}, node.origin, true};
  const bool right_kind =
      node.kind == NodeKind::kInteger || (!whole && node.kind == NodeKind::kNumber);
  if (node.from_environment) {
    const char* const end = node.text.data() + node.text.size();
    std::int64_t integer = 0;
    const auto result = whole ? std::from_chars(node.text.data(), end, integer)
                              : std::from_chars(node.text.data(), end, setting.amount);
    if (whole) setting.amount = static_cast<double>(integer);
    if (result.ec != std::errc() || result.ptr != end) {
      return wrong(fmt::format("\"{}\" is not {} number", node.text, whole ? "a whole" : "a"));
    }
  } else if (!right_kind) {
    return wrong(
        fmt::format("must be {}, not {}", whole ? "an integer" : "a number", to_string(node.kind)));
  }
  return in_range(key, std::move(setting));
}

Checked read_quantity(const KeySpec& key, const ConfigNode& node, UnitKind kind) {
  Setting setting{node.text, 0, {}, node.origin, true};
  const bool word =
      (key.type == KeyType::kByteRate && node.text == "off") ||
      (key.type == KeyType::kWaveformRate && (node.text == "off" || node.text == "full"));
  if (word) return setting;
  const auto amount = parse_quantity(node.text, kind);
  if (!amount) {
    const std::string_view words = key.type == KeyType::kByteRate       ? "; or \"off\""
                                   : key.type == KeyType::kWaveformRate ? "; or \"off\", \"full\""
                                                                        : "";
    return wrong(amount.error() + std::string(words));
  }
  setting.amount = *amount;
  return in_range(key, std::move(setting));
}

Checked read_choice(const KeySpec& key, const ConfigNode& node) {
  const auto choices = split(key.choices, ' ');
  for (const std::string_view choice : choices) {
    if (choice == node.text) return Setting{node.text, 0, {}, node.origin, true};
  }
  std::string message = fmt::format("\"{}\" is not one of {}", node.text, range_text(key));
  if (const auto near = nearest_name(node.text, choices)) {
    message += fmt::format("; did you mean \"{}\"?", *near);
  }
  return wrong(std::move(message));
}

Checked read_list(const ConfigNode& node) {
  Setting setting{"", 0, {}, node.origin, true};
  if (node.from_environment) {
    for (const std::string_view part : split(node.text, ',')) setting.list.push_back(trimmed(part));
    return setting;
  }
  if (node.kind != NodeKind::kArray) {
    return wrong(fmt::format("must be an array of strings, not {}", to_string(node.kind)));
  }
  for (const ConfigNode& item : node.items) {
    if (item.kind != NodeKind::kText) {
      return wrong(fmt::format("must hold strings only, not {}", to_string(item.kind)));
    }
    setting.list.push_back(item.text);
  }
  return setting;
}

bool is_prefix(std::string_view text) {
  return text.size() <= 64 && (text.empty() || proto::is_wire_id(text));
}

// Port 0 takes a free one.
bool is_listen_address(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return false;
  in_addr address{};
  if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address) != 1) return false;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + colon + 1, end, port);
  return result.ec == std::errc() && result.ptr == end;
}

// The types whose value is a text with a form.
Checked read_text(const KeySpec& key, const ConfigNode& node) {
  const std::string& text = node.text;
  const auto bad = [&](std::string_view rule) {
    return wrong(fmt::format("\"{}\" {}", text, rule));
  };
  if (text.find('\0') != std::string::npos) return wrong("holds a NUL character");
  switch (key.type) {
    case KeyType::kWireId:
      if (!proto::is_wire_id(text)) {
        return bad("has characters that an id cannot have; allowed: A-Z a-z 0-9 . _ -, 1 to 64");
      }
      break;
    case KeyType::kInstrumentId:
      if (!is_instrument_id(text)) {
        return bad("is not model/serial, for example js220/001234 (A-Z a-z 0-9 . _ -)");
      }
      break;
    case KeyType::kPath:
      if (!text.empty() && text.front() != '/') return bad("is not an absolute path");
      break;
    case KeyType::kSecretFile:
      if (!text.empty() && text.front() != '/' && text.find('/') != std::string::npos) {
        return bad("is neither an absolute path nor the name of a credential");
      }
      break;
    case KeyType::kPort:
      if (text != "usb" && text.rfind("unix:/", 0) != 0) {
        return bad("is not a port; write usb, or unix:/path/of/the/socket");
      }
      break;
    case KeyType::kListen:
      if (text != "off" && !is_listen_address(text)) {
        return bad("is not address:port; write 127.0.0.1:19220 (IPv4, no name), or off");
      }
      break;
    case KeyType::kPrefix:
      if (!is_prefix(text)) return bad("cannot begin a topic name; allowed: A-Z a-z 0-9 . _ -");
      break;
    default:
      break;
  }
  return Setting{text, 0, {}, node.origin, true};
}

}  // namespace

bool is_instrument_id(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || text.size() > 64) return false;
  return proto::is_wire_id(text.substr(0, slash)) && proto::is_wire_id(text.substr(slash + 1));
}

Checked read_setting(const KeySpec& key, const ConfigNode& node) {
  if (key.type == KeyType::kInteger || key.type == KeyType::kNumber) return read_number(key, node);
  if (key.type == KeyType::kTextList) return read_list(node);
  if (node.kind != NodeKind::kText) {
    const bool quantity = key.type == KeyType::kDuration || key.type == KeyType::kSize ||
                          key.type == KeyType::kByteRate || key.type == KeyType::kRate ||
                          key.type == KeyType::kWaveformRate;
    const std::string_view hint =
        quantity ? " (a quantity is written with its unit, in quotes)" : "";
    return wrong(fmt::format("must be a string, not {}{}", to_string(node.kind), hint));
  }
  switch (key.type) {
    case KeyType::kChoice:
      return read_choice(key, node);
    case KeyType::kDuration:
      return read_quantity(key, node, UnitKind::kDuration);
    case KeyType::kSize:
      return read_quantity(key, node, UnitKind::kSize);
    case KeyType::kByteRate:
      return read_quantity(key, node, UnitKind::kByteRate);
    case KeyType::kRate:
    case KeyType::kWaveformRate:
      return read_quantity(key, node, UnitKind::kRate);
    default:
      return read_text(key, node);
  }
}

Setting default_setting(const KeySpec& key) {
  const Origin origin{"default", 0, 0};
  if (key.default_text.empty()) return Setting{"", 0, {}, origin, false};
  ConfigNode node;
  node.kind = NodeKind::kText;
  node.text = std::string(key.default_text);
  node.from_environment = true;
  node.origin = origin;
  auto setting = read_setting(key, node);
  WS_CHECK(setting.has_value());
  setting->is_set = false;
  return *setting;
}

}  // namespace agent
