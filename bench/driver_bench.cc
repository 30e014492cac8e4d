// SPDX-License-Identifier: Apache-2.0
// Transfers of a JS220 at full rate -> Blocks. `core_percent` is what one instrument takes of one
// core: the time for one second of its samples.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>
#include <vector>

#include "bench/driver_meters.h"
#include "drivers/js220_stream.h"
#include "drivers/js220_time64.h"

namespace drivers::js220 {
namespace {

constexpr std::int64_t kStartUtcNs = 1'750'000'000'000'000'000;
constexpr std::uint64_t kFirstId = 4032ull * 1'000'000;
constexpr std::uint64_t kIds = 4032ull * 496;  // 1.0 s
constexpr std::size_t kTransferBytes = 32'768;

// One second of frames, each in its 512-byte slot, in the order in which they are complete.
class Recording {
 public:
  explicit Recording(std::uint64_t ids_per_edge) : ids_per_edge_(ids_per_edge) {
    for (std::uint64_t end = kFirstId + 252; end <= kFirstId + kIds; end += 252) {
      add(kPortCurrent, end - 252, 126 * 4);
      add(kPortVoltage, end - 252, 126 * 4);
      if ((end - kFirstId) % 1008 == 0) add(kPortCurrentRange, end - 1008, 504);
      if ((end - kFirstId) % 4032 == 0) add(kPortGpi0, end - 4032, 504);
    }
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  void add(std::uint8_t port, std::uint64_t first, std::size_t data_bytes) {
    std::array<std::byte, kStreamDataBytesMax> data{};
    const std::size_t bits = stream_format(port)->bits;
    for (std::size_t i = 0; i < data_bytes * 8 / bits; ++i) {
      const std::uint64_t edges = (first + i) / ids_per_edge_;
      const float value = static_cast<float>(first + i) * 1e-9F;
      if (bits == 32) std::memcpy(data.data() + 4 * i, &value, sizeof value);
      if (bits == 4) set_u4(data, i, static_cast<std::uint8_t>(edges % 6));
      if (bits == 1) set_u1(data, i, edges % 2 != 0);
    }
    const FrameBuffer frame =
        encode_stream({.frame_id = 0, .length = 0, .port = port}, static_cast<std::uint32_t>(first),
                      std::span(data).first(data_bytes));
    bytes_.insert(bytes_.end(), frame.bytes.begin(), frame.bytes.end());
  }
  std::uint64_t ids_per_edge_;
  std::vector<std::byte> bytes_;
};

void read_transfers(std::span<const std::byte> bytes, Stream& stream, DriverSink& sink) {
  std::int64_t now_ns = 1'000'000'000;
  for (std::size_t at = 0; at < bytes.size(); at += kTransferBytes) {
    const auto transfer = bytes.subspan(at, std::min(kTransferBytes, bytes.size() - at));
    const Arrival arrival{now_ns, kStartUtcNs + now_ns};
    for (std::size_t slot = 0; slot < transfer.size(); slot += kFrameBytes) {
      const auto frame = parse_frame(transfer.subspan(slot, kFrameBytes));
      stream.on_frame(*frame, arrival, sink);
    }
    stream.advance(now_ns, sink);
    now_ns += 3'472'000;  // 64 frames at 18434 frames/s
  }
}

// The argument: ids between two edges of the range and of the input.
void BM_TransfersToBlocks(benchmark::State& state) {
  const Recording recording(static_cast<std::uint64_t>(state.range(0)));
  Counters counters;
  Stream stream(*select_signals({"current_range", "gpi0"}), counters);
  bench::CountingSink sink;
  const double before_s = bench::cpu_seconds();
  for (auto _ : state) {
    stream.reset();
    stream.on_timemap({.utc = time64_from_utc_ns(kStartUtcNs + 1'000'000'000),
                       .counter = kFirstId,
                       .counter_rate = kNominalCounterRate},
                      {1'000'000'000, kStartUtcNs + 1'000'000'000}, sink);
    read_transfers(recording.bytes(), stream, sink);
    stream.flush(sink);
  }
  const auto seconds = static_cast<double>(state.iterations());
  if (sink.values != static_cast<std::uint64_t>(state.iterations()) * kIds / 2 || sink.gaps != 0) {
    state.SkipWithError("samples are missing");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(sink.values));
  state.counters["core_percent"] = (bench::cpu_seconds() - before_s) / seconds * 100;
  state.counters["blocks_per_second"] = static_cast<double>(sink.blocks) / seconds;
}
BENCHMARK(BM_TransfersToBlocks)
    ->ArgName("ids_per_edge")
    ->Arg(1'000'000)
    ->Arg(1000)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace drivers::js220
