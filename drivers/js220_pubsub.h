// SPDX-License-Identifier: Apache-2.0
// Port 1 of the JS220: publish/subscribe messages, both directions. Pure; no length is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "drivers/js220_wire.h"
#include "proto/result.h"

namespace drivers::js220 {

inline constexpr std::size_t kTopicCharsMax = 31;  // suffix included
inline constexpr std::size_t kTextCharsMax = 471;
inline constexpr std::size_t kBinaryBytesMax = 472;
inline constexpr std::uint8_t kFlagRetain = 0x01;

enum class ValueType : std::uint8_t {
  kNull = 0,
  kStr = 1,
  kJson = 2,
  kBin = 3,
  kF32 = 6,
  kF64 = 7,
  kU8 = 8,
  kU16 = 9,
  kU32 = 10,
  kU64 = 11,
  kI8 = 12,
  kI16 = 13,
  kI32 = 14,
  kI64 = 15,
};

struct Value {
  ValueType type = ValueType::kNull;
  std::uint64_t bits = 0;  // scalars: as on the wire, cut to the type's width
  std::string text;        // kStr, kJson (without a NUL) and kBin

  static Value null() { return {}; }
  static Value u8(std::uint8_t value) { return {ValueType::kU8, value, {}}; }
  static Value u32(std::uint32_t value) { return {ValueType::kU32, value, {}}; }
  static Value i32(std::int32_t value) {
    return {ValueType::kI32, static_cast<std::uint32_t>(value), {}};
  }
  static Value str(std::string text) { return {ValueType::kStr, 0, std::move(text)}; }
  static Value json(std::string text) { return {ValueType::kJson, 0, std::move(text)}; }

  // Any integer type; a U64 above INT64_MAX and a float that is no integer have none.
  std::optional<std::int64_t> integer() const;
  bool operator==(const Value&) const = default;
};

struct Publish {
  std::string topic;
  Value value;
  std::uint8_t flags = 0;
  bool operator==(const Publish&) const = default;
};

// A topic of the wire is a name and perhaps one suffix: '$' metadata, '?' value, '#' return code.
struct TopicParts {
  std::string_view name;
  char suffix = 0;  // 0: none
};
TopicParts split_topic(std::string_view topic);

// Text ends in a NUL only on its way to the host.
enum class Direction { kToDevice, kToHost };

// UsbErrc::kProtocol when the topic or the value does not fit one frame, or an empty text goes to
// the device (it would have no data at all, which the vendor's own driver dies of).
proto::Result<FrameBuffer> encode(std::uint16_t frame_id, const Publish& message,
                                  Direction direction);
// Either direction. UsbErrc::kProtocol names what is wrong with the message.
proto::Result<Publish> decode_publish(std::span<const std::byte> payload);

// What a return code (the `#` reply) says, for people.
std::string_view return_code_text(std::int64_t code);

}  // namespace drivers::js220
