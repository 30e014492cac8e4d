// SPDX-License-Identifier: Apache-2.0
#include "buffer/spool_errc.h"

#include <string>

namespace buffer {
namespace {

class SpoolCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "spool"; }
  std::string message(int code) const override {
    switch (static_cast<SpoolErrc>(code)) {
      case SpoolErrc::kLocked:
        return "held by another wattspoold";
      case SpoolErrc::kNewerSchema:
        return "written by a newer wattspool";
      case SpoolErrc::kNotASpool:
        return "not a wattspool spool";
      case SpoolErrc::kDamaged:
        return "the file is damaged";
      case SpoolErrc::kRowCorrupt:
        return "a row fails its checksum";
      case SpoolErrc::kFull:
        return "no space left";
      case SpoolErrc::kIo:
        return "input/output error";
      case SpoolErrc::kReadOnly:
        return "cannot be written";
      case SpoolErrc::kNotFound:
        return "no such file";
      case SpoolErrc::kInvalidOption:
        return "invalid option";
    }
    return "unknown spool error";
  }
};

}  // namespace

const std::error_category& spool_category() {
  static const SpoolCategory category;
  return category;
}

std::error_code make_error_code(SpoolErrc code) {
  return {static_cast<int>(code), spool_category()};
}

}  // namespace buffer
