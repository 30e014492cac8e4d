// SPDX-License-Identifier: Apache-2.0
// The telemetry record as a program reads it: 31 fields, their order, types and nulls.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "golden_records.h"
#include "proto/side_records.h"
#include "proto/telemetry_record.h"

namespace proto {
namespace {

using Json = nlohmann::ordered_json;

TelemetryRecord smallest() {
  TelemetryRecord record;
  record.device_id = "js220-001234";
  record.test_id = "t-0001";
  record.record_number = RecordNumber(1);
  record.duration_s = 0.1;
  record.metadata_json = "{}";
  return record;
}

Json parsed(const TelemetryRecord& record) { return Json::parse(to_json(record)); }

TEST(TelemetryRecord, HasThe31FieldsInTheOrderOfTheContract) {
  const std::vector<std::string> expected = {
      "schema",
      "event_id",
      "device_id",
      "test_id",
      "cycle_number",
      "step_number",
      "step_type",
      "step_id",
      "record_number",
      "timestamp",
      "epoch_us",
      "voltage__V",
      "current__A",
      "power__W",
      "duration__s",
      "voltage_delta__V",
      "current_delta__A",
      "power_delta__W",
      "capacity_charged__Ah",
      "capacity_discharged__Ah",
      "energy_charged__Wh",
      "energy_discharged__Wh",
      "differential_capacity_charged__Ah_V",
      "differential_capacity_discharged__Ah_V",
      "step_duration__s",
      "step_capacity_charged__Ah",
      "step_capacity_discharged__Ah",
      "step_energy_charged__Wh",
      "step_energy_discharged__Wh",
      "auxiliary",
      "metadata",
  };
  std::vector<std::string> names;
  const Json record = parsed(smallest());
  for (const auto& [name, value] : record.items()) names.push_back(name);
  EXPECT_EQ(names.size(), 31U);
  EXPECT_EQ(names, expected);
}

TEST(TelemetryRecord, DifferentialCapacityIsNullWhereTheVoltageDidNotMove) {
  TelemetryRecord record = smallest();
  record.capacity_discharged_ah = 1e-9;
  EXPECT_TRUE(parsed(record)["differential_capacity_discharged__Ah_V"].is_null());
  record.voltage_delta_v = -0.25;
  EXPECT_EQ(parsed(record)["differential_capacity_discharged__Ah_V"], -4e-9);
  EXPECT_EQ(parsed(record)["differential_capacity_charged__Ah_V"], 0.0);
  record.voltage_delta_v = 5e-324;
  EXPECT_TRUE(parsed(record)["differential_capacity_discharged__Ah_V"].is_null());
}

TEST(TelemetryRecord, IsFixedBytesForFixedContent) {
  EXPECT_EQ(to_json(smallest()), to_json(smallest()));
  EXPECT_EQ(golden::telemetry_vector(), golden::telemetry_vector());
}

TEST(TelemetryRecord, IsNotMadeOfNothing) {
  TelemetryRecord record = smallest();
  record.duration_s = 0;
  EXPECT_DEATH(to_json(record), "duration_s");
  record = smallest();
  record.record_number = RecordNumber(0);
  EXPECT_DEATH(to_json(record), "record_number");
}

TEST(TelemetryRecord, MetadataIsJsonWithinAString) {
  std::istringstream lines(golden::telemetry_vector());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const Json metadata = Json::parse(Json::parse(line)["metadata"].get<std::string>());
  EXPECT_EQ(metadata["labels"]["operator"], "Zoë \"Z\" Łukasz");
}

TEST(ProgressRecord, IsReadBackAsItWasWritten) {
  std::istringstream lines(golden::progress());
  std::string line;
  int records = 0;
  while (std::getline(lines, line)) {
    const auto record = progress_from_json(line);
    ASSERT_TRUE(record) << line;
    EXPECT_EQ(to_json(*record), line);
    ++records;
  }
  EXPECT_EQ(records, 2);
}

TEST(ProgressRecord, OfSomebodyElseIsNotBelieved) {
  const std::string good =
      R"({"agent_id":"a","instance_id":"i","host":"h","started_at":"2026-11-24T12:00:00.000000Z",)"
      R"("next_sequence":{"00112233445566778899aabbccddeeff":{"event":6}}})";
  ASSERT_TRUE(progress_from_json(good));
  const std::pair<const char*, const char*> spoilt[] = {
      {"\"a\"", "7"},           {"\"event\"", "\"gravity\""}, {":6", ":-6"},
      {":6", ":6.5"},           {"ddeeff", "ddee"},           {"12:00:00.000000Z", "noon"},
      {"\"host\"", "\"home\""}, {"{\"event\":6}", "[6]"},     {"}}}", "}}"},
  };
  for (const auto& [from, to] : spoilt) {
    std::string text = good;
    text.replace(text.find(from), std::string_view(from).size(), to);
    EXPECT_FALSE(progress_from_json(text)) << text;
  }
  EXPECT_FALSE(progress_from_json(""));
  EXPECT_FALSE(progress_from_json("[]"));
  EXPECT_FALSE(progress_from_json("null"));
  // A field that a later version adds.
  std::string later = good;
  later.insert(1, R"("region":"eu",)");
  EXPECT_TRUE(progress_from_json(later));
}

}  // namespace
}  // namespace proto
