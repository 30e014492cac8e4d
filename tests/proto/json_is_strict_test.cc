// SPDX-License-Identifier: Apache-2.0
// Every rule of the JSON text: what a guessing, a strict or an SQL reader could misread is not
// written.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "proto/json_writer.h"
#include "proto/utf8.h"

namespace proto {
namespace {

std::string float_text(double value) { return JsonWriter().floating(value).take(); }
std::string string_text(std::string_view text) { return JsonWriter().string(text).take(); }

TEST(JsonFloat, AlwaysCarriesAPointOrAnExponent) {
  EXPECT_EQ(float_text(0), "0.0");
  EXPECT_EQ(float_text(-0.0), "0.0");
  EXPECT_EQ(float_text(1), "1.0");
  EXPECT_EQ(float_text(-25), "-25.0");
  EXPECT_EQ(float_text(100000), "1e+05");
  EXPECT_EQ(float_text(0.1), "0.1");
  EXPECT_EQ(float_text(1e22), "1e+22");
  EXPECT_EQ(float_text(1.5e-9), "1.5e-09");
  EXPECT_EQ(float_text(9007199254740993.0), "9007199254740992.0");
  EXPECT_EQ(float_text(5e-324), "5e-324");
  EXPECT_EQ(float_text(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
}

TEST(JsonFloat, ReadsBackToTheSameDouble) {
  std::mt19937_64 random(20261124);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = float_text(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    ASSERT_NE(text.find_first_of(".e"), std::string::npos) << text;
  }
}

TEST(JsonFloat, OfNoFiniteValueIsABug) {
  EXPECT_DEATH(float_text(std::numeric_limits<double>::quiet_NaN()), "isfinite");
  EXPECT_DEATH(float_text(-std::numeric_limits<double>::infinity()), "isfinite");
}

TEST(JsonInteger, NeverCarriesAPointAndCountsStayBelow2To53) {
  EXPECT_EQ(JsonWriter().integer(-7).take(), "-7");
  EXPECT_EQ(JsonWriter().unsigned_integer(0).take(), "0");
  EXPECT_EQ(JsonWriter().unsigned_integer((1ULL << 53) - 1).take(), "9007199254740991");
  EXPECT_DEATH(JsonWriter().unsigned_integer(1ULL << 53), "kCountEnd");
}

TEST(JsonString, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(string_text("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(string_text("\b\f\n\r\t\x01\x1F"), R"("\b\f\n\r\t\u0001\u001f")");
  EXPECT_EQ(string_text("\x7F µΩ 電池 🔋"), "\"\x7F µΩ 電池 🔋\"");
}

TEST(JsonString, HoldsNoNul) {
  EXPECT_EQ(string_text(std::string_view("a\0b", 3)),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

// The table of Unicode 15, section 3.9, and the classic forgeries.
TEST(JsonString, ReplacesWhatIsNotUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"\xFF", r},
      {"\x80", r},
      {"\xC0\xAF", r + r},                  // overlong '/'
      {"\xE0\x80\xAF", r + r + r},          // overlong '/'
      {"\xED\xA0\x80", r + r + r},          // surrogate
      {"\xF4\x90\x80\x80", r + r + r + r},  // above U+10FFFF
      {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", r + r + r + r + "A"},
      {"x\xE2\x82", "x" + r},                    // cut off
      {"\xF0\x9F\x94\x8B", "\xF0\x9F\x94\x8B"},  // whole
      {"\xF4\x8F\xBF\xBF\xEE\x80\x80", "\xF4\x8F\xBF\xBF\xEE\x80\x80"},
  };
  for (const auto& [in, out] : cases) {
    const std::string text = string_text(in);
    EXPECT_EQ(text, "\"" + out + "\"");
    EXPECT_TRUE(nlohmann::json::accept(text)) << text;
  }
}

TEST(JsonString, IsValidWhateverTheBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string noise(random() % 12, '\0');
    for (char& c : noise)
      c = static_cast<char>(random() % 3 == 0 ? 0x80 + random() % 128 : random());
    ASSERT_TRUE(nlohmann::json::accept(string_text(noise)));
  }
}

TEST(JsonWriter, SeparatesAndNests) {
  JsonWriter json;
  json.begin_object().key("a").begin_array().integer(1).null().boolean(true).begin_object();
  json.end_object().end_array().string_field("b", "").null_field("c").key("d").begin_object();
  json.end_object().end_object();
  EXPECT_EQ(json.take(), R"({"a":[1,null,true,{}],"b":"","c":null,"d":{}})");
  EXPECT_EQ(json.begin_array().end_array().take(), "[]");
}

TEST(JsonWriter, LeftOpenIsABug) {
  JsonWriter json;
  json.begin_object();
  EXPECT_DEATH(json.take(), "depth_");
}

}  // namespace
}  // namespace proto
