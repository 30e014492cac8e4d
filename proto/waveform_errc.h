// SPDX-License-Identifier: Apache-2.0
// Why a waveform value was refused.
#pragma once

#include <system_error>

namespace proto {

enum class WaveformErrc {
  kTruncated = 1,    // ends inside a message
  kBadFraming,       // not an Arrow IPC stream, or more than one
  kForeignSchema,    // an Arrow stream, but not our columns
  kBadLayout,        // nodes, buffers or offsets do not fit the rows or the body
  kBadCompression,   // a buffer does not decompress to its stated size
  kTooLarge,         // would decompress to more than kDecodedBytesMax, or to too many rows
  kUnknownEncoding,  // rows whose encoding this version does not know
};

const std::error_category& waveform_category();
std::error_code make_error_code(WaveformErrc code);

}  // namespace proto

template <>
struct std::is_error_code_enum<proto::WaveformErrc> : std::true_type {};
