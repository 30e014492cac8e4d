// SPDX-License-Identifier: Apache-2.0
#include "proto/waveform_errc.h"

#include <string>

namespace proto {
namespace {

class WaveformCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "waveform"; }
  std::string message(int code) const override {
    switch (static_cast<WaveformErrc>(code)) {
      case WaveformErrc::kTruncated:
        return "ends inside a message";
      case WaveformErrc::kBadFraming:
        return "not one Arrow IPC stream";
      case WaveformErrc::kForeignSchema:
        return "an Arrow stream with other columns";
      case WaveformErrc::kBadLayout:
        return "offsets or lengths do not fit";
      case WaveformErrc::kBadCompression:
        return "a buffer does not decompress";
      case WaveformErrc::kTooLarge:
        return "decompresses to more than is allowed";
      case WaveformErrc::kUnknownEncoding:
        return "an encoding that this version does not know";
    }
    return "unknown waveform error";
  }
};

}  // namespace

const std::error_category& waveform_category() {
  static const WaveformCategory category;
  return category;
}

std::error_code make_error_code(WaveformErrc code) {
  return {static_cast<int>(code), waveform_category()};
}

}  // namespace proto
