// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/daemon_errc.h"

#include <string>

namespace agent {
namespace {

class DaemonCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "daemon"; }
  std::string message(int code) const override {
    switch (static_cast<DaemonErrc>(code)) {
      case DaemonErrc::kNoAnswer:
        return "no answer in time";
      case DaemonErrc::kStopping:
        return "the daemon is stopping";
      case DaemonErrc::kBadPort:
        return "not a port that can be opened";
      case DaemonErrc::kReleased:
        return "released to other programs";
    }
    return "unknown daemon error";
  }
};

}  // namespace

const std::error_category& daemon_category() {
  static const DaemonCategory category;
  return category;
}

std::error_code make_error_code(DaemonErrc code) {
  return {static_cast<int>(code), daemon_category()};
}

}  // namespace agent
