// SPDX-License-Identifier: Apache-2.0
// UTC as text, by the proleptic Gregorian calendar: no locale, no time zone of the process.
#include <array>
#include <chrono>

#include "proto/check.h"
#include "proto/cloud_event.h"

namespace proto {
namespace {

using std::chrono::floor;
using std::chrono::microseconds;
using Instant = std::chrono::sys_time<microseconds>;

// "2026-11-24T12:00:00.000000Z"
constexpr std::string_view kShape = "0000-00-00T00:00:00.000000Z";

void put_digits(std::string& text, std::size_t at, std::size_t count, std::uint64_t value) {
  for (std::size_t i = count; i-- > 0; value /= 10) {
    text[at + i] = static_cast<char>('0' + value % 10);
  }
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = 10 * value + (text[i] - '0');
  return value;
}

}  // namespace

std::string rfc3339_us(std::int64_t utc_us) {
  const Instant instant{microseconds(utc_us)};
  const auto day = floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  WS_CHECK(year >= 0 && year <= 9999);
  const auto of_day = static_cast<std::uint64_t>((instant - day).count());
  std::string text(kShape);
  put_digits(text, 0, 4, static_cast<std::uint64_t>(year));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, of_day / 3'600'000'000);
  put_digits(text, 14, 2, of_day / 60'000'000 % 60);
  put_digits(text, 17, 2, of_day / 1'000'000 % 60);
  put_digits(text, 20, 6, of_day % 1'000'000);
  return text;
}

std::optional<std::int64_t> utc_us_from(std::string_view rfc3339) {
  if (rfc3339.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char c = rfc3339[i];
    if (kShape[i] == '0' ? c < '0' || c > '9' : c != kShape[i]) return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(digits(rfc3339, 0, 4)),
      std::chrono::month(static_cast<unsigned>(digits(rfc3339, 5, 2))),
      std::chrono::day(static_cast<unsigned>(digits(rfc3339, 8, 2)))};
  const int hour = digits(rfc3339, 11, 2);
  const int minute = digits(rfc3339, 14, 2);
  const int second = digits(rfc3339, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const Instant instant = std::chrono::sys_days(date) + std::chrono::hours(hour) +
                          std::chrono::minutes(minute) + std::chrono::seconds(second) +
                          microseconds(digits(rfc3339, 20, 6));
  return instant.time_since_epoch().count();
}

}  // namespace proto
