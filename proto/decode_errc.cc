// SPDX-License-Identifier: Apache-2.0
#include "proto/decode_errc.h"

#include <string>

namespace proto {
namespace {

class DecodeCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "decode"; }
  std::string message(int code) const override {
    switch (static_cast<DecodeErrc>(code)) {
      case DecodeErrc::kTruncated:
        return "the bytes end too early";
      case DecodeErrc::kOtherFormat:
        return "not this format";
      case DecodeErrc::kChecksum:
        return "checksum mismatch";
      case DecodeErrc::kMalformed:
        return "the bytes contradict themselves";
      case DecodeErrc::kTooLarge:
        return "larger than the limit";
      case DecodeErrc::kUnsupported:
        return "not supported by this version";
    }
    return "unknown decoding error";
  }
};

}  // namespace

const std::error_category& decode_category() {
  static const DecodeCategory category;
  return category;
}

std::error_code make_error_code(DecodeErrc code) {
  return {static_cast<int>(code), decode_category()};
}

}  // namespace proto
