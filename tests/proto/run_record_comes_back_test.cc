// SPDX-License-Identifier: Apache-2.0
// A run record is read back as it was written, and what is none is refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "golden_records.h"
#include "proto/side_records.h"

namespace proto {
namespace {

std::vector<std::string> golden_runs() {
  std::istringstream text(golden::runs());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST(RunRecordComesBack, AsItsVeryBytes) {
  ASSERT_EQ(golden_runs().size(), 2U);
  for (const std::string& line : golden_runs()) {
    const auto record = run_from_json(line);
    ASSERT_TRUE(record) << line;
    EXPECT_EQ(to_json(*record), line);
  }
}

TEST(RunRecordComesBack, WithFieldsThatALaterVersionAdds) {
  auto object = nlohmann::json::parse(golden_runs()[0]);
  object["operator"] = "x";
  EXPECT_TRUE(run_from_json(object.dump()));
}

TEST(RunRecordComesBack, NotWithoutAnyOfItsFields) {
  const auto whole = nlohmann::json::parse(golden_runs()[1]);
  for (const auto& [name, value] : whole.items()) {
    auto object = whole;
    object.erase(name);
    EXPECT_FALSE(run_from_json(object.dump())) << name;
    object = whole;
    object[name] = nlohmann::json::array();
    EXPECT_FALSE(run_from_json(object.dump())) << name;
  }
}

TEST(RunRecordComesBack, NotFromAnythingElse) {
  auto object = nlohmann::json::parse(golden_runs()[0]);
  object["state"] = "paused";
  EXPECT_FALSE(run_from_json(object.dump()));
  object = nlohmann::json::parse(golden_runs()[0]);
  object["started_at"] = "yesterday";
  EXPECT_FALSE(run_from_json(object.dump()));
  for (const char* text : {"", "{", "null", "[]", "{}", "1"}) EXPECT_FALSE(run_from_json(text));
}

}  // namespace
}  // namespace proto
