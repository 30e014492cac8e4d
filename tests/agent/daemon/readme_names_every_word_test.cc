// SPDX-License-Identifier: Apache-2.0
// What monitoring matches is documented: each field of the status, each error word of the socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/control/control_errc.h"
#include "agent/control/control_request.h"
#include "agent/pipeline/pipeline_errc.h"
#include "agent/status/status_json.h"

namespace agent {
namespace {

std::string readme() {
  std::ostringstream text;
  text << std::ifstream(WATTSPOOL_SOURCE_DIR "/agent/README.md").rdbuf();
  return text.str();
}

void expect_named(const nlohmann::json& json, const std::string& text) {
  for (const auto& [key, value] : json.items()) {
    if (!json.is_array()) {
      const bool is_named = text.find("`" + key + "`") != std::string::npos ||
                            text.find("`" + key + "[]`") != std::string::npos;
      EXPECT_TRUE(is_named) << key;
    }
    if (key != "lanes" && value.is_structured()) expect_named(value, text);
  }
}

TEST(Readme, NamesEveryFieldOfTheStatus) {
  AgentStatus status;
  status.instruments.resize(1);
  status.reasons.resize(1);
  status.kafka.quarantined.resize(1);
  status.spool.writer.totals.lanes[proto::Lane::kEvent] = {};
  const auto json = nlohmann::json::parse(status_to_json(status));
  expect_named(json, readme());
  expect_named(json["spool"]["lanes"]["event"], readme());
}

TEST(Readme, NamesEveryErrorWord) {
  const std::string text = readme();
  for (int code = 1; code <= static_cast<int>(ControlErrc::kNoAnswer); ++code) {
    const std::string word(error_word(make_error_code(static_cast<ControlErrc>(code))));
    EXPECT_NE(text.find("`" + word + "`"), std::string::npos) << word;
  }
  for (int code = 1; code <= static_cast<int>(PipelineErrc::kRateDoesNotDivide); ++code) {
    const std::string word(error_word(make_error_code(static_cast<PipelineErrc>(code))));
    EXPECT_NE(text.find("`" + word + "`"), std::string::npos) << word;
  }
}

}  // namespace
}  // namespace agent
