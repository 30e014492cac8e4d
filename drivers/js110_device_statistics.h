// SPDX-License-Identifier: Apache-2.0
// The statistics that an emulated JS110 has for a host that asks for its status: of windows of
// 1,000,000 samples (0.5 s of the instrument's time). From the protocol sheet of the JS110,
// sections 5.3 and 12.3. Computed when asked for: 10 ms for a window. Pure.
#pragma once

#include <cstdint>

#include "drivers/js110_calibration.h"
#include "drivers/js110_device_words.h"
#include "drivers/js110_wire.h"
#include "drivers/uint128.h"

namespace drivers::js110 {

inline constexpr std::uint64_t kSamplesPerUpdate = 1'000'000;

class SensorStatisticsMaker {
 public:
  // So many windows are made up for at once; what a host did not ask for before is in no total.
  static constexpr std::uint64_t kWindowsMax = 2;

  // The source outlives it.
  SensorStatisticsMaker(const SampleSource& source, const Calibration& calibration)
      : calibration_(calibration), words_(source, calibration) {}

  // The load begins anew: windows count from its sample 0 on. The totals go on.
  void start() { next_window_ = 0; }
  // Power came back.
  void clear();

  // `samples` were made since the start. samples_this is 0 when no window ended since the last
  // call.
  SensorStatistics take(std::uint64_t samples, const WordSettings& settings);

 private:
  void add_window(std::uint64_t first, const WordSettings& settings);

  Calibration calibration_;
  WordMaker words_;
  std::uint64_t next_window_ = 0;
  SensorStatistics statistics_;
  Int128 charge_q31_ = 0;  // sum of samples
  Int128 energy_q31_ = 0;
};

}  // namespace drivers::js110
