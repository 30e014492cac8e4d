// SPDX-License-Identifier: Apache-2.0
// Strict JSON text, written in one pass. The call says the type, so that a float can never be
// written as an integer: guessing readers cut off the fractions that follow a column of bare zeros.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/ids.h"

namespace proto {

// Rules: floats are the shortest text that reads back to the same double and always carry `.` or
// an exponent; -0 is written 0.0; NaN and infinity are a bug. Ids and counts are below 2^53.
// Strings are UTF-8: each byte sequence that is not, and each U+0000, becomes U+FFFD.
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& string(std::string_view text);
  JsonWriter& floating(double value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();

  // key() and value in one; what is absent is written as null.
  JsonWriter& string_field(std::string_view name, std::string_view text);
  JsonWriter& float_field(std::string_view name, double value);
  JsonWriter& integer_field(std::string_view name, std::int64_t value);
  JsonWriter& unsigned_field(std::string_view name, std::uint64_t value);
  JsonWriter& nullable_string_field(std::string_view name, const std::optional<std::string>& text);
  JsonWriter& nullable_float_field(std::string_view name, const std::optional<double>& value);
  template <class Tag>
  JsonWriter& id_field(std::string_view name, Id<Tag, std::uint64_t> id) {
    return unsigned_field(name, id.value());
  }
  template <class Tag>
  JsonWriter& nullable_id_field(std::string_view name,
                                const std::optional<Id<Tag, std::uint64_t>>& id) {
    return id ? id_field(name, *id) : null_field(name);
  }
  JsonWriter& null_field(std::string_view name);

  // The finished text; every object and array is closed. The writer is empty afterwards.
  std::string take();

 private:
  void separate();

  std::string text_;
  int depth_ = 0;
  bool first_ = true;  // nothing yet in the innermost object or array
  bool after_key_ = false;
};

}  // namespace proto
