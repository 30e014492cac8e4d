// SPDX-License-Identifier: Apache-2.0
#include "agent/control/control_errc.h"

#include <string>

namespace agent {
namespace {

class ControlCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "control"; }
  std::string message(int code) const override {
    switch (static_cast<ControlErrc>(code)) {
      case ControlErrc::kMalformed:
        return "not one JSON object on one line";
      case ControlErrc::kUnknownVerb:
        return "unknown verb";
      case ControlErrc::kInvalidField:
        return "invalid field";
      case ControlErrc::kTooLarge:
        return "request too large";
      case ControlErrc::kUnknownInstrument:
        return "no such instrument";
      case ControlErrc::kAlreadyReleased:
        return "is released already; wattspool claim takes it back";
      case ControlErrc::kNotReleased:
        return "is not released, there is nothing to claim";
      case ControlErrc::kBusy:
        return "the instrument did not answer in time";
      case ControlErrc::kDaemonAbsent:
        return "wattspoold is not running";
      case ControlErrc::kDenied:
        return "permission denied";
      case ControlErrc::kNoAnswer:
        return "wattspoold does not answer";
    }
    return "unknown control error";
  }
};

}  // namespace

const std::error_category& control_category() {
  static const ControlCategory category;
  return category;
}

std::error_code make_error_code(ControlErrc code) {
  return {static_cast<int>(code), control_category()};
}

}  // namespace agent
