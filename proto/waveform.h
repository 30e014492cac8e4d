// SPDX-License-Identifier: Apache-2.0
// The value of bench.waveform.v1 (wire.md 5): one complete Arrow IPC stream with one record batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/block.h"
#include "proto/ids.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace proto {

// Values larger than this do not leave the bench (wire.md 1).
inline constexpr std::size_t kWaveformBytesMax = 900'000;

// One row: one unbroken stretch of one signal. Views: what they point at outlives the call that
// takes them.
struct WaveformRow {
  std::string signal;
  std::string unit;
  SampleId first_sample;
  std::uint32_t ids_per_value = 1;  // as stored: JS220 current full rate 2, at 1 kHz 2000
  std::int64_t utc_ns = 0;          // of the first value
  std::uint64_t time_uncertainty_ns = 0;
  double rate_hz = 0;            // of the values as stored
  std::uint64_t gap_before = 0;  // ids missing just before this row
  std::span<const float> values;
  std::span<const float> min;  // decimated rows only; else empty
  std::span<const float> max;
  std::span<const float> std;
  std::span<const CodeRun> runs;           // integer signals; written as codes and run_lengths
  std::span<const std::uint32_t> words{};  // raw words; written as codes without run_lengths
};

// Rows of raw words are called so, and have no unit.
inline constexpr const char* kRawSignal = "raw";

// What a batch with raw rows says so that it can be decoded by itself; empty in any other. Both are
// texts of the schema's metadata.
struct WordsOrigin {
  // `wattspool.words`: the layout, then the recorded signals that lie in the words, with spaces
  // between: "js110 current voltage current_range".
  std::string signals;
  // `wattspool.calibration`: the calibration file as the instrument holds it, in hexadecimal, or
  // "none" when it is not calibrated.
  std::string calibration;

  bool empty() const { return signals.empty(); }
  bool operator==(const WordsOrigin&) const = default;
};
// Of an instrument whose Blocks have words; else empty.
WordsOrigin words_origin(const DeviceInfo& info);
inline constexpr const char* kUncalibrated = "none";
// Absent: an odd number of digits, or something else than digits (kUncalibrated, too).
std::optional<std::vector<std::byte>> calibration_file(std::string_view text);

struct WaveformBatch {
  std::string device_id;
  std::string test_id;
  SegmentId segment;
  StreamId stream;
  std::string agent_id;
  std::string version;  // of wattspool
  std::vector<WaveformRow> rows;
  WordsOrigin words{};  // where rows are raw
};

// Keeps its compression context and buffers from batch to batch. One thread.
class WaveformWriter {
 public:
  explicit WaveformWriter(int zstd_level = 1);
  ~WaveformWriter();
  WaveformWriter(const WaveformWriter&) = delete;
  WaveformWriter& operator=(const WaveformWriter&) = delete;

  // Appends the encoded stream to `out`.
  void encode(const WaveformBatch& batch, std::vector<std::byte>& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The reading side owns what it decoded.
struct DecodedRow {
  std::string device_id;
  std::string test_id;
  std::string signal;
  std::string unit;
  std::string encoding;
  SegmentId segment;
  SampleId first_sample;
  std::uint32_t ids_per_value = 1;
  std::int64_t utc_ns = 0;
  std::uint64_t time_uncertainty_ns = 0;
  double rate_hz = 0;
  std::uint64_t gap_before = 0;
  std::vector<float> values;
  std::vector<float> min;
  std::vector<float> max;
  std::vector<float> std;
  std::vector<CodeRun> runs;
  std::vector<std::uint32_t> words;  // codes that came without run lengths: one per value

  std::uint64_t value_count() const;  // of values or words, or of the run lengths
};

struct DecodedWaveform {
  StreamId stream;
  std::string agent_id;
  std::string version;
  std::vector<DecodedRow> rows;
  WordsOrigin words{};
};

// A value that claims to decompress to more than this, or to more rows, is refused. The writer
// refuses to make one.
inline constexpr std::size_t kDecodedBytesMax = 64 << 20;
inline constexpr std::size_t kWaveformRowsMax = 65'536;

// Trusts no offset, length or count of the bytes, never reads outside them and holds at most
// kDecodedBytesMax twice, besides the rows. Columns behind ours are ignored. Errors: WaveformErrc.
Result<DecodedWaveform> decode_waveform(std::span<const std::byte> bytes);

}  // namespace proto
