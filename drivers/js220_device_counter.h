// SPDX-License-Identifier: Apache-2.0
// The sample counter of an emulated JS220: a function of time alone, so that it goes on whether or
// not anyone listens. Pure.
#pragma once

#include <cstdint>

namespace drivers::js220 {

class SampleCounter {
 public:
  // `time_scale` 0.1: ten times slower than real time. The counter stands at `start_id` at
  // `epoch_ns` and does not run backwards from there.
  SampleCounter(std::uint64_t start_id, double time_scale, std::int64_t epoch_ns);

  std::uint64_t at(std::int64_t now_ns) const;
  // The first instant at which at() is `id` or more.
  std::int64_t when(std::uint64_t id) const;
  // Hz, 32Q32, as a TIMEMAP says it.
  std::uint64_t rate_32q32() const { return rate_32q32_; }

  // From now on `ids` further (or back, at most to 0).
  void jump(std::int64_t ids, std::int64_t now_ns);
  // Power came back: counts from `id`.
  void restart(std::uint64_t id, std::int64_t now_ns);

 private:
  std::uint64_t rate_32q32_;
  std::uint64_t start_id_;
  std::int64_t epoch_ns_;
};

}  // namespace drivers::js220
