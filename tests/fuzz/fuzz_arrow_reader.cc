// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes of a waveform value are: a table that holds together, or an error. What was
// read is written and read again to the same table, and its raw words are decoded.
#include <cstdint>
#include <cstring>
#include <span>

#include "agent/audit/raw_rows.h"
#include "proto/check.h"
#include "proto/waveform.h"

namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

void write_and_read_again(const proto::DecodedWaveform& first) {
  proto::WaveformBatch batch;
  batch.stream = first.stream;
  batch.agent_id = first.agent_id;
  batch.version = first.version;
  batch.words = first.words;
  for (const proto::DecodedRow& row : first.rows) {
    batch.rows.push_back({row.signal, row.unit, row.first_sample, row.ids_per_value, row.utc_ns,
                          row.time_uncertainty_ns, row.rate_hz, row.gap_before, row.values, row.min,
                          row.max, row.std, row.runs, row.words});
  }
  std::vector<std::byte> bytes;
  proto::WaveformWriter().encode(batch, bytes);
  const auto second = proto::decode_waveform(bytes);
  WS_CHECK(second && second->rows.size() == first.rows.size());
  WS_CHECK(second->stream == first.stream && second->agent_id == first.agent_id);
  for (std::size_t i = 0; i < first.rows.size(); ++i) {
    const proto::DecodedRow& a = first.rows[i];
    const proto::DecodedRow& b = second->rows[i];
    WS_CHECK(a.signal == b.signal && a.unit == b.unit && a.runs == b.runs);
    WS_CHECK(a.words == b.words);
    WS_CHECK(a.first_sample == b.first_sample && a.utc_ns == b.utc_ns);
    WS_CHECK(same_bits(a.values, b.values) && same_bits(a.std, b.std));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoded = proto::decode_waveform(std::as_bytes(std::span(data, size)));
  if (decoded) {
    write_and_read_again(*decoded);
    (void)agent::decode_raw_rows(*decoded);
  }
  return 0;
}
