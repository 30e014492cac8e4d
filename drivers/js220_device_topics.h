// SPDX-License-Identifier: Apache-2.0
// The settings of an emulated JS220: its topics, what they may be set to, their metadata. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/js220_pubsub.h"
#include "drivers/signal/sample_source.h"

namespace drivers::js220 {

// Return codes of the protocol.
inline constexpr std::int32_t kCodeOk = 0;
inline constexpr std::int32_t kCodeNotSupported = 3;
inline constexpr std::int32_t kCodeInvalid = 5;
inline constexpr std::int32_t kCodeNotFound = 16;
inline constexpr std::int32_t kCodePermissions = 18;

// Codes of s/i/range/mode.
inline constexpr std::int64_t kRangeOff = 0;
inline constexpr std::int64_t kRangeAuto = 4;
inline constexpr std::int64_t kRangeManual = 5;

// What CONNECT and the version topics say.
inline constexpr std::uint32_t kFirmwareVersion = 1U << 24 | 3U << 16;
inline constexpr std::uint32_t kHardwareVersion = 1U << 24;
inline constexpr std::uint32_t kFpgaVersion = 1U << 24 | 3U << 16 | 3U;

class TopicStore {
 public:
  TopicStore();  // power-on settings: range mode off, all streams off

  // The return code. A command (`!`) is accepted and kept nowhere.
  std::int32_t set(std::string_view topic, const Value& value);
  // As the device itself does; the topic exists.
  void stop_streams();
  void power_on() { *this = TopicStore(); }

  // The port that a `.../ctrl` topic switches.
  static std::optional<std::uint8_t> stream_port(std::string_view topic);
  bool stream_on(std::uint8_t port) const;
  std::uint32_t statistics_block_values() const;
  // Absent: the current path is off.
  std::optional<RangeLimits> range_limits() const;

  // `<topic>$` and `<topic>?` messages, in the order of the table.
  std::vector<Publish> metadata() const;
  std::vector<Publish> values() const;

 private:
  std::int64_t number(std::string_view topic) const;
  std::vector<std::int64_t> numbers_;  // as the table
};

}  // namespace drivers::js220
