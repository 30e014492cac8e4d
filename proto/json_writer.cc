// SPDX-License-Identifier: Apache-2.0
#include "proto/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "proto/check.h"
#include "proto/utf8.h"

namespace proto {
namespace {

constexpr std::uint64_t kCountEnd = std::uint64_t{1} << 53;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The two-character escape of a control character that has one, else 0.
constexpr char short_escape(unsigned char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

void append_ascii(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (const char escape = short_escape(c)) {
    out += '\\';
    out += escape;
  } else if (c < 0x20) {
    out += "\\u00";
    out += kHex[c >> 4];
    out += kHex[c & 0xF];
  } else {
    out += static_cast<char>(c);
  }
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c == 0) {
      out += kReplacement;
      text.remove_prefix(1);
    } else if (c < 0x80) {
      append_ascii(out, c);
      text.remove_prefix(1);
    } else {
      const Utf8Step step = next_utf8(text);
      out += step.valid ? text.substr(0, step.length) : kReplacement;
      text.remove_prefix(step.length);
    }
  }
}

}  // namespace

void JsonWriter::separate() {
  if (!after_key_ && !first_) text_ += ',';
  after_key_ = false;
  first_ = false;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  text_ += '{';
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  WS_CHECK(depth_ > 0 && !after_key_);
  text_ += '}';
  --depth_;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  text_ += '[';
  ++depth_;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  WS_CHECK(depth_ > 0 && !after_key_);
  text_ += ']';
  --depth_;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  WS_CHECK(depth_ > 0 && !after_key_);
  string(name);
  text_ += ':';
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  text_ += '"';
  append_escaped(text_, text);
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::floating(double value) {
  WS_CHECK(std::isfinite(value));
  separate();
  if (value == 0) value = 0;  // -0
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const std::string_view shortest(digits.data(), static_cast<std::size_t>(end - digits.data()));
  text_ += shortest;
  if (shortest.find_first_of(".e") == std::string_view::npos) text_ += ".0";
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  text_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value) {
  WS_CHECK(value < kCountEnd);
  return integer(static_cast<std::int64_t>(value));
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  text_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  text_ += "null";
  return *this;
}

JsonWriter& JsonWriter::string_field(std::string_view name, std::string_view text) {
  return key(name).string(text);
}

JsonWriter& JsonWriter::float_field(std::string_view name, double value) {
  return key(name).floating(value);
}

JsonWriter& JsonWriter::integer_field(std::string_view name, std::int64_t value) {
  return key(name).integer(value);
}

JsonWriter& JsonWriter::unsigned_field(std::string_view name, std::uint64_t value) {
  return key(name).unsigned_integer(value);
}

JsonWriter& JsonWriter::nullable_string_field(std::string_view name,
                                              const std::optional<std::string>& text) {
  return text ? string_field(name, *text) : null_field(name);
}

JsonWriter& JsonWriter::nullable_float_field(std::string_view name,
                                             const std::optional<double>& value) {
  return value ? float_field(name, *value) : null_field(name);
}

JsonWriter& JsonWriter::null_field(std::string_view name) { return key(name).null(); }

std::string JsonWriter::take() {
  WS_CHECK(depth_ == 0);
  first_ = true;
  return std::exchange(text_, {});
}

}  // namespace proto
