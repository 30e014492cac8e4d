// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/start_failure.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "buffer/spool_errc.h"

namespace agent {
namespace {

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

StartFailure spool_failure(proto::Error error, const Config& config) {
  using buffer::SpoolErrc;
  const std::string& path = config.settings.text("spool.path");
  std::string remedy = "look at the disk of " + path + " (dmesg), then start again";
  if (error.code == SpoolErrc::kLocked) {
    remedy = "systemctl stop wattspoold, or give this one a spool.path of its own";
  } else if (error.code == SpoolErrc::kNewerSchema) {
    remedy = fmt::format(
        "install that wattspool again, or move {} away and start with an empty one", path);
  } else if (error.code == SpoolErrc::kReadOnly || error.code == SpoolErrc::kNotFound) {
    remedy = fmt::format("make {} a directory that the daemon's user may write, or set spool.path",
                         directory_of(path));
  } else if (error.code == SpoolErrc::kFull) {
    remedy = fmt::format("free space in {}, or set spool.path", directory_of(path));
  } else if (error.code == SpoolErrc::kInvalidOption) {
    remedy = "raise spool.quota";
  }
  return {std::move(error), std::move(remedy)};
}

StartFailure socket_failure(proto::Error error, const Config& config) {
  return {std::move(error),
          fmt::format("stop the program that listens on {}, or set control.socket",
                      config.settings.text("control.socket"))};
}

StartFailure config_failure(proto::Error error) {
  return {std::move(error), "wattspoold --check-config"};
}

}  // namespace agent
