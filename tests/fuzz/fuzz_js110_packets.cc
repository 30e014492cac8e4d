// SPDX-License-Identifier: Apache-2.0
// Whatever packets a JS110 sends, at whatever time: ids without a hole but in a Gap, columns of
// equal length, time that only rises.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "drivers/js110_device_words.h"
#include "drivers/js110_stream.h"
#include "drivers/little_endian.h"
#include "proto/check.h"
#include "tests/fuzz/contract_sink.h"

namespace drivers::js110 {
namespace {

struct Cable {
  std::int64_t monotonic_ns = 1'000'000'000;
  std::int64_t utc_ns = 1'750'000'000'000'000'000;
  std::uint16_t index = 0;

  std::vector<std::byte> packet(PacketHeader header, std::uint32_t word, unsigned odd_at,
                                std::uint32_t odd_word) {
    std::vector<std::byte> bytes(kPacketBytes);
    header.index = index++;
    std::ranges::copy(pack_header(header), bytes.begin());
    for (std::size_t k = 0; k < kPacketWords; ++k) {
      store_at(bytes, kPacketHeaderBytes + 4 * k,
               k == odd_at % kPacketWords ? odd_word : word ^ static_cast<unsigned>(k & 1) << 17);
    }
    return bytes;
  }
  void pass(std::int64_t ns) {
    monotonic_ns += ns;
    utc_ns += ns;
  }
};

void drive(Input input) {
  Counters counters;
  ContractSink sink(1);
  const auto signals = select_signals({"current_range", "gpi0", "gpi1"});
  Stream stream(*signals, counters);
  const Calibration calibration = emulated_calibration("1");
  stream.reset(calibration);
  Cable cable;
  while (!input.empty()) {
    std::vector<std::byte> transfer;
    const std::uint8_t what = input.take<std::uint8_t>();
    const auto word = input.take<std::uint32_t>();
    switch (what % 8) {
      case 0:
        cable.index = input.take<std::uint16_t>();
        break;
      case 1:
        cable.pass(input.take<std::uint16_t>() * 1'000'000LL);
        break;
      case 2:
        cable.utc_ns += input.take<std::int32_t>() * 1'000'000LL;
        break;
      case 3:
        transfer = cable.packet({.buffer_type = input.take<std::uint8_t>(),
                                 .status = input.take<std::uint8_t>(),
                                 .length = input.take<std::uint16_t>()},
                                word, 0, 0);
        break;
      case 4:
        transfer = cable.packet({.voltage_range = 1}, word, what, input.take<std::uint32_t>());
        transfer.resize(input.take<std::uint16_t>() % 1025);
        break;
      case 5:
        stream.reset(calibration);
        break;
      default:
        // Few mostly, so that a second of trying is many inputs.
        for (int packets = what < 0xF8 ? what / 8 % 4 : 64; packets >= 0; --packets) {
          const auto bytes = cable.packet({}, word, what, kMissingWord);
          transfer.insert(transfer.end(), bytes.begin(), bytes.end());
          cable.pass(kPacketNs);
        }
    }
    stream.on_transfer(transfer, {cable.monotonic_ns, cable.utc_ns}, sink);
    if (what >= 0xF0) stream.flush(sink);
  }
  stream.flush(sink);
}

}  // namespace
}  // namespace drivers::js110

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  drivers::js110::drive(drivers::Input(std::span(data, size)));
  return 0;
}
