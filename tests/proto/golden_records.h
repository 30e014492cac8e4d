// SPDX-License-Identifier: Apache-2.0
// What the golden files of tests/data/golden are made from: every JSON record in every shape, and
// waveforms of each kind.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proto/record_group.h"
#include "proto/waveform.h"

namespace proto::golden {

// One line per record.
std::string telemetry_vector();  // 30 records: two cycles of rest, charge and discharge
std::string telemetry_edges();   // nulls, odd numbers, odd text
std::string events();
std::string runs();
std::string devices();
std::string agents();
std::string progress();

std::vector<GroupedRecord> group();

// Owns the samples that the batch points at.
struct WaveformCase {
  std::string name;
  std::vector<std::vector<float>> floats;
  std::vector<CodeRun> runs;
  std::vector<std::uint32_t> words;
  WaveformBatch batch;
};
std::vector<WaveformCase> waveforms();
// The same content as text for readers in other languages; floats as the hex of their bytes.
std::string waveform_content(const WaveformBatch& batch);

}  // namespace proto::golden
