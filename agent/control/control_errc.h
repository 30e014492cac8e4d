// SPDX-License-Identifier: Apache-2.0
// What the control socket can answer, on either side of it.
#pragma once

#include <system_error>

namespace agent {

enum class ControlErrc {
  kMalformed = 1,      // the request is not one JSON object on one line
  kUnknownVerb,        // "verb" or "action" is none that this daemon has
  kInvalidField,       // a field is missing, unknown, or of the wrong type
  kTooLarge,           // longer than kRequestBytesMax
  kUnknownInstrument,  // no instrument of that name is known
  kAlreadyReleased,    // it is released already
  kNotReleased,        // claimed, and it is not released
  kBusy,               // the instrument's thread did not answer in time
  kDaemonAbsent,       // nobody listens on the socket
  kDenied,             // the socket may not be opened
  kNoAnswer,           // connected, but no answer in time
};

const std::error_category& control_category();
std::error_code make_error_code(ControlErrc code);

}  // namespace agent

template <>
struct std::is_error_code_enum<agent::ControlErrc> : std::true_type {};
