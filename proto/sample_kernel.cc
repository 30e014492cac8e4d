// SPDX-License-Identifier: Apache-2.0
// Exact sums at vector speed. Let every |x| of a chunk be below 2^E and a multiple of 2^L. Adding
// and subtracting 1.5 * 2^(E+8) rounds x to a multiple of 2^(E-44), `high`; x - high = `low` is
// exact. A lane adds at most 2^8 values, so its sum of highs is an integer below 2^53 in units of
// 2^(E-44), and its sum of lows an integer below 2^53 in units of 2^L as long as E - L <= 90: no
// addition ever rounds. The spans of i and v add up for i*v, so the magnitudes inside one chunk may
// differ by 42 bits in all: 1 pA beside 4 A. What does not fit is added one by one.
#include "proto/sample_kernel.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

// Functions that take 32-byte vectors are inlined without exception, so their calling convention is
// of no interest.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace proto {
namespace {

constexpr std::size_t kLanes = 4;
constexpr int kLaneAddsBits = 8;
static_assert(kChunkSamplesMax <= kLanes << kLaneAddsBits);
constexpr int kHighBits = 52 - kLaneAddsBits;  // 44
constexpr int kSpanMax = 53 + kHighBits + 1 - kLaneAddsBits;
constexpr std::uint32_t kInfinityBits = 0x7F80'0000;
constexpr std::int32_t kNoBits = 0x7FFF'FFFF;

using Floats = float __attribute__((vector_size(16)));
using Ints = std::int32_t __attribute__((vector_size(16)));
using Doubles = double __attribute__((vector_size(32)));

#define WS_INLINE inline __attribute__((always_inline))

struct Kernel;

struct Input {
  const Kernel& kernel;
  const float* current = nullptr;
  const float* voltage = nullptr;
  std::size_t count = 0;
};

// Bit patterns of the smallest non-zero and the largest magnitude; kNoBits and 0 when all are zero.
struct Magnitudes {
  std::int32_t smallest = kNoBits;
  std::int32_t largest = 0;
};

// All |x| < 2^top, multiples of 2^bottom.
struct Scale {
  int top = 0;
  int bottom = 0;
  int span() const { return top - bottom; }
};

struct LaneSums {
  Doubles high{};
  Doubles low{};
};

struct Lanes {
  LaneSums current;
  LaneSums voltage;
  LaneSums power;
};

struct Spreads {
  Floats current_min{};
  Floats current_max{};
  Floats voltage_min{};
  Floats voltage_max{};
  Doubles power_min{};
  Doubles power_max{};
  Doubles current_m2{};
  Doubles voltage_m2{};
  Doubles power_m2{};
};

struct Means {
  double current = 0;
  double voltage = 0;
  double power = 0;
};

WS_INLINE Floats load(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof(values));
  return values;
}

// The last values of a chunk; lanes beyond it hold `fill`.
WS_INLINE Floats load_tail(const float* from, std::size_t count, float fill) {
  Floats values = {fill, fill, fill, fill};
  for (std::size_t i = 0; i < count; ++i) values[i] = from[i];
  return values;
}

WS_INLINE Doubles widen(Floats values) { return __builtin_convertvector(values, Doubles); }
WS_INLINE Doubles spread(double value) { return Doubles{value, value, value, value}; }

template <class V>
WS_INLINE V smaller(const V& a, const V& b) {
  return a < b ? a : b;
}
template <class V>
WS_INLINE V larger(const V& a, const V& b) {
  return a > b ? a : b;
}

WS_INLINE void widen_magnitudes(Floats values, Ints& smallest, Ints& largest) {
  const Ints mask = {kNoBits, kNoBits, kNoBits, kNoBits};
  Ints bits;
  std::memcpy(&bits, &values, sizeof(bits));
  bits &= mask;
  largest = larger(bits, largest);
  smallest = smaller((bits - 1) & mask, smallest);  // zero becomes kNoBits
}

WS_INLINE Magnitudes magnitudes_body(const float* values, std::size_t count) {
  Ints smallest = {kNoBits, kNoBits, kNoBits, kNoBits};
  Ints largest = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) widen_magnitudes(load(values + i), smallest, largest);
  if (i < count) widen_magnitudes(load_tail(values + i, count - i, 0.0F), smallest, largest);
  Magnitudes result;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    result.smallest = std::min(result.smallest, smallest[lane]);
    result.largest = std::max(result.largest, largest[lane]);
  }
  if (result.smallest != kNoBits) ++result.smallest;
  return result;
}

WS_INLINE void add_exactly(LaneSums& sums, const Doubles& values, const Doubles& rounder) {
  const Doubles high = (values + rounder) - rounder;
  sums.high += high;
  sums.low += values - high;
}

struct Rounders {
  Doubles current;
  Doubles voltage;
  Doubles power;
};

WS_INLINE void add_sums(Lanes& lanes, const Rounders& rounders, Floats i, Floats v) {
  const Doubles current = widen(i);
  const Doubles voltage = widen(v);
  add_exactly(lanes.current, current, rounders.current);
  add_exactly(lanes.voltage, voltage, rounders.voltage);
  add_exactly(lanes.power, current * voltage, rounders.power);
}

WS_INLINE void sums_body(const Input& in, const Rounders& rounders, Lanes& lanes) {
  std::size_t k = 0;
  for (; k + kLanes <= in.count; k += kLanes) {
    add_sums(lanes, rounders, load(in.current + k), load(in.voltage + k));
  }
  if (k == in.count) return;
  add_sums(lanes, rounders, load_tail(in.current + k, in.count - k, 0.0F),
           load_tail(in.voltage + k, in.count - k, 0.0F));
}

// `weight` is 1 for a lane that holds a sample and 0 for one that holds fill.
WS_INLINE void add_spread(Spreads& spreads, const Means& means, const Doubles& weight, Floats i,
                          Floats v) {
  const Doubles current = widen(i);
  const Doubles voltage = widen(v);
  const Doubles power = current * voltage;
  spreads.current_min = smaller(i, spreads.current_min);
  spreads.current_max = larger(i, spreads.current_max);
  spreads.voltage_min = smaller(v, spreads.voltage_min);
  spreads.voltage_max = larger(v, spreads.voltage_max);
  spreads.power_min = smaller(power, spreads.power_min);
  spreads.power_max = larger(power, spreads.power_max);
  const Doubles di = (current - means.current) * weight;
  const Doubles dv = (voltage - means.voltage) * weight;
  const Doubles dp = (power - means.power) * weight;
  spreads.current_m2 += di * di;
  spreads.voltage_m2 += dv * dv;
  spreads.power_m2 += dp * dp;
}

WS_INLINE void spreads_body(const Input& in, const Means& means, Spreads& spreads) {
  const float i0 = in.current[0];
  const float v0 = in.voltage[0];
  spreads.current_min = spreads.current_max = Floats{i0, i0, i0, i0};
  spreads.voltage_min = spreads.voltage_max = Floats{v0, v0, v0, v0};
  spreads.power_min = spreads.power_max = spread(double{i0} * double{v0});
  const Doubles ones = spread(1.0);
  std::size_t k = 0;
  for (; k + kLanes <= in.count; k += kLanes) {
    add_spread(spreads, means, ones, load(in.current + k), load(in.voltage + k));
  }
  const std::size_t rest = in.count - k;
  if (rest == 0) return;
  const Doubles weight = {1.0, rest > 1 ? 1.0 : 0.0, rest > 2 ? 1.0 : 0.0, 0.0};
  add_spread(spreads, means, weight, load_tail(in.current + k, rest, i0),
             load_tail(in.voltage + k, rest, v0));
}

// One body, compiled for the baseline and for AVX2; chosen once, by what the processor has.
struct Kernel {
  Magnitudes (*magnitudes)(const float* values, std::size_t count);
  void (*sums)(const Input& in, const Rounders& rounders, Lanes& lanes);
  void (*spreads)(const Input& in, const Means& means, Spreads& spreads);
};

// NOLINTBEGIN(bugprone-macro-parentheses): an attribute does not stand in parentheses
#define WS_KERNEL(suffix, target)                                                       \
  target Magnitudes magnitudes_##suffix(const float* values, std::size_t count) {       \
    return magnitudes_body(values, count);                                              \
  }                                                                                     \
  target void sums_##suffix(const Input& in, const Rounders& rounders, Lanes& lanes) {  \
    sums_body(in, rounders, lanes);                                                     \
  }                                                                                     \
  target void spreads_##suffix(const Input& in, const Means& means, Spreads& spreads) { \
    spreads_body(in, means, spreads);                                                   \
  }                                                                                     \
  constexpr Kernel kKernel_##suffix = {magnitudes_##suffix, sums_##suffix, spreads_##suffix}
// NOLINTEND(bugprone-macro-parentheses)

WS_KERNEL(baseline, );
#if defined(__x86_64__)
WS_KERNEL(avx2, __attribute__((target("avx2"))));
#endif

const Kernel& best_kernel() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return kKernel_avx2;
#endif
  return kKernel_baseline;
}

Scale scale_of(const Magnitudes& magnitudes) {
  const auto biased = [](std::int32_t bits) { return std::max(bits >> 23, 1); };
  const int top = biased(magnitudes.largest);
  const int bottom = magnitudes.smallest == kNoBits ? top : biased(magnitudes.smallest);
  return {top - 126, bottom - 150};
}

double rounder_for(int top) { return std::ldexp(1.5, top + kLaneAddsBits); }

// Adds the lanes to `sum`; returns their sum in double.
double collect(const LaneSums& lanes, const Scale& scale, ExactSum& sum) {
  const auto in_units_of = [](const Doubles& values, int exponent) {
    const double factor = std::ldexp(1.0, -exponent);
    std::int64_t total = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      total += static_cast<std::int64_t>(values[lane] * factor);
    }
    return total;
  };
  const int high_exponent = scale.top - kHighBits;
  const std::int64_t high = in_units_of(lanes.high, high_exponent);
  const std::int64_t low = in_units_of(lanes.low, scale.bottom);
  sum.add_scaled(high, high_exponent);
  sum.add_scaled(low, scale.bottom);
  return std::ldexp(static_cast<double>(high), high_exponent) +
         std::ldexp(static_cast<double>(low), scale.bottom);
}

// The way for chunks whose magnitudes are too far apart: [measured] 30 ns per sample.
Means add_one_by_one(const Input& in, ExactSums& sums) {
  ExactSums chunk;
  for (std::size_t k = 0; k < in.count; ++k) {
    chunk.current.add(in.current[k]);
    chunk.voltage.add(in.voltage[k]);
    chunk.power.add_product(in.current[k], in.voltage[k]);
  }
  sums += chunk;
  return {chunk.current.divided_by(in.count), chunk.voltage.divided_by(in.count),
          chunk.power.divided_by(in.count)};
}

Means add_sums_of(const Input& in, const Scale& current, const Scale& voltage, ExactSums& sums) {
  const Scale power = {current.top + voltage.top, current.bottom + voltage.bottom};
  if (power.span() > kSpanMax) return add_one_by_one(in, sums);
  Lanes lanes;
  const Rounders rounders = {spread(rounder_for(current.top)), spread(rounder_for(voltage.top)),
                             spread(rounder_for(power.top))};
  in.kernel.sums(in, rounders, lanes);
  const auto count = static_cast<double>(in.count);
  Means means;
  means.current = collect(lanes.current, current, sums.current) / count;
  means.voltage = collect(lanes.voltage, voltage, sums.voltage) / count;
  means.power = collect(lanes.power, power, sums.power) / count;
  return means;
}

template <class V>
void set_moments(Moments& moments, double mean, const V& min, const V& max, const Doubles& m2) {
  moments.mean = mean;
  moments.min = min[0];
  moments.max = max[0];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    moments.min = std::min(moments.min, double{min[lane]});
    moments.max = std::max(moments.max, double{max[lane]});
    moments.m2 += m2[lane];
  }
}

Summary add_finite(const Input& in, const Magnitudes& current, const Magnitudes& voltage,
                   ExactSums& sums, ChunkWork work) {
  Summary summary;
  summary.current.count = summary.voltage.count = summary.power.count = in.count;
  if (in.count == 0) return summary;
  const Means means = add_sums_of(in, scale_of(current), scale_of(voltage), sums);
  if (work == ChunkWork::kSumsOnly) return summary;
  Spreads spreads;
  in.kernel.spreads(in, means, spreads);
  set_moments(summary.current, means.current, spreads.current_min, spreads.current_max,
              spreads.current_m2);
  set_moments(summary.voltage, means.voltage, spreads.voltage_min, spreads.voltage_max,
              spreads.voltage_m2);
  set_moments(summary.power, means.power, spreads.power_min, spreads.power_max, spreads.power_m2);
  return summary;
}

// Rare: takes the finite samples out of the chunk and sums those.
Summary add_finite_of(const Input& in, ExactSums& sums, ChunkWork work) {
  std::array<float, kChunkSamplesMax> current;
  std::array<float, kChunkSamplesMax> voltage;
  std::size_t count = 0;
  for (std::size_t k = 0; k < in.count; ++k) {
    if (!std::isfinite(in.current[k]) || !std::isfinite(in.voltage[k])) continue;
    current[count] = in.current[k];
    voltage[count] = in.voltage[k];
    ++count;
  }
  const Input finite = {in.kernel, current.data(), voltage.data(), count};
  Summary summary = add_finite(finite, in.kernel.magnitudes(current.data(), count),
                               in.kernel.magnitudes(voltage.data(), count), sums, work);
  summary.invalid_count = in.count - count;
  return summary;
}

Summary add_any(const Input& in, ExactSums& sums, ChunkWork work) {
  const Magnitudes i = in.kernel.magnitudes(in.current, in.count);
  const Magnitudes v = in.kernel.magnitudes(in.voltage, in.count);
  const auto infinity = static_cast<std::int32_t>(kInfinityBits);
  if (i.largest >= infinity || v.largest >= infinity) return add_finite_of(in, sums, work);
  return add_finite(in, i, v, sums, work);
}

}  // namespace

Summary add_chunk(std::span<const float> current, std::span<const float> voltage, ExactSums& sums,
                  ChunkWork work) {
  return add_any({best_kernel(), current.data(), voltage.data(), current.size()}, sums, work);
}

Summary add_chunk_portable(std::span<const float> current, std::span<const float> voltage,
                           ExactSums& sums, ChunkWork work) {
  return add_any({kKernel_baseline, current.data(), voltage.data(), current.size()}, sums, work);
}

}  // namespace proto
