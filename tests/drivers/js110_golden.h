// SPDX-License-Identifier: Apache-2.0
// The values of the vendor's test calibration, as the protocol sheet of the JS110 lists them
// (section 7.3); its entry for "off" is not a number.
#pragma once

#include <limits>

#include "drivers/js110_calibration.h"

namespace drivers::js110 {

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

inline Calibration golden_calibration() {
  return {.current = {{{-2806.7177734375, 0.0006828914629295468},
                       {-2822.66455078125, 0.00016375303675886244},
                       {-2820.881103515625, 1.462617456127191e-05},
                       {-2822.6201171875, 1.4937617152099847e-06},
                       {-2820.462646484375, 1.4970493111832184e-07},
                       {-2820.58251953125, 1.4983887908215365e-08},
                       {-2818.677001953125, 1.4984542495710684e-09},
                       {kNotANumber, kNotANumber}}},
          .voltage = {{{-1150.5926513671875, 0.0009468112839385867},
                       {-2041.6751708984375, 0.0002934212679974735}}},
          .serial_number = "0123456789abcdef0123456789abcdef",
          .made_ns = 1'560'000'000'000'000'000};
}

}  // namespace drivers::js110
