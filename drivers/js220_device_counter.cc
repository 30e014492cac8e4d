// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device_counter.h"

#include <cmath>

#include "drivers/js220_wire.h"
#include "drivers/uint128.h"
#include "proto/check.h"

namespace drivers::js220 {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

}  // namespace

SampleCounter::SampleCounter(std::uint64_t start_id, double time_scale, std::int64_t epoch_ns)
    : rate_32q32_(static_cast<std::uint64_t>(
          std::llround(static_cast<double>(kNominalCounterRate) * time_scale))),
      start_id_(start_id),
      epoch_ns_(epoch_ns) {
  WS_CHECK(time_scale > 0 && time_scale <= 2);
  WS_CHECK(rate_32q32_ > 0);
}

std::uint64_t SampleCounter::at(std::int64_t now_ns) const {
  if (now_ns <= epoch_ns_) return start_id_;
  const auto elapsed = static_cast<std::uint64_t>(now_ns - epoch_ns_);
  const Uint128 ids_32q32 = static_cast<Uint128>(elapsed) * rate_32q32_ / kNsPerSecond;
  return start_id_ + static_cast<std::uint64_t>(ids_32q32 >> 32);
}

std::int64_t SampleCounter::when(std::uint64_t id) const {
  if (id <= start_id_) return epoch_ns_;
  const Uint128 ids_32q32 = static_cast<Uint128>(id - start_id_) << 32;
  const Uint128 ns = (ids_32q32 * kNsPerSecond + rate_32q32_ - 1) / rate_32q32_;
  return epoch_ns_ + static_cast<std::int64_t>(ns);
}

void SampleCounter::jump(std::int64_t ids, std::int64_t now_ns) {
  const std::uint64_t here = at(now_ns);
  if (ids >= 0) {
    restart(here + static_cast<std::uint64_t>(ids), now_ns);
  } else {
    const std::uint64_t back = static_cast<std::uint64_t>(-(ids + 1)) + 1;
    restart(back > here ? 0 : here - back, now_ns);
  }
}

void SampleCounter::restart(std::uint64_t id, std::int64_t now_ns) {
  start_id_ = id;
  epoch_ns_ = now_ns;
}

}  // namespace drivers::js220
