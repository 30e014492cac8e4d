// SPDX-License-Identifier: Apache-2.0
// Whatever an instrument sends for its calibration: the reader ends, and what it takes is usable.
// The input is a file as it is, then once more with its checksums made right, so that the fuzzer
// gets past them.
#include <cmath>
#include <cstdint>
#include <vector>

#include "drivers/js110_calibration.h"
#include "drivers/js110_wire.h"
#include "drivers/little_endian.h"
#include "proto/check.h"

namespace drivers::js110 {
namespace {

void parse(std::span<const std::byte> file) {
  const auto parsed = parse_calibration(file);
  if (!parsed) {
    WS_CHECK(!describe(parsed.error()).empty());
    return;
  }
  WS_CHECK(parsed->current[kCurrentRanges] == Scale{});
  for (std::size_t range = 0; range < kCurrentRanges; ++range) {
    WS_CHECK(std::isfinite(parsed->current[range].apply(kRawMax)));
  }
  for (const Scale& scale : parsed->voltage) WS_CHECK(std::isfinite(scale.apply(0)));
}

void read_in_pieces(std::span<const std::byte> file, std::size_t piece_bytes) {
  CalibrationReader reader;
  std::size_t requests = 0;
  while (const auto piece = reader.next()) {
    WS_CHECK(++requests <= kCalibrationBytesMax + 1);
    const auto rest = file.subspan(std::min<std::size_t>(piece->offset, file.size()));
    if (!reader.accept(rest.first(std::min(piece_bytes, rest.size())))) return;
  }
  WS_CHECK(reader.file().size() <= kCalibrationBytesMax);
  parse(reader.file());
}

// One record after another, each with the length that it has room for.
std::vector<std::byte> seal(std::span<const std::byte> bytes) {
  auto file = encode(Calibration{});
  file.resize(kCalibrationHeaderBytes);
  file.insert(file.end(), bytes.begin(), bytes.end());
  file.resize(std::min(file.size(), kCalibrationBytesMax));
  std::size_t at = kCalibrationHeaderBytes;
  while (at + 16 <= file.size()) {
    const auto payload = std::uint64_t{load_at<std::uint32_t>(file, at + 4)} % 1024;
    store_at(file, at + 4, static_cast<std::uint32_t>(payload));
    const std::size_t size = (8 + payload + 4 + 7) / 8 * 8;
    if (size > file.size() - at) break;
    store_at(file, at + size - 4, crc32(std::span(file).subspan(at, size - 4)));
    at += size;
  }
  file.resize(at);
  store_at(file, 16, std::uint64_t{file.size()});
  store_at(file, 28, crc32(std::span(file).first(28)));
  return file;
}

}  // namespace
}  // namespace drivers::js110

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drivers::js110;
  const auto bytes = std::as_bytes(std::span(data, size));
  parse(bytes);
  read_in_pieces(bytes, size % 100 + 1);
  const auto sealed = seal(bytes);
  parse(sealed);
  read_in_pieces(sealed, 4096);
  return 0;
}
