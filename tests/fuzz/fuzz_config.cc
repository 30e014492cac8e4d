// SPDX-License-Identifier: Apache-2.0
// Whatever a configuration file holds: mistakes with their place and in words, or a configuration
// that shows itself as TOML which loads to the same.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/config/config_load.h"
#include "agent/config/config_reader.h"
#include "agent/config/config_show.h"
#include "agent/config/toml_document.h"
#include "agent/kafka/settings.h"
#include "proto/check.h"

namespace {

using agent::Config;
using agent::SettingType;

// The loader reads by name; this name is memory, and no conf.d can lie beside it.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("config", MFD_CLOEXEC)) { WS_CHECK(fd_ >= 0); }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  void write(std::string_view text) const {
    WS_CHECK(::ftruncate(fd_, 0) == 0);
    WS_CHECK(::pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }

 private:
  const int fd_;
};

bool is_file(std::string name) {
  std::ranges::replace(name, '_', '.');
  return std::ranges::any_of(agent::kafka_setting_specs(), [&](const agent::SettingSpec& spec) {
    std::string known(spec.name);
    std::ranges::replace(known, '_', '.');
    return known == name &&
           (spec.type == SettingType::kPath || spec.type == SettingType::kSecretFile);
  });
}

// What the loader would open to check it; not from here.
bool names_a_file(const Config& config) {
  for (const auto& [path, setting] : config.settings.all()) {
    if (path.starts_with("kafka.security.") && path.ends_with("_file") && !setting.text.empty()) {
      return true;
    }
  }
  return std::ranges::any_of(config.kafka, [](const auto& entry) { return is_file(entry.name); });
}

agent::LoadedConfig load(std::string_view text) {
  static const MemoryFile file;
  file.write(text);
  agent::ConfigSources sources;
  sources.file = file.path();
  sources.host_name = "bench-07";
  return agent::load_config(sources);
}

void try_text(std::string_view text) {
  const auto tree = agent::parse_toml(text, "fuzz.toml");
  if (!tree) {
    WS_CHECK(tree.error().where.line > 0 && !tree.error().message.empty());
    return;
  }
  if (names_a_file(agent::read_config(*tree).config)) return;
  const agent::LoadedConfig first = load(text);
  for (const agent::ConfigIssue& issue : first.issues) {
    WS_CHECK(!issue.message.empty() && !issue.where.source.empty());
  }
  WS_CHECK(!agent::show_config_json(first).empty());
  const std::string shown = agent::show_config_toml(first.config);
  if (!first.ok()) return;
  const agent::LoadedConfig second = load(shown);
  WS_CHECK(second.ok());
  WS_CHECK(second.config.instruments.size() == first.config.instruments.size());
  const agent::ConfigChanges changes = agent::compare_config(first.config, second.config);
  WS_CHECK(changes.reloadable.empty() && changes.restart.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
