// SPDX-License-Identifier: Apache-2.0
// What a pipeline can answer to a command or to a configuration.
#pragma once

#include <system_error>

namespace agent {

enum class PipelineErrc {
  kAlreadyRunning = 1,  // the device has an open run
  kNoRun,               // there is no open run
  kTestIdUsed,          // a run of this name was there before
  kInvalidId,           // does not match [A-Za-z0-9._-]{1,64}, or is reserved
  kInvalidText,         // holds a NUL character, which databases refuse
  kInvalidStepType,     // own step types have ids from 100
  kRateDoesNotDivide,   // an interval would not be a whole number of values
};

const std::error_category& pipeline_category();
std::error_code make_error_code(PipelineErrc code);

}  // namespace agent

template <>
struct std::is_error_code_enum<agent::PipelineErrc> : std::true_type {};
