// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_pubsub.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "drivers/usb/usb_errc.h"

namespace drivers::js220 {
namespace {

constexpr std::size_t kTopicBytes = 32;
constexpr std::size_t kDataOffset = 36;  // topic, type, flags, op, app
constexpr std::size_t kScalarBytes = 8;

bool is_text(ValueType type) { return type == ValueType::kStr || type == ValueType::kJson; }

// Bytes of a scalar; 0 for what is none.
std::size_t scalar_width(ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kI8:
      return 1;
    case ValueType::kU16:
    case ValueType::kI16:
      return 2;
    case ValueType::kF32:
    case ValueType::kU32:
    case ValueType::kI32:
      return 4;
    case ValueType::kF64:
    case ValueType::kU64:
    case ValueType::kI64:
      return 8;
    case ValueType::kNull:
    case ValueType::kStr:
    case ValueType::kJson:
    case ValueType::kBin:
      return 0;
  }
  return 0;
}

std::uint64_t cut(std::uint64_t bits, std::size_t width_bytes) {
  if (width_bytes >= 8) return bits;
  return bits & ((std::uint64_t{1} << (8 * width_bytes)) - 1);
}

std::optional<std::int64_t> integer_of(double number) {
  // 2^63 is a double and INT64_MAX is not, hence the half-open range.
  constexpr double kLimit = 9223372036854775808.0;
  if (!(number >= -kLimit && number < kLimit) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

proto::Result<void> decode_data(std::span<const std::byte> data, const std::string& topic,
                                Value& value) {
  const auto broken = [&](const char* what) {
    return proto::fail(UsbErrc::kProtocol, "read message '" + topic + "': " + what);
  };
  if (is_text(value.type) || value.type == ValueType::kBin) {
    if (is_text(value.type) && data.empty()) return broken("text without a byte");
    value.text.assign(reinterpret_cast<const char*>(data.data()), data.size());
    if (is_text(value.type)) value.text.resize(std::strlen(value.text.c_str()));
    return {};
  }
  if (value.type == ValueType::kNull) return {};
  const std::size_t width = scalar_width(value.type);
  if (width == 0) return broken("unknown value type");
  if (data.size() < width) return broken("value is cut short");
  std::memcpy(&value.bits, data.data(), width);
  return {};
}

}  // namespace

std::optional<std::int64_t> Value::integer() const {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kU16:
    case ValueType::kU32:
      return static_cast<std::int64_t>(bits);
    case ValueType::kU64:
      if (bits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
      }
      return static_cast<std::int64_t>(bits);
    case ValueType::kI8:
      return static_cast<std::int8_t>(bits);
    case ValueType::kI16:
      return static_cast<std::int16_t>(bits);
    case ValueType::kI32:
      return static_cast<std::int32_t>(bits);
    case ValueType::kI64:
      return static_cast<std::int64_t>(bits);
    case ValueType::kF32:
      return integer_of(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    case ValueType::kF64:
      return integer_of(std::bit_cast<double>(bits));
    case ValueType::kNull:
    case ValueType::kStr:
    case ValueType::kJson:
    case ValueType::kBin:
      return std::nullopt;
  }
  return std::nullopt;
}

TopicParts split_topic(std::string_view topic) {
  if (topic.empty()) return {};
  const char last = topic.back();
  if (last != '$' && last != '?' && last != '#') return {topic, 0};
  return {topic.substr(0, topic.size() - 1), last};
}

proto::Result<FrameBuffer> encode(std::uint16_t frame_id, const Publish& message,
                                  Direction direction) {
  const auto broken = [&](const char* what) {
    return proto::fail(UsbErrc::kProtocol, "write message '" + message.topic + "': " + what);
  };
  const Value& value = message.value;
  if (message.topic.empty() || message.topic.size() > kTopicCharsMax) {
    return broken("a topic has 1 to 31 characters");
  }
  std::array<std::byte, kPayloadBytesMax> payload{};
  std::memcpy(payload.data(), message.topic.data(), message.topic.size());
  payload[kTopicBytes] = static_cast<std::byte>(value.type);
  payload[kTopicBytes + 1] = static_cast<std::byte>(message.flags);
  std::size_t data_bytes = kScalarBytes;
  if (is_text(value.type) || value.type == ValueType::kBin) {
    const std::size_t limit = is_text(value.type) ? kTextCharsMax : kBinaryBytesMax;
    if (value.text.size() > limit) return broken("the value does not fit one frame");
    if (is_text(value.type) && value.text.empty() && direction == Direction::kToDevice) {
      return broken("an empty text has no form on the wire");
    }
    std::memcpy(payload.data() + kDataOffset, value.text.data(), value.text.size());
    const bool ends_in_nul = is_text(value.type) && direction == Direction::kToHost;
    data_bytes = value.text.size() + (ends_in_nul ? 1 : 0);
  } else {
    const std::uint64_t bits = cut(value.bits, scalar_width(value.type));
    std::memcpy(payload.data() + kDataOffset, &bits, sizeof bits);
  }
  return make_frame(frame_id, kPortPubsub, std::span(payload).first(kDataOffset + data_bytes));
}

proto::Result<Publish> decode_publish(std::span<const std::byte> payload) {
  if (payload.size() < kDataOffset) {
    return proto::fail(UsbErrc::kProtocol, "read message: shorter than its own head (" +
                                               std::to_string(payload.size()) + " of 36 bytes)");
  }
  const auto topic = payload.first(kTopicBytes);
  const auto end = std::ranges::find(topic, std::byte{0});
  if (end == topic.end()) {
    return proto::fail(UsbErrc::kProtocol, "read message: its topic has no end");
  }
  Publish message;
  message.topic.assign(reinterpret_cast<const char*>(topic.data()),
                       static_cast<std::size_t>(end - topic.begin()));
  message.value.type = static_cast<ValueType>(payload[kTopicBytes]);
  message.flags = std::to_integer<std::uint8_t>(payload[kTopicBytes + 1]);
  if (auto read = decode_data(payload.subspan(kDataOffset), message.topic, message.value); !read) {
    return tl::unexpected(read.error());
  }
  return message;
}

std::string_view return_code_text(std::int64_t code) {
  static constexpr std::array<std::string_view, 26> kTexts = {
      "success",        "unspecified error",
      "out of memory",  "not supported",
      "I/O error",      "invalid parameter",
      "invalid return", "invalid context",
      "bad length",     "damaged message",
      "syntax error",   "timed out",
      "full",           "empty",
      "too small",      "too big",
      "not found",      "already exists",
      "not permitted",  "busy",
      "not available",  "in use",
      "closed",         "out of sequence",
      "aborted",        "out of synchronisation"};
  if (code < 0 || code >= static_cast<std::int64_t>(kTexts.size())) return "unknown code";
  return kTexts[static_cast<std::size_t>(code)];
}

}  // namespace drivers::js220
