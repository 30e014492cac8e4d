// SPDX-License-Identifier: Apache-2.0
// Why bytes from outside were not accepted.
#pragma once

#include <system_error>

namespace proto {

enum class DecodeErrc {
  kTruncated = 1,  // ends before what it announces
  kOtherFormat,    // not the format that was asked for
  kChecksum,       // a CRC-32C does not match
  kMalformed,      // contradicts itself
  kTooLarge,       // more than a reader is willing to hold
  kUnsupported,    // valid, but of a kind that this reader does not know
};

const std::error_category& decode_category();
std::error_code make_error_code(DecodeErrc code);

}  // namespace proto

template <>
struct std::is_error_code_enum<proto::DecodeErrc> : std::true_type {};
