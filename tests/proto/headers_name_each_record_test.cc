// SPDX-License-Identifier: Apache-2.0
// The ten CloudEvents headers: written as the contract says, read back strictly.
#include <gtest/gtest.h>

#include <algorithm>

#include "proto/cloud_event.h"

namespace proto {
namespace {

const StreamId kStream = *StreamId::from_hex("00112233445566778899aabbccddeeff");

CloudEvent example() {
  CloudEvent event;
  event.lane = Lane::kTelemetry;
  event.type = "wattspool.telemetry.v1";
  event.content_type = "application/json";
  event.agent_id = "bench-07";
  event.stream = kStream;
  event.sequence = Sequence(184467);
  event.first_utc_us = 1'795'521'600'123'456;
  event.subject = "js220-001234/t-0001";
  event.crc32c = 0x9A71BB4C;
  return event;
}

TEST(Headers, AreThoseOfTheContract) {
  const std::vector<Header> expected = {
      {"content-type", "application/json"},
      {"ce_specversion", "1.0"},
      {"ce_type", "wattspool.telemetry.v1"},
      {"ce_source", "/agents/bench-07"},
      {"ce_id", "00112233445566778899aabbccddeeff/telemetry/184467"},
      {"ce_time", "2026-11-24T12:00:00.123456Z"},
      {"ce_subject", "js220-001234/t-0001"},
      {"ce_sequence", "184467"},
      {"ce_crc32c", "9a71bb4c"},
      {"ce_delivery", "live"},
  };
  EXPECT_EQ(to_headers(example()), expected);
}

TEST(Headers, ReadBackToTheSameEvent) {
  for (const Lane lane : {Lane::kEvent, Lane::kState, Lane::kTelemetry, Lane::kWaveform}) {
    CloudEvent event = example();
    event.lane = lane;
    event.backfill = lane == Lane::kState;
    auto headers = to_headers(event);
    headers.emplace_back("traceparent", "added on the way");
    std::reverse(headers.begin(), headers.end());
    const auto read = from_headers(headers);
    ASSERT_TRUE(read);
    EXPECT_EQ(to_headers(*read), to_headers(event));
    EXPECT_EQ(read->lane, lane);
  }
}

TEST(Headers, EachMissingOrRepeatedOneIsNoticed) {
  const auto whole = to_headers(example());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto less = whole;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(from_headers(less)) << whole[i].first;
    auto more = whole;
    more.push_back(whole[i]);
    EXPECT_FALSE(from_headers(more)) << whole[i].first;
  }
}

TEST(Headers, MalformedOnesAreNotGuessed) {
  const Header bad[] = {
      {"ce_specversion", "0.3"},
      {"ce_source", "bench-07"},
      {"ce_id", "00112233445566778899aabbccddeeff/telemetry/184468"},  // not the ce_sequence
      {"ce_id", "00112233445566778899aabbccddeef/telemetry/184467"},
      {"ce_id", "00112233445566778899aabbccddeeff/pressure/184467"},
      {"ce_id", "184467"},
      {"ce_time", "2026-11-24T12:00:00Z"},
      {"ce_time", "2026-02-29T12:00:00.000000Z"},
      {"ce_time", "2026-11-24T24:00:00.000000Z"},
      {"ce_time", "2026-11-24T12:00:00.000000+"},
      {"ce_sequence", "0184467"},
      {"ce_sequence", "-1"},
      {"ce_sequence", ""},
      {"ce_crc32c", "9A71BB4C"},
      {"ce_crc32c", "9a71bb4"},
      {"ce_delivery", "later"},
  };
  for (const auto& [name, value] : bad) {
    auto headers = to_headers(example());
    for (auto& header : headers) {
      if (header.first == name) header.second = value;
    }
    EXPECT_FALSE(from_headers(headers)) << name << ": " << value;
  }
}

TEST(Rfc3339, HasSixDigitsAndKnowsTheCalendar) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "1970-01-01T00:00:00.000000Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00.000000Z"},
      {1'735'689'600'100'000, "2025-01-01T00:00:00.100000Z"},
      {4'107'542'399'999'999, "2100-02-28T23:59:59.999999Z"},
      {4'107'542'400'000'000, "2100-03-01T00:00:00.000000Z"},
      {253'402'300'799'999'999, "9999-12-31T23:59:59.999999Z"},
  };
  for (const auto& [utc_us, text] : cases) {
    EXPECT_EQ(rfc3339_us(utc_us), text);
    EXPECT_EQ(utc_us_from(text), utc_us);
  }
}

}  // namespace
}  // namespace proto
