// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "agent/config/config_keys.h"
#include "agent/config/nearest_name.h"
#include "agent/config/setting_value.h"

namespace agent {
namespace {

// Nesting below this is a mistake (or an attack on our stack).
constexpr int kDepthMax = 8;

class Reader {
 public:
  ReadConfig take() && { return std::move(out_); }

  void read_top(const ConfigNode& tree) {
    for (const KeySpec& key : config_keys()) {
      if (key.type != KeyType::kAnyTable) out_.config.settings.set(key.path, default_setting(key));
    }
    const ConfigNode* const instruments = tree.find("instrument");
    read_table(tree, "", config_keys(), out_.config.settings);
    if (instruments != nullptr) read_instruments(*instruments);
  }

 private:
  void issue(const Origin& where, std::string message) {
    out_.issues.push_back({where, std::move(message)});
  }

  void read_table(const ConfigNode& table, const std::string& section,
                  std::span<const KeySpec> keys, Settings& into, int depth = 0) {
    for (const ConfigMember& member : table.members) {
      const std::string path = section.empty() ? member.name : section + "." + member.name;
      if (depth == 0 && keys.data() == config_keys().data() && path == "instrument") continue;
      if (const KeySpec* const key = find_key(keys, path)) {
        read_key(*key, member, into);
      } else if (is_section(keys, path)) {
        if (member.value.kind != NodeKind::kTable) {
          issue(member.value.origin, fmt::format("{}: must be a table of keys, not {}", path,
                                                 to_string(member.value.kind)));
        } else if (depth < kDepthMax) {
          read_table(member.value, path, keys, into, depth + 1);
        }
      } else {
        unknown(keys, path, member.origin);
      }
    }
  }

  void read_key(const KeySpec& key, const ConfigMember& member, Settings& into) {
    if (key.type == KeyType::kAnyTable) {
      if (member.value.kind != NodeKind::kTable) {
        issue(member.value.origin,
              fmt::format("{}: must be a table, not {}", key.path, to_string(member.value.kind)));
        return;
      }
      read_pass_through(member.value, "", 0);
      return;
    }
    auto setting = read_setting(key, member.value);
    if (setting) {
      into.set(key.path, std::move(*setting));
    } else {
      issue(member.value.origin, fmt::format("{}: {}", key.path, setting.error()));
    }
  }

  // "a.b" = 1 and a.b = 1 mean the same here: librdkafka's names have dots.
  void read_pass_through(const ConfigNode& table, const std::string& prefix, int depth) {
    for (const ConfigMember& member : table.members) {
      const std::string name = prefix.empty() ? member.name : prefix + "." + member.name;
      const NodeKind kind = member.value.kind;
      if (kind == NodeKind::kTable && depth < kDepthMax) {
        read_pass_through(member.value, name, depth + 1);
      } else if (kind == NodeKind::kArray || kind == NodeKind::kDateTime ||
                 kind == NodeKind::kTable) {
        issue(member.value.origin, fmt::format("kafka.settings \"{}\": must be a string, a number "
                                               "or a boolean, not {}",
                                               name, to_string(kind)));
      } else {
        out_.config.kafka.push_back({name, member.value.text, member.value.origin});
      }
    }
  }

  void read_instruments(const ConfigNode& node) {
    if (node.kind != NodeKind::kArray) {
      issue(node.origin, fmt::format("instrument: must be an array of tables, written "
                                     "[[instrument]], not {}",
                                     to_string(node.kind)));
      return;
    }
    for (const ConfigNode& item : node.items) {
      if (item.kind != NodeKind::kTable) {
        issue(item.origin,
              fmt::format("instrument: must be a table, not {}", to_string(item.kind)));
        continue;
      }
      Settings settings = instrument_defaults(out_.config.settings, item.origin);
      read_table(item, "", instrument_keys(), settings);
      out_.config.instruments.push_back(std::move(settings));
    }
  }

  static bool is_section(std::span<const KeySpec> keys, const std::string& path) {
    return std::any_of(keys.begin(), keys.end(), [&](const KeySpec& key) {
      return key.path.size() > path.size() && key.path.substr(0, path.size()) == path &&
             key.path[path.size()] == '.';
    });
  }

  // The nearest of the names that could stand there: keys and sections.
  void unknown(std::span<const KeySpec> keys, const std::string& path, const Origin& where) {
    std::vector<std::string_view> known;
    const bool top = keys.data() == config_keys().data();
    if (top) known.push_back("instrument");
    for (const KeySpec& key : keys) {
      known.push_back(key.path);
      for (auto dot = key.path.find('.'); dot != std::string_view::npos;
           dot = key.path.find('.', dot + 1)) {
        known.push_back(key.path.substr(0, dot));
      }
    }
    std::string message = top ? fmt::format("unknown key \"{}\"", path)
                              : fmt::format("unknown key \"{}\" of [[instrument]]", path);
    if (const auto near = nearest_name(path, known)) {
      message += fmt::format("; did you mean \"{}\"?", *near);
    }
    issue(where, std::move(message));
  }

  ReadConfig out_;
};

}  // namespace

Settings instrument_defaults(const Settings& top, const Origin& origin) {
  Settings settings;
  for (const KeySpec& key : instrument_keys()) {
    Setting start = default_setting(key);
    start.origin = origin;
    if (find_key(config_keys(), key.path) != nullptr) start = top.get(key.path);
    settings.set(key.path, std::move(start));
  }
  return settings;
}

ReadConfig read_config(const ConfigNode& tree) {
  Reader reader;
  reader.read_top(tree);
  return std::move(reader).take();
}

}  // namespace agent
