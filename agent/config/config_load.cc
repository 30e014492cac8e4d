// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_load.h"

#include <dirent.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <tl/expected.hpp>

#include "agent/config/access_hint.h"
#include "agent/config/config_checks.h"
#include "agent/config/config_reader.h"
#include "agent/config/kafka_profile.h"
#include "agent/config/toml_document.h"
#include "proto/ids.h"

namespace agent {
namespace {

constexpr std::size_t kConfigBytesMax = 4 << 20;

// The error is errno.
tl::expected<std::string, int> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(errno);
  std::string text;
  std::array<char, 16'384> chunk;
  int error = 0;
  while (error == 0) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0) error = errno;
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > kConfigBytesMax) error = EFBIG;
  }
  ::close(fd);
  if (error != 0) return tl::unexpected(error);
  return text;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Absent directory: no files. `error` is errno of any other failure.
std::vector<std::string> drop_ins(const std::string& directory, int& error) {
  std::vector<std::string> files;
  error = 0;
  DIR* const listing = ::opendir(directory.c_str());
  if (listing == nullptr) {
    error = errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    return files;
  }
  while (const dirent* const entry = ::readdir(listing)) {
    const std::string_view name(entry->d_name);
    if (name.front() != '.' && name.size() > 5 && name.substr(name.size() - 5) == ".toml") {
      files.push_back(directory + "/" + std::string(name));
    }
  }
  ::closedir(listing);
  std::sort(files.begin(), files.end());
  return files;
}

void add_file(const std::string& path, bool may_be_missing, ConfigNode& tree, LoadedConfig& out) {
  const auto text = read_file(path);
  if (!text) {
    if (text.error() == ENOENT && may_be_missing) return;
    out.issues.push_back(
        {{path, 0, 0},
         fmt::format("cannot read the configuration: {}{}", std::strerror(text.error()),
                     text.error() == EACCES ? " (" + access_hint(path) + ")" : "")});
    return;
  }
  out.files.push_back(path);
  auto parsed = parse_toml(*text, path);
  if (parsed) {
    merge(tree, std::move(*parsed));
  } else {
    out.issues.push_back(parsed.error());
  }
}

// Defaults that depend on the machine or on another key.
void complete(Config& config, const std::string& host_name, std::vector<ConfigIssue>& issues) {
  Settings& settings = config.settings;
  if (settings.text("agent.id").empty()) {
    settings.set("agent.id", {host_name, 0, {}, {"host name", 0, 0}, false});
    if (!proto::is_wire_id(host_name)) {
      issues.push_back(
          {{"host name", 0, 0},
           fmt::format("agent.id: the host name \"{}\" cannot serve as id; set agent.id",
                       host_name)});
    }
  }
  if (settings.text("status.file").empty()) {
    const std::string beside = directory_of(settings.text("control.socket")) + "/status.json";
    settings.set("status.file", {beside, 0, {}, {"default", 0, 0}, false});
  }
}

}  // namespace

std::string renewed_credentials() {
  const char* const folders = std::getenv("RUNTIME_DIRECTORY");
  if (folders == nullptr || *folders == '\0') return {};
  const std::string list(folders);  // the unit's own is the first of them
  return list.substr(0, list.find(':')) + "/" + kRenewedCredentials;
}

ConfigSources process_sources(std::optional<std::string> file) {
  ConfigSources sources;
  sources.file = std::move(file);
  sources.environment = process_environment();
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) sources.host_name = name.data();
  if (const char* const directory = std::getenv("CREDENTIALS_DIRECTORY")) {
    sources.credentials.unit = directory;
  }
  sources.credentials.site = kSiteCredentials;
  return sources;
}

bool LoadedConfig::ok_but_for_secrets() const {
  return std::ranges::none_of(
      issues, [](const ConfigIssue& issue) { return issue.kind == ConfigIssue::Kind::kMistake; });
}

bool LoadedConfig::ok_but_for_denied_secrets() const {
  return std::ranges::all_of(issues, [](const ConfigIssue& issue) {
    return issue.kind == ConfigIssue::Kind::kSecretDenied;
  });
}

LoadedConfig load_config(const ConfigSources& sources) {
  LoadedConfig out;
  out.credentials = sources.credentials;
  ConfigNode tree;
  const std::string file = sources.file.value_or(kDefaultConfigFile);
  add_file(file, !sources.file.has_value(), tree, out);
  const std::string directory = directory_of(file) + "/conf.d";
  int error = 0;
  for (const std::string& path : drop_ins(directory, error)) add_file(path, false, tree, out);
  if (error != 0) {
    out.issues.push_back({{directory, 0, 0},
                          fmt::format("cannot list the directory: {}{}", std::strerror(error),
                                      error == EACCES ? " (" + access_hint(directory) + ")" : "")});
  }
  const auto append = [&](std::vector<ConfigIssue> more) {
    out.issues.insert(out.issues.end(), more.begin(), more.end());
  };
  append(merge_environment(tree, sources.environment));
  ReadConfig read = read_config(tree);
  append(read.issues);
  out.config = std::move(read.config);
  complete(out.config, sources.host_name, out.issues);
  append(apply_kafka_profile(out.config));
  append(check_config(out.config, sources.credentials));
  std::stable_sort(out.issues.begin(), out.issues.end(), [](const auto& a, const auto& b) {
    return std::tie(a.where.source, a.where.line) < std::tie(b.where.source, b.where.line);
  });
  return out;
}

}  // namespace agent
