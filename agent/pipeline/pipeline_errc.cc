// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline/pipeline_errc.h"

#include <string>

namespace agent {
namespace {

class PipelineCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "pipeline"; }
  std::string message(int code) const override {
    switch (static_cast<PipelineErrc>(code)) {
      case PipelineErrc::kAlreadyRunning:
        return "a run is open on this device; stop it first (wattspool run stop)";
      case PipelineErrc::kNoRun:
        return "no run is open on this device; start one first (wattspool run start)";
      case PipelineErrc::kTestIdUsed:
        return "this test id was used before; choose another, or none to get one suggested";
      case PipelineErrc::kInvalidId:
        return "an id is 1 to 64 of A-Z a-z 0-9 . _ -, and a test id does not begin with \"idle-\"";
      case PipelineErrc::kInvalidText:
        return "texts and labels must not hold a NUL character";
      case PipelineErrc::kInvalidStepType:
        return "step types are Rest/0, Charge/1, Discharge/2, or own names with ids from 100";
      case PipelineErrc::kRateDoesNotDivide:
        return "the rate does not divide the instrument's sample rate into whole values";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& pipeline_category() {
  static const PipelineCategory category;
  return category;
}

std::error_code make_error_code(PipelineErrc code) {
  return {static_cast<int>(code), pipeline_category()};
}

}  // namespace agent
