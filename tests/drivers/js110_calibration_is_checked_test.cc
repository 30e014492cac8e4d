// SPDX-License-Identifier: Apache-2.0
// A calibration file is taken whole and in order, or not at all (protocol sheet of the JS110,
// section 7).
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "drivers/js110_calibration.h"
#include "tests/drivers/hex_bytes.h"
#include "tests/drivers/js110_golden.h"

namespace drivers::js110 {
namespace {

// Where the values' record begins in a file of ours: after the header and HDR.
constexpr std::size_t kValuesAt = 32 + 56;

std::uint32_t load_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
template <class T>
void put(std::vector<std::byte>& file, std::size_t at, const T& value) {
  std::memcpy(file.data() + at, &value, sizeof value);
}
void seal_header(std::vector<std::byte>& file) { put(file, 28, crc32(std::span(file).first(28))); }
CalibrationFault fault_of(std::span<const std::byte> file) {
  const auto parsed = parse_calibration(file);
  EXPECT_FALSE(parsed.has_value());
  return parsed ? CalibrationFault::kMagic : parsed.error();
}
// A file whose values are this text.
std::vector<std::byte> file_with(std::string_view json) {
  auto file = encode(golden_calibration());
  file.resize(kValuesAt);
  const std::size_t begin = file.size();
  for (const char c : std::string("AJS") + '\0') file.push_back(static_cast<std::byte>(c));
  const auto size = static_cast<std::uint32_t>(json.size());
  file.resize(begin + 8);
  put(file, begin + 4, size);
  for (const char c : json) file.push_back(static_cast<std::byte>(c));
  while ((file.size() - begin + 4) % 8 != 0) file.push_back(std::byte{0});
  const std::uint32_t crc = crc32(std::span(file).subspan(begin));
  file.resize(file.size() + 4);
  put(file, file.size() - 4, crc);
  put(file, 16, std::uint64_t{file.size()});
  seal_header(file);
  return file;
}

TEST(Js110Calibration, ChecksumsAreThoseOfTheSheet) {
  const auto header = from_hex(
      "D3 74 61 67 66 6D 74 20 0D 0A 20 0A 20 20 1A 1C C8 03 00 00 00 00 00 00 00 00 00 01");
  EXPECT_EQ(crc32(header), 0xAB2E35CEu);
  const auto end = from_hex("45 4E 44 00 00 00 00 00 00 00 00 00 BC 93 7A C0");
  EXPECT_EQ(crc32(std::span(end).first(12)), load_u32(end, 12));
  const auto file = encode(golden_calibration());
  EXPECT_EQ(to_vector(std::span(file).last(16)), end);
}

TEST(Js110Calibration, WhatIsWrittenIsRead) {
  const Calibration golden = golden_calibration();
  const auto file = encode(golden);
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  EXPECT_NE(text.find("NaN"), std::string_view::npos) << "the bare word is what this is about";
  const auto parsed = parse_calibration(file);
  ASSERT_TRUE(parsed.has_value()) << describe(parsed.error());
  for (std::size_t range = 0; range < kCurrentRanges; ++range) {
    EXPECT_EQ(parsed->current[range], golden.current[range]);
  }
  EXPECT_EQ(parsed->current[kCurrentRanges], Scale{}) << "off is 0 A, whatever the file says";
  EXPECT_EQ(parsed->voltage, golden.voltage);
  EXPECT_EQ(parsed->serial_number, golden.serial_number);
  EXPECT_NEAR(static_cast<double>(*parsed->made_ns), static_cast<double>(*golden.made_ns), 2);
}

TEST(Js110Calibration, EveryDamagedByteIsSeen) {
  const auto file = encode(golden_calibration());
  ASSERT_TRUE(parse_calibration(file).has_value());
  const std::size_t end_at = file.size() - 16;
  for (std::size_t at = 0; at < end_at; ++at) {
    auto damaged = file;
    damaged[at] ^= std::byte{0x10};
    EXPECT_FALSE(parse_calibration(damaged).has_value()) << "byte " << at;
  }
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(fault_of(std::span(file).first(size)), CalibrationFault::kTruncated);
  }
}

TEST(Js110Calibration, EachFaultHasItsName) {
  auto file = encode(golden_calibration());
  file[0] ^= std::byte{1};
  EXPECT_EQ(fault_of(file), CalibrationFault::kMagic);
  file = encode(golden_calibration());
  file[20] ^= std::byte{1};
  EXPECT_EQ(fault_of(file), CalibrationFault::kHeaderChecksum);
  file = encode(golden_calibration());
  file[27] = std::byte{2};
  seal_header(file);
  EXPECT_EQ(fault_of(file), CalibrationFault::kVersion);
  for (const std::uint64_t length : {0ull, 31ull, 32'769ull, ~0ull}) {
    file = encode(golden_calibration());
    put(file, 16, length);
    seal_header(file);
    EXPECT_EQ(fault_of(file), CalibrationFault::kLength) << length;
  }
  file = encode(golden_calibration());
  file[kValuesAt + 20] ^= std::byte{1};
  EXPECT_EQ(fault_of(file), CalibrationFault::kRecordChecksum);
  for (const std::uint32_t length : {0xFFFF'FFFFu, 0xFFFF'FFF4u, 40'000u}) {
    file = encode(golden_calibration());
    put(file, kValuesAt + 4, length);
    EXPECT_EQ(fault_of(file), CalibrationFault::kRecordLength) << length;
  }
  file = encode(golden_calibration());
  file.resize(kValuesAt);
  put(file, 16, std::uint64_t{file.size()});
  seal_header(file);
  EXPECT_EQ(fault_of(file), CalibrationFault::kNoValues);
}

TEST(Js110Calibration, ValuesThatAreNoneAreNoCalibration) {
  const std::string good = R"("current":{"offset":[1,2,3,4,5,6,7],"gain":[1,1,1,1,1,1,1]},)"
                           R"("voltage":{"gain":[1,1],"offset":[0,0]})";
  EXPECT_TRUE(parse_calibration(file_with("{" + good + "}")).has_value());
  EXPECT_TRUE(parse_calibration(file_with(R"({"a":"NaN \" NaN",)" + good + "}")).has_value());
  const std::vector<std::string> bad = {
      "",
      "NaN",
      "[]",
      "{" + good,
      R"({"current":{"offset":[1,2,3,4,5,6],"gain":[1,1,1,1,1,1]}})",
      R"({"current":{"offset":[1,2,3,NaN,5,6,7],"gain":[1,1,1,1,1,1,1]},)"
      R"("voltage":{"gain":[1,1],"offset":[0,0]}})",
      R"({"current":{"offset":[1,2,3,4,5,6,7],"gain":[1,1,1,0,1,1,1]},)"
      R"("voltage":{"gain":[1,1],"offset":[0,0]}})",
      R"({"current":{"offset":[1,2,3,4,5,6,7],"gain":[1,1,1,1e300,1,1,1]},)"
      R"("voltage":{"gain":[1,1],"offset":[0,0]}})",
      R"({"current":{"offset":[1,2,3,4,5,6,"7"],"gain":[1,1,1,1,1,1,1]},)"
      R"("voltage":{"gain":[1,1],"offset":[0,0]}})",
      R"({"current":[],"voltage":[]})",
      R"({"current":{"offset":[1,2,3,4,5,6,7],"gain":[1,1,1,1,1,1,1]}})",
  };
  for (const std::string& json : bad) {
    EXPECT_EQ(fault_of(file_with(json)), CalibrationFault::kValues) << json;
  }
}

// Reads from an instrument that sends what `piece` makes of each request.
CalibrationResult<Calibration> read_from(
    const std::function<std::vector<std::byte>(CalibrationReader::Piece)>& piece) {
  CalibrationReader reader;
  for (int requests = 0; const auto next = reader.next(); ++requests) {
    EXPECT_LT(requests, 40'000) << "reads without end";
    if (auto accepted = reader.accept(piece(*next)); !accepted) {
      return tl::unexpected(accepted.error());
    }
  }
  return parse_calibration(reader.file());
}

TEST(Js110Calibration, IsReadInPiecesOfAnySize) {
  const auto file = encode(golden_calibration());
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{33}, file.size()}) {
    const auto read = read_from([&](CalibrationReader::Piece piece) {
      EXPECT_LE(piece.offset + piece.length, file.size());
      const auto bytes = std::span(file).subspan(piece.offset, piece.length);
      return to_vector(bytes.first(std::min(size, bytes.size())));
    });
    ASSERT_TRUE(read.has_value()) << describe(read.error());
    EXPECT_EQ(read->voltage, golden_calibration().voltage);
  }
}

TEST(Js110Calibration, AnInstrumentThatStopsSendingEndsTheReading) {
  const auto file = encode(golden_calibration());
  for (const std::size_t stop_at : {0, 16, 32, 500}) {
    const auto read = read_from([&](CalibrationReader::Piece piece) {
      if (piece.offset >= stop_at) return std::vector<std::byte>();
      const auto left = std::min<std::size_t>(piece.length, stop_at - piece.offset);
      return to_vector(std::span(file).subspan(piece.offset, left));
    });
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error(), CalibrationFault::kTruncated);
  }
}

TEST(Js110Calibration, ALengthBeyondTheLimitIsNotRead) {
  auto file = encode(golden_calibration());
  put(file, 16, std::uint64_t{1} << 40);
  seal_header(file);
  std::size_t requests = 0;
  const auto read = read_from([&](CalibrationReader::Piece piece) {
    ++requests;
    return to_vector(std::span(file).subspan(piece.offset, piece.length));
  });
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error(), CalibrationFault::kLength);
  EXPECT_EQ(requests, 1u);
}

TEST(Js110Calibration, MoreThanWasAskedForIsCutOff) {
  const auto file = encode(golden_calibration());
  const auto read = read_from([&](CalibrationReader::Piece piece) {
    auto bytes = to_vector(std::span(file).subspan(piece.offset));
    bytes.resize(bytes.size() + 100, std::byte{0xAA});
    return bytes;
  });
  ASSERT_TRUE(read.has_value()) << describe(read.error());
}

}  // namespace
}  // namespace drivers::js110
