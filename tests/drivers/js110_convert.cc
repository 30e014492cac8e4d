// SPDX-License-Identifier: Apache-2.0
// js110_convert CALIBRATION WORDS VOLTAGE_RANGE: prints current and voltage of each word as little-
// endian float32 pairs, for js110_arithmetic_test.py.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "drivers/js110_samples.h"

namespace {

std::vector<std::byte> read_file(const char* path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace drivers::js110;
  if (argc != 4) return 2;
  const auto calibration = parse_calibration(read_file(argv[1]));
  if (!calibration) {
    std::fprintf(stderr, "calibration: %s\n", std::string(describe(calibration.error())).c_str());
    return 1;
  }
  constexpr std::size_t kBytes = kPacketWords * sizeof(std::uint32_t);
  const auto words = read_file(argv[2]);
  const auto voltage_range = static_cast<std::uint8_t>(std::atoi(argv[3]));
  for (std::size_t at = 0; at + kBytes <= words.size(); at += kBytes) {
    Samples samples;
    convert(std::span(words).subspan(at).first<kBytes>(), *calibration, voltage_range, samples);
    for (std::size_t k = 0; k < kPacketWords; ++k) {
      const float pair[2] = {samples.current[k], samples.voltage[k]};
      std::fwrite(pair, sizeof pair, 1, stdout);
    }
  }
  return 0;
}
