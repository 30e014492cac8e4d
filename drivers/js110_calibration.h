// SPDX-License-Identifier: Apache-2.0
// The calibration of a JS110: the file that the instrument holds, and the arithmetic that the host
// applies to each sample. Pure. From the protocol sheet of the JS110, section 7. A file that fails
// any check gives no calibration at all: nothing stands in for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace drivers::js110 {

inline constexpr std::size_t kCurrentRanges = 7;  // 10 A, 2 A, 180 mA ... 18 uA; 7 is off
inline constexpr std::size_t kVoltageRanges = 2;  // 15 V, 5 V

// value = (raw + offset) * gain, in double; a sample is that, rounded to float32.
struct Scale {
  double offset = 0;  // counts
  double gain = 0;    // A or V per count
  float apply(std::uint32_t raw) const {
    return static_cast<float>((static_cast<double>(raw) + offset) * gain);
  }
  bool operator==(const Scale&) const = default;
};

struct Calibration {
  std::array<Scale, kCurrentRanges + 1> current;  // the last one is "off": always 0 A
  std::array<Scale, kVoltageRanges> voltage;
  std::string serial_number;  // of the hardware, 32 hex digits; empty: the file has none
  std::optional<std::int64_t> made_ns{};  // UTC
};
// Of an instrument that is not calibrated: whatever the word, current and voltage are NaN.
Calibration unknown_calibration();

enum class CalibrationFault {
  kTruncated,        // the instrument stopped sending before the end of the file
  kMagic,            // not a calibration file
  kLength,           // says that it is shorter than its header or longer than 32 KiB
  kVersion,          // not version 1
  kHeaderChecksum,   // CRC-32 of the header
  kRecordLength,     // a record does not fit into the file
  kRecordChecksum,   // CRC-32 of a record
  kNoValues,         // no record with values
  kValues,           // values that are no JSON, miss, or are no numbers
  kOtherInstrument,  // of another hardware serial number
};
// What an operator reads: "a record of it fails its checksum".
std::string_view describe(CalibrationFault fault);

template <class T>
using CalibrationResult = tl::expected<T, CalibrationFault>;

inline constexpr std::size_t kCalibrationHeaderBytes = 32;
inline constexpr std::size_t kCalibrationBytesMax = 32'768;

// Collects the file piece by piece: ask the instrument for next() until it is absent.
class CalibrationReader {
 public:
  struct Piece {
    std::uint16_t offset = 0;
    std::uint16_t length = 0;
  };
  std::optional<Piece> next() const;
  // What the instrument sent for next(): at least one byte, or it is taken to have stopped.
  CalibrationResult<void> accept(std::span<const std::byte> bytes);
  std::span<const std::byte> file() const { return file_; }

 private:
  std::vector<std::byte> file_;
  std::size_t length_ = kCalibrationHeaderBytes;  // of the whole file, once the header is there
};

CalibrationResult<Calibration> parse_calibration(std::span<const std::byte> file);
// The smallest file that hosts accept: header, HDR, AJS, END. Numbers are written so that they read
// back as the same; one that is not finite as the bare word NaN.
std::vector<std::byte> encode(const Calibration& calibration);

// CRC-32 of zlib.
std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace drivers::js110
