// SPDX-License-Identifier: Apache-2.0
// The event types of the code and those of the published schema are one list. That no event has
// another type is the compiler's work (proto/event_type.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "proto/event_type.h"
#include "proto/side_records.h"

namespace proto {
namespace {

using Json = nlohmann::json;

TEST(EventTypes, AreThoseOfTheSchema) {
  std::ifstream file(WATTSPOOL_SOURCE_DIR "/proto/schemas/event.schema.json");
  const Json schema = Json::parse(file);
  const auto published =
      schema.at("properties").at("event_type").at("enum").get<std::vector<std::string>>();
  EXPECT_THAT(published, ::testing::ElementsAreArray(kEventTypes));
}

TEST(EventTypes, StandInTheRecordAsTheyAreWritten) {
  EventRecord event;
  event.event_type = "device_lost";
  EXPECT_EQ(Json::parse(to_json(event)).at("event_type"), "device_lost");
}

static_assert(!std::is_assignable_v<EventType&, std::string>, "only words known when compiling");

}  // namespace
}  // namespace proto
