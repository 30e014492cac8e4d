// SPDX-License-Identifier: Apache-2.0
// What an emulated JS110 measures: sample words from a SampleSource, and the truth of them. Each
// word is a pure function of the source, the settings and its number in the stream. A packet is one
// cell of the source: its range is one range; the source's 1 MSPS are played twice each. From the
// protocol sheet of the JS110, sections 7.3, 9 and 17.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "drivers/js110_calibration.h"
#include "drivers/js110_wire.h"
#include "drivers/signal/sample_source.h"
#include "drivers/signal/truth.h"

namespace drivers::js110 {

using PacketWordArray = std::array<std::uint32_t, kPacketWords>;

// The hardware serial number of the emulated instrument with that serial number.
std::array<std::byte, 16> hardware_serial_of(const std::string& serial);
// The calibration that it holds.
Calibration emulated_calibration(const std::string& serial);

// What decides how a value becomes a word.
struct WordSettings {
  std::uint8_t select = kSelectAuto;  // kSelectOff: range 7
  std::uint8_t voltage_range = 0;
  std::uint8_t current_gpi = kLsbNormal;
  std::uint8_t voltage_gpi = kLsbNormal;
};

class WordMaker {
 public:
  // The source outlives it.
  WordMaker(const SampleSource& source, const Calibration& calibration);

  void fill(std::uint64_t packet, const WordSettings& settings, PacketWordArray& words);

 private:
  const SampleSource& source_;
  const Calibration calibration_;
  std::unique_ptr<Chunk> chunk_;
  std::optional<std::uint64_t> chunk_index_;
};

// What a perfect recorder must have summed up of these ids: the words as they are, calibrated.
// Automatic range, 15 V, no inputs, which is how the product drives an instrument.
Truth compute_truth(const SampleSource& source, const std::string& serial, proto::IdRange ids);

}  // namespace drivers::js110
