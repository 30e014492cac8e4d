// SPDX-License-Identifier: Apache-2.0
#include "agent/version.h"

#include <spdlog/fmt/fmt.h>
#include <zstd.h>

#include "agent/kafka/library_version.h"
#include "buffer/library_version.h"

namespace agent {

std::string_view version() { return WATTSPOOL_VERSION; }
std::string_view build_type() { return WATTSPOOL_BUILD_TYPE; }

std::vector<std::pair<std::string, std::string>> library_versions() {
  return {{"librdkafka", std::string(librdkafka_version())},
          {"SQLite", std::string(buffer::sqlite_version())},
          {"zstd", ZSTD_versionString()}};
}

std::string version_text(std::string_view program) {
  std::string text = fmt::format("{} {} ({})\n", program, version(), build_type());
  for (const auto& [name, its_version] : library_versions()) {
    text += fmt::format("  {:<11} {}\n", name, its_version);
  }
  return text;
}

}  // namespace agent
