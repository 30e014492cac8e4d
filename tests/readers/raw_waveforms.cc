// SPDX-License-Identifier: Apache-2.0
// raw_waveforms SEED calibrated|uncalibrated RAW FLOATS: random words through the JS110's driver,
// written twice as waveform values, as raw words and as the floats that the driver made of them.
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/agent/pipeline/raw_words_bench.h"

namespace {

void write(const char* path, std::span<const std::byte> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  using agent::WaveformBuilder;
  using agent::test::RawWordsBench;
  if (argc != 5) return 2;
  RawWordsBench bench(static_cast<std::uint32_t>(std::atoi(argv[1])),
                      std::string(argv[2]) == "calibrated");
  WaveformBuilder raw(agent::test::js110_full_rate(), bench.info(true));
  WaveformBuilder floats(agent::test::js110_full_rate(), bench.info(false));
  for (const proto::Block& block : bench.blocks(1'000)) {
    raw.add_part(block, {block.first_id, block.end_id()});
    floats.add_part(block, {block.first_id, block.end_id()});
  }
  write(argv[3], RawWordsBench::encoded(raw));
  write(argv[4], RawWordsBench::encoded(floats));
  return 0;
}
