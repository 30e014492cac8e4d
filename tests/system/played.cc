// SPDX-License-Identifier: Apache-2.0
// Writes what an emulated instrument plays, sample by sample, for a test to compare with what a
// host received. Usage: played js220|js110 SERIAL LOAD FIRST COUNT FILE. js220: COUNT values from
// value FIRST on, float32 current and voltage in pairs; js110: COUNT sample words from FIRST on.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "agent/emulate/emulated_instrument.h"
#include "drivers/js110_device_words.h"
#include "drivers/signal/load_source.h"

namespace {

template <class T>
void put(std::ostream& out, const T& value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof value);
}

void write_values(const drivers::SampleSource& source, std::uint64_t first, std::uint64_t end,
                  std::ostream& out) {
  const auto chunk = std::make_unique<drivers::Chunk>();
  for (std::uint64_t value = first; value < end; ++value) {
    const std::size_t at = value % drivers::kChunkValues;
    if (value == first || at == 0) source.fill(value / drivers::kChunkValues, {}, *chunk);
    put(out, chunk->current[at]);
    put(out, chunk->voltage[at]);
  }
}

void write_words(const drivers::SampleSource& source, const std::string& serial,
                 std::uint64_t first, std::uint64_t end, std::ostream& out) {
  drivers::js110::WordMaker maker(source, drivers::js110::emulated_calibration(serial));
  drivers::js110::PacketWordArray words;
  for (std::uint64_t id = first; id < end; ++id) {
    const std::size_t at = id % words.size();
    if (id == first || at == 0) maker.fill(id / words.size(), {}, words);
    put(out, words[at]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  agent::EmulateOptions options;
  options.model = argv[1];
  options.load = argv[3];
  const std::string serial = argv[2];
  const auto source = drivers::make_source(agent::spec_of(options, serial));
  if (!source) {
    std::fprintf(stderr, "played: %s\n", source.error().message().c_str());
    return 1;
  }
  const std::uint64_t first = std::strtoull(argv[4], nullptr, 10);
  const std::uint64_t end = first + std::strtoull(argv[5], nullptr, 10);
  std::ofstream out(argv[6], std::ios::binary);
  if (options.model == "js110") {
    write_words(**source, serial, first, end, out);
  } else {
    write_values(**source, first, end, out);
  }
  out.close();
  return out ? 0 : 1;
}
