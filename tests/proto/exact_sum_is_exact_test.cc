// SPDX-License-Identifier: Apache-2.0
// Sums of samples and of products against a slow big integer of another make, for every kind of
// finite float; the same for any partition; divided with one rounding.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "proto/exact_sum.h"

namespace proto {
namespace {

// Sign and magnitude, one bit per element, little end first; unit 2^-320.
class SlowSum {
 public:
  void add(double factor_a, double factor_b) {
    if (factor_a == 0 || factor_b == 0) return;
    int ea = 0;
    int eb = 0;
    // frexp of a float has at most 24 bits, so both scaled mantissas are integers.
    const auto ma = static_cast<std::int64_t>(std::ldexp(std::frexp(factor_a, &ea), 24));
    const auto mb = static_cast<std::int64_t>(std::ldexp(std::frexp(factor_b, &eb), 24));
    const std::int64_t product = ma * mb;
    Bits term(kBits, false);
    const int low = ea + eb - 48 + 320;
    for (int bit = 0; bit < 63; ++bit) {
      if ((std::abs(product) >> bit & 1) != 0) term.at(static_cast<std::size_t>(low + bit)) = true;
    }
    add(term, product < 0);
  }

  std::string to_text() const {
    const auto first = std::find(bits_.begin(), bits_.end(), true);
    if (first == bits_.end()) return "0p0";
    const auto low = first - bits_.begin();
    std::string digits;
    for (auto at = static_cast<std::size_t>(low); at < kBits; at += 4) {
      int digit = 0;
      for (std::size_t k = 0; k < 4 && at + k < kBits; ++k) digit |= bits_[at + k] ? 1 << k : 0;
      digits += "0123456789abcdef"[digit];
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    std::reverse(digits.begin(), digits.end());
    return (negative_ ? "-" : "") + digits + "p" + std::to_string(low - 320);
  }

 private:
  using Bits = std::vector<bool>;
  static constexpr std::size_t kBits = 720;

  static bool less(const Bits& a, const Bits& b) {
    return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  }
  static Bits minus(const Bits& a, const Bits& b) {
    Bits result(kBits, false);
    int borrow = 0;
    for (std::size_t i = 0; i < kBits; ++i) {
      const int difference = int{a[i]} - int{b[i]} - borrow;
      result[i] = (difference & 1) != 0;
      borrow = difference < 0 ? 1 : 0;
    }
    return result;
  }
  void add(const Bits& term, bool negative) {
    if (negative == negative_) {
      int carry = 0;
      for (std::size_t i = 0; i < kBits; ++i) {
        const int sum = int{bits_[i]} + int{term[i]} + carry;
        bits_[i] = (sum & 1) != 0;
        carry = sum >> 1;
      }
    } else if (less(bits_, term)) {
      bits_ = minus(term, bits_);
      negative_ = negative;
    } else {
      bits_ = minus(bits_, term);
    }
  }

  Bits bits_ = Bits(kBits, false);
  bool negative_ = false;
};

struct Samples {
  std::vector<float> current;
  std::vector<float> voltage;
};

enum class Kind { kMeasured, kPulses, kAnyBits, kDenormals, kExtremes, kCancelling, kZeros };

float any_finite(std::mt19937_64& random) {
  for (;;) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) return value;
  }
}

Samples make(Kind kind, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> noise;
  Samples samples;
  for (std::size_t k = 0; k < count; ++k) {
    float i = 0;
    float v = 0;
    const float sign = k % 2 == 0 ? 1.0F : -1.0F;
    switch (kind) {
      case Kind::kMeasured:
        i = 0.02F + 1e-6F * noise(random);
        v = 3.3F + 1e-4F * noise(random);
        break;
      case Kind::kPulses:
        i = (k % 300 < 20 ? 2.5F : 1e-7F) + 1e-8F * noise(random);
        v = 1e-3F * noise(random);
        break;
      case Kind::kAnyBits:
        i = any_finite(random);
        v = any_finite(random);
        break;
      case Kind::kDenormals:
        i = std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0x807F'FFFF));
        v = std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0x807F'FFFF));
        break;
      case Kind::kExtremes:
        i = sign * std::numeric_limits<float>::max();
        v = k % 3 == 0 ? std::numeric_limits<float>::denorm_min()
                       : -std::numeric_limits<float>::max();
        break;
      case Kind::kCancelling:
        i = k % 16 == 15 ? 1e-20F : sign * 1e10F;
        v = 1.25F;
        break;
      case Kind::kZeros:
        i = sign * 0.0F;
        v = k % 5 == 0 ? 1.0F : 0.0F;
        break;
    }
    samples.current.push_back(i);
    samples.voltage.push_back(v);
  }
  return samples;
}

class EveryKind : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Samples, EveryKind,
                         testing::Values(Kind::kMeasured, Kind::kPulses, Kind::kAnyBits,
                                         Kind::kDenormals, Kind::kExtremes, Kind::kCancelling,
                                         Kind::kZeros));

TEST_P(EveryKind, SumsEqualABigIntegersBitForBit) {
  for (const std::size_t count : {1U, 2U, 3U, 5U, 1023U, 1024U, 2500U}) {
    const Samples samples = make(GetParam(), count, 7 + count);
    SlowSum current;
    SlowSum voltage;
    SlowSum power;
    for (std::size_t k = 0; k < count; ++k) {
      current.add(samples.current[k], 1);
      voltage.add(samples.voltage[k], 1);
      power.add(samples.current[k], samples.voltage[k]);
    }
    ExactAccumulator accumulator;
    accumulator.add(samples.current, samples.voltage);
    EXPECT_EQ(accumulator.valid_count(), count);
    EXPECT_EQ(accumulator.sums().current.to_text(), current.to_text()) << count;
    EXPECT_EQ(accumulator.sums().voltage.to_text(), voltage.to_text()) << count;
    EXPECT_EQ(accumulator.sums().power.to_text(), power.to_text()) << count;
  }
}

TEST_P(EveryKind, SumsAreTheSameForAnyPartition) {
  const Samples samples = make(GetParam(), 20'000, 3);
  ExactAccumulator whole;
  whole.add(samples.current, samples.voltage);
  std::mt19937_64 random(11);
  for (int round = 0; round < 10; ++round) {
    ExactSums sums;
    std::size_t at = 0;
    while (at < samples.current.size()) {
      const std::size_t count =
          std::min<std::size_t>(samples.current.size() - at, random() % (round < 5 ? 40 : 5000));
      ExactAccumulator part;
      part.add(std::span(samples.current).subspan(at, count),
               std::span(samples.voltage).subspan(at, count));
      sums += part.take();
      at += count;
    }
    EXPECT_EQ(sums, whole.sums());
  }
}

TEST(ExactAccumulator, NonFiniteSamplesAreCountedAndInNoSum) {
  Samples samples = make(Kind::kMeasured, 3000, 1);
  ExactAccumulator valid_only;
  valid_only.add(std::span(samples.current).first(1500), std::span(samples.voltage).first(1500));
  for (std::size_t k = 1500; k < 3000; ++k) {
    float& spoilt = k % 2 == 0 ? samples.current[k] : samples.voltage[k];
    spoilt = k % 3 == 0 ? std::numeric_limits<float>::quiet_NaN()
                        : -std::numeric_limits<float>::infinity();
  }
  ExactAccumulator all;
  all.add(samples.current, samples.voltage);
  EXPECT_EQ(all.valid_count(), 1500U);
  EXPECT_EQ(all.invalid_count(), 1500U);
  EXPECT_EQ(all.sums(), valid_only.sums());
  all.take();
  EXPECT_EQ(all.valid_count(), 0U);
  EXPECT_TRUE(all.sums().power.is_zero());
}

// The quotient as an interval check in long arithmetic: N / d for N below 2^62.
TEST(ExactSum, DividesWithOneRoundingToNearestEven) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200'000; ++round) {
    const auto numerator = static_cast<std::int64_t>(random() >> (2 + random() % 50));
    const std::uint64_t divisor = (random() >> (random() % 60)) | 1;
    ExactSum sum;
    sum.add_scaled(numerator, 0);
    const double quotient = sum.divided_by(divisor);
    if (numerator == 0) {
      EXPECT_EQ(quotient, 0);
      continue;
    }
    // |numerator - divisor * q| must not be larger than |numerator - divisor * neighbour|. The
    // distances are compared as exact sums.
    const auto distance = [&](double q) {
      int exponent = 0;
      const auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(q, &exponent), 53));
      ExactSum rest = sum;
      for (int bit = 0; bit < 64; ++bit) {
        if ((divisor >> bit & 1) != 0) rest.add_scaled(-mantissa, exponent - 53 + bit);
      }
      return rest.is_negative() ? -rest : rest;
    };
    for (const double to : {0.0, std::numeric_limits<double>::infinity()}) {
      const double neighbour = std::nextafter(quotient, to);
      const ExactSum further = distance(neighbour);
      ExactSum difference = further;
      difference -= distance(quotient);
      ASSERT_FALSE(difference.is_negative()) << numerator << " / " << divisor;
      if (difference.is_zero()) {
        ASSERT_EQ(std::bit_cast<std::uint64_t>(quotient) & 1, 0U) << "tie not to even";
      }
    }
  }
}

TEST(ExactSum, RoundsTiesToEven) {
  const std::int64_t one = std::int64_t{1} << 53;
  for (const auto& [units, expected] : std::initializer_list<std::pair<std::int64_t, double>>{
           {one + 1, 9007199254740992.0}, {one + 3, 9007199254740996.0}}) {
    ExactSum sum;
    sum.add_scaled(units, 0);
    EXPECT_EQ(sum.to_double(), expected);
    EXPECT_EQ((-sum).to_double(), -expected);
    sum.add_scaled(1, -320);
    EXPECT_EQ(sum.to_double(), units == one + 1 ? 9007199254740994.0 : 9007199254740996.0);
  }
}

TEST(ExactSum, IsNeverMinusZero) {
  ExactSum sum;
  sum.add(-0.0F);
  sum.add(1.5F);
  sum.add(-1.5F);
  EXPECT_FALSE(std::signbit(sum.to_double()));
  EXPECT_EQ(sum, ExactSum());
}

TEST(ExactSum, HoldsTheLargestProductManyTimes) {
  const float most = std::numeric_limits<float>::max();
  ExactSum sum;
  sum.add_product(most, most);
  for (int doubling = 0; doubling < 63; ++doubling) sum += ExactSum(sum);
  EXPECT_EQ(sum.to_double(), std::ldexp(double{most} * double{most}, 63));
  const std::string text = sum.to_text();
  EXPECT_EQ(ExactSum::from_text(text), sum);
  EXPECT_EQ((-sum).to_text(), "-" + text);
}

TEST(ExactSum, TextFormIsStable) {
  ExactSum sum;
  EXPECT_EQ(sum.to_text(), "0p0");
  sum.add_scaled(-0x1a3, -149);
  EXPECT_EQ(sum.to_text(), "-1a3p-149");
  EXPECT_EQ(ExactSum::from_text("-1a3p-149"), sum);
  EXPECT_EQ(ExactSum::from_text("-d18p-152"), sum);
  std::mt19937_64 random(2);
  for (int round = 0; round < 2000; ++round) {
    sum.add_product(any_finite(random), any_finite(random));
    EXPECT_EQ(ExactSum::from_text(sum.to_text()), sum);
  }
}

TEST(ExactSum, RefusesTextThatIsNoSum) {
  for (const char* text : {"", "p0", "-", "-p1", "1", "1p", "1px", "1p-321", "1p400", "g1p0",
                           "1 p0", "1p0 ", "+1p0", "1A3p0", "1p99999999999"}) {
    EXPECT_FALSE(ExactSum::from_text(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace proto
