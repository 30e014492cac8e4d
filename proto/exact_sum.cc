// SPDX-License-Identifier: Apache-2.0
#include "proto/exact_sum.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "proto/check.h"

namespace proto {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kLimbBits = 64;
constexpr int kExponentMax = 256;  // of one term: mantissas below 2^63, so sums stay below 2^383

// Magnitude and sign of a finite float: value = mantissa * 2^exponent.
struct Parts {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

Parts parts_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto biased = static_cast<int>(bits >> 23 & 0xFF);
  const auto fraction = static_cast<std::int64_t>(bits & 0x7F'FFFF);
  const std::int64_t mantissa = biased == 0 ? fraction : fraction | 0x80'0000;
  return {(bits >> 31) != 0 ? -mantissa : mantissa, (biased == 0 ? 1 : biased) - 150};
}

using Limbs = std::array<std::uint64_t, ExactSum::kLimbs>;

void negate(Limbs& limbs) {
  std::uint64_t carry = 1;
  for (std::uint64_t& limb : limbs) {
    limb = ~limb + carry;
    carry = carry != 0 && limb == 0 ? 1 : 0;
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Index of the highest set bit, or -1.
template <std::size_t N>
int top_bit(const std::array<std::uint64_t, N>& limbs) {
  for (std::size_t i = N; i-- > 0;) {
    if (limbs[i] != 0) return static_cast<int>(i) * kLimbBits + std::bit_width(limbs[i]) - 1;
  }
  return -1;
}

template <std::size_t N>
std::uint64_t bits_from(const std::array<std::uint64_t, N>& limbs, int low_bit) {
  const auto index = static_cast<std::size_t>(low_bit / kLimbBits);
  const int shift = low_bit % kLimbBits;
  std::uint64_t bits = limbs[index] >> shift;
  if (shift != 0 && index + 1 < N) bits |= limbs[index + 1] << (kLimbBits - shift);
  return bits;
}

template <std::size_t N>
bool any_below(const std::array<std::uint64_t, N>& limbs, int bit) {
  const auto index = static_cast<std::size_t>(bit / kLimbBits);
  for (std::size_t i = 0; i < index; ++i) {
    if (limbs[i] != 0) return true;
  }
  const int rest = bit % kLimbBits;
  return rest != 0 && (limbs[index] & ((std::uint64_t{1} << rest) - 1)) != 0;
}

}  // namespace

void ExactSum::add_scaled(std::int64_t mantissa, int exponent) {
  WS_CHECK(exponent >= -kFractionBits && exponent <= kExponentMax);
  if (mantissa == 0) return;
  const int position = exponent + kFractionBits;
  auto index = static_cast<std::size_t>(position / kLimbBits);
  const int shift = position % kLimbBits;
  const std::uint64_t extension = mantissa < 0 ? ~std::uint64_t{0} : 0;
  const Wide shifted = (Wide{extension} << kLimbBits | static_cast<std::uint64_t>(mantissa))
                       << shift;
  Wide sum = Wide{limbs_[index]} + static_cast<std::uint64_t>(shifted);
  limbs_[index] = static_cast<std::uint64_t>(sum);
  ++index;
  sum = Wide{limbs_[index]} + static_cast<std::uint64_t>(shifted >> kLimbBits) +
        static_cast<std::uint64_t>(sum >> kLimbBits);
  limbs_[index] = static_cast<std::uint64_t>(sum);
  auto carry = static_cast<std::uint64_t>(sum >> kLimbBits);
  // Above, the term is all zeros or all ones: a carry into ones, or none into zeros, changes
  // nothing further up.
  const std::uint64_t neutral = mantissa < 0 ? 1 : 0;
  for (++index; index < kLimbs && carry != neutral; ++index) {
    sum = Wide{limbs_[index]} + extension + carry;
    limbs_[index] = static_cast<std::uint64_t>(sum);
    carry = static_cast<std::uint64_t>(sum >> kLimbBits);
  }
}

void ExactSum::add(float value) {
  const Parts parts = parts_of(value);
  add_scaled(parts.mantissa, parts.exponent);
}

void ExactSum::add_product(float a, float b) {
  const Parts x = parts_of(a);
  const Parts y = parts_of(b);
  add_scaled(x.mantissa * y.mantissa, x.exponent + y.exponent);
}

ExactSum& ExactSum::operator+=(const ExactSum& other) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const Wide sum = Wide{limbs_[i]} + other.limbs_[i] + carry;
    limbs_[i] = static_cast<std::uint64_t>(sum);
    carry = static_cast<std::uint64_t>(sum >> kLimbBits);
  }
  return *this;
}

ExactSum& ExactSum::operator-=(const ExactSum& other) { return *this += -other; }

ExactSum ExactSum::operator-() const {
  ExactSum result = *this;
  negate(result.limbs_);
  return result;
}

bool ExactSum::is_zero() const { return top_bit(limbs_) < 0; }

double ExactSum::divided_by(std::uint64_t divisor) const {
  WS_CHECK(divisor > 0);
  Limbs magnitude = limbs_;
  if (is_negative()) negate(magnitude);
  // Two more limbs below, so that the quotient of even the smallest sum has more bits than a
  // double.
  std::array<std::uint64_t, kLimbs + 2> quotient{};
  std::uint64_t remainder = 0;
  for (std::size_t i = quotient.size(); i-- > 0;) {
    const std::uint64_t next = i >= 2 ? magnitude[i - 2] : 0;
    const Wide part = Wide{remainder} << kLimbBits | next;
    quotient[i] = static_cast<std::uint64_t>(part / divisor);
    remainder = static_cast<std::uint64_t>(part % divisor);
  }
  const int top = top_bit(quotient);
  if (top < 0) return 0;
  const int low = top - 53;  // 53 bits and the one that rounds
  WS_CHECK(low >= 0);
  std::uint64_t bits = bits_from(quotient, low) & ((std::uint64_t{1} << 54) - 1);
  const bool sticky = remainder != 0 || any_below(quotient, low);
  const bool round_up = (bits & 1) != 0 && (sticky || (bits & 2) != 0);
  bits = (bits >> 1) + (round_up ? 1 : 0);
  const double value = std::ldexp(static_cast<double>(bits), low + 1 - kFractionBits - 128);
  return is_negative() ? -value : value;
}

std::string ExactSum::to_text() const {
  if (is_zero()) return "0p0";
  Limbs magnitude = limbs_;
  if (is_negative()) negate(magnitude);
  int lowest = 0;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    if (magnitude[i] == 0) continue;
    lowest = static_cast<int>(i) * kLimbBits + std::countr_zero(magnitude[i]);
    break;
  }
  std::string text = is_negative() ? "-" : "";
  for (int digit = (top_bit(magnitude) - lowest) / 4; digit >= 0; --digit) {
    text += "0123456789abcdef"[bits_from(magnitude, lowest + 4 * digit) & 0xF];
  }
  return text + "p" + std::to_string(lowest - kFractionBits);
}

std::optional<ExactSum> ExactSum::from_text(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t p = text.find('p');
  if (p == 0 || p == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(0, p);
  const std::string_view power = text.substr(p + 1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
  if (error != std::errc() || end != power.data() + power.size()) return std::nullopt;
  constexpr int kBits = static_cast<int>(kLimbs) * kLimbBits;
  if (exponent < -kFractionBits || exponent > kBits || digits.size() > kBits / 4) {
    return std::nullopt;
  }
  ExactSum sum;
  int position = exponent + kFractionBits + 4 * static_cast<int>(digits.size());
  for (const char c : digits) {
    position -= 4;
    const int value = hex_value(c);
    if (value < 0) return std::nullopt;
    for (int bit = 0; bit < 4; ++bit) {
      if ((value >> bit & 1) == 0) continue;
      const int at = position + bit;
      if (at >= kBits - 1) return std::nullopt;  // the sign's bit
      sum.limbs_[static_cast<std::size_t>(at / kLimbBits)] |= std::uint64_t{1} << at % kLimbBits;
    }
  }
  if (negative) negate(sum.limbs_);
  return sum;
}

ExactSums& ExactSums::operator+=(const ExactSums& other) {
  current += other.current;
  voltage += other.voltage;
  power += other.power;
  return *this;
}

}  // namespace proto
