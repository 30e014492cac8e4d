// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_statistics.h"

#include <array>

#include "drivers/little_endian.h"
#include "proto/check.h"

namespace drivers::js220 {
namespace {

// Bit 31: raw integers; then version 1 and two ids per value.
constexpr std::uint32_t kHead = 0x9200'0000;

void store_signal(std::span<std::byte> bytes, std::size_t offset, const SignalStatistics& signal) {
  store_at(bytes, offset, signal.sum);
  store_at(bytes, offset + 8, signal.min);
  store_at(bytes, offset + 16, signal.max);
}

}  // namespace

FrameBuffer encode(std::uint16_t frame_id, const Statistics& statistics) {
  // The vendor's driver divides by the number of values.
  WS_CHECK(statistics.block_values > 0 && statistics.block_values <= kBlockValuesMax);
  std::array<std::byte, kStatisticsBytes> payload{};
  const std::span<std::byte> bytes(payload);
  store_at(bytes, 0, kHead | statistics.block_values);
  store_at(bytes, 4, static_cast<std::uint32_t>(kSampleIdRateHz));
  store_at(bytes, 8, statistics.block_sample_id);
  store_at(bytes, 16, statistics.integral_sample_id);
  store_signal(bytes, 24, statistics.current);
  store_signal(bytes, 48, statistics.voltage);
  store_signal(bytes, 72, statistics.power);
  store_at(bytes, 96, statistics.current.sum_of_squares);
  store_at(bytes, 112, statistics.current_integral);
  store_at(bytes, 128, statistics.voltage.sum_of_squares);
  store_at(bytes, 160, statistics.power.sum_of_squares);
  store_at(bytes, 176, statistics.power_integral);
  return make_frame(frame_id, kPortStatistics, payload);
}

}  // namespace drivers::js220
