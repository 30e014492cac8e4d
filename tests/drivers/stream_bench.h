// SPDX-License-Identifier: Apache-2.0
// Feeds a js220::Stream with frames as an instrument sends them: each value tells its own id, so
// that a test sees at once when one is in the wrong place.
#pragma once

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "drivers/js220_stream.h"
#include "drivers/js220_time64.h"
#include "tests/drivers/recording_sink.h"

namespace drivers::js220 {

inline constexpr std::int64_t kStartUtcNs = 1'750'000'000'000'000'000;

// The value of an id: exact in a float for any id, and different for neighbours.
inline float current_of(std::uint64_t id) { return static_cast<float>(id / 2 % 1'000'003); }
inline float voltage_of(std::uint64_t id) { return -current_of(id) - 1; }
inline std::uint8_t range_of(std::uint64_t id) { return static_cast<std::uint8_t>(id / 5000 % 6); }
inline bool gpi_of(std::uint64_t id) { return id / 777 % 2 != 0; }

class StreamBench {
 public:
  static constexpr std::uint64_t kFloatIds = 252;  // of one frame
  static constexpr std::uint64_t kRangeIds = 1008;
  static constexpr std::uint64_t kGpiIds = 4032;

  explicit StreamBench(std::uint64_t first_id,
                       const std::vector<std::string>& codes = {"current_range", "gpi0"})
      : selected(*select_signals(codes)), stream(selected, counters), first_id_(first_id) {}

  // Sends the time map that belongs to the ids and the clock.
  void send_map(std::uint64_t id, std::int64_t utc_error_ns = 0, double rate_hz = 2e6) {
    const auto rate = static_cast<std::uint64_t>(rate_hz * 4294967296.0);
    stream.on_timemap(
        {.utc = time64_from_utc_ns(utc_of(id) + utc_error_ns), .counter = id, .counter_rate = rate},
        arrival_of(id), sink);
  }

  // All frames that end in (from, to], in the order in which an instrument completes them, but
  // those named in `lost` by their port and first id.
  using Lost = std::set<std::pair<std::uint8_t, std::uint64_t>>;
  void send(std::uint64_t from, std::uint64_t to, const Lost& lost = {}) {
    for (std::uint64_t end = from + kFloatIds; end <= to; end += kFloatIds) {
      const std::uint64_t first = end - kFloatIds;
      if (!lost.contains({kPortCurrent, first})) send_float(kPortCurrent, first, end);
      if (!lost.contains({kPortVoltage, first})) send_float(kPortVoltage, first, end);
      for (const auto& [port, ids] : {std::pair{std::uint8_t{kPortCurrentRange}, kRangeIds},
                                      std::pair{std::uint8_t{kPortGpi0}, kGpiIds}}) {
        if ((end - first_id_) % ids != 0) continue;
        if (!lost.contains({port, end - ids})) send_code(port, end - ids, end);
      }
      stream.advance(arrival_of(end).monotonic_ns, sink);
    }
  }

  void send_float(std::uint8_t port, std::uint64_t first, std::uint64_t end) {
    std::vector<float> values;
    for (std::uint64_t id = first; id < end; id += 2) {
      values.push_back(port == kPortCurrent ? current_of(id) : voltage_of(id));
    }
    send_bytes(port, first, end, std::as_bytes(std::span(values)));
  }

  void send_code(std::uint8_t port, std::uint64_t first, std::uint64_t end) {
    std::array<std::byte, kStreamDataBytesMax> data{};
    for (std::uint64_t id = first; id < end; ++id) {
      if (port == kPortCurrentRange) set_u4(data, id - first, range_of(id));
      if (port >= kPortGpi0) set_u1(data, id - first, gpi_of(id));
    }
    const std::size_t bits = stream_format(port)->bits;
    send_bytes(port, first, end, std::span(data).first((end - first) * bits / 8));
  }

  void send_bytes(std::uint8_t port, std::uint64_t first, std::uint64_t arrives_at,
                  std::span<const std::byte> data) {
    const FrameBuffer frame = encode_stream({.frame_id = 0, .length = 0, .port = port},
                                            static_cast<std::uint32_t>(first), data);
    stream.on_frame(*parse_frame(frame.span()), arrival_of(arrives_at), sink);
  }

  // The instant at which an id is taken, when all goes well.
  std::int64_t utc_of(std::uint64_t id) const {
    return kStartUtcNs + (static_cast<std::int64_t>(id - first_id_)) * 500;
  }
  Arrival arrival_of(std::uint64_t id) const {
    const std::int64_t ns = static_cast<std::int64_t>(id - first_id_) * 500 + arrival_shift_ns;
    return {.monotonic_ns = 1'000'000'000 + ns, .utc_ns = kStartUtcNs + ns + host_step_ns};
  }

  // Every value in its place.
  void expect_truth() const {
    for (const proto::Block& block : sink.blocks) {
      const std::uint64_t first = block.first_id.value();
      for (std::size_t i = 0; i < block.current.values.size(); ++i) {
        ASSERT_EQ(block.current.values[i], current_of(first + 2 * i)) << "id " << first + 2 * i;
        ASSERT_EQ(block.voltage.values[i], voltage_of(first + 2 * i)) << "id " << first + 2 * i;
      }
      for (const proto::CodeColumn& column : block.codes) {
        const bool is_range = selected[column.signal_index].port == kPortCurrentRange;
        std::uint64_t id = first;
        for (const proto::CodeRun& run : column.runs) {
          if (run.code == proto::kMissingCode) {
            id += run.run_length;
            continue;
          }
          for (const std::uint64_t end = id + run.run_length; id < end; ++id) {
            ASSERT_EQ(run.code, is_range ? range_of(id) : std::uint8_t{gpi_of(id)}) << "id " << id;
          }
        }
      }
    }
  }

  std::int64_t arrival_shift_ns = 0;
  std::int64_t host_step_ns = 0;
  Counters counters;
  RecordingSink sink;
  std::vector<SignalInfo> selected;
  Stream stream;

 private:
  std::uint64_t first_id_;
};

}  // namespace drivers::js220
