// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_calibration.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "drivers/js110_wire.h"
#include "drivers/js220_time64.h"
#include "drivers/little_endian.h"

namespace drivers::js110 {
namespace {

constexpr std::array<std::uint8_t, 16> kMagic = {0xD3, 0x74, 0x61, 0x67, 0x66, 0x6D, 0x74, 0x20,
                                                 0x0D, 0x0A, 0x20, 0x0A, 0x20, 0x20, 0x1A, 0x1C};
constexpr std::size_t kLengthAt = 16;
constexpr std::size_t kVersionAt = 27;
constexpr std::size_t kHeaderCrcAt = 28;
constexpr std::uint8_t kVersion = 1;

// Records: tag, flags, payload length; payload, padding, CRC-32.
constexpr std::size_t kRecordHeadBytes = 8;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kHdrBytes = 40;  // begins with a time64

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB8'8320u : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

template <class T>
void append(std::vector<std::byte>& file, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  file.insert(file.end(), bytes.begin(), bytes.end());
}

tl::unexpected<CalibrationFault> fault(CalibrationFault what) { return tl::unexpected(what); }

// The length of the whole file, from a header that is in order.
CalibrationResult<std::size_t> check_header(std::span<const std::byte> file) {
  if (file.size() < kCalibrationHeaderBytes) return fault(CalibrationFault::kTruncated);
  const bool is_ours = std::equal(kMagic.begin(), kMagic.end(), file.begin(),
                                  [](std::uint8_t a, std::byte b) { return std::byte{a} == b; });
  if (!is_ours) return fault(CalibrationFault::kMagic);
  if (crc32(file.first(kHeaderCrcAt)) != load_at<std::uint32_t>(file, kHeaderCrcAt)) {
    return fault(CalibrationFault::kHeaderChecksum);
  }
  if (load_at<std::uint8_t>(file, kVersionAt) != kVersion) return fault(CalibrationFault::kVersion);
  const auto length = load_at<std::uint64_t>(file, kLengthAt);
  if (length < kCalibrationHeaderBytes || length > kCalibrationBytesMax) {
    return fault(CalibrationFault::kLength);
  }
  return static_cast<std::size_t>(length);
}

// The vendor writes NaN as a bare word, which no strict parser takes; null says the same.
std::string strict_json(std::string_view text) {
  std::string strict;
  strict.reserve(text.size() + 16);
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (!in_string && text.substr(at).starts_with("NaN")) {
      strict += "null";
      at += 2;
      continue;
    }
    strict += c;
    if (in_string && c == '\\' && at + 1 < text.size()) strict += text[++at];
    if (c == '"') in_string = !in_string;
  }
  return strict;
}

// `count` offsets and gains of "current" or "voltage".
bool read_scales(const nlohmann::json& document, const char* quantity, std::span<Scale> scales) {
  const auto part = document.find(quantity);
  if (part == document.end() || !part->is_object()) return false;
  for (const char* key : {"offset", "gain"}) {
    const auto list = part->find(key);
    if (list == part->end() || !list->is_array() || list->size() < scales.size()) return false;
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const auto& number = (*list)[i];
      if (!number.is_number()) return false;
      (key[0] == 'o' ? scales[i].offset : scales[i].gain) = number.get<double>();
    }
  }
  return std::ranges::all_of(scales, [](const Scale& scale) {
    return std::isfinite(scale.offset) && scale.gain > 0 && std::isfinite(scale.apply(0)) &&
           std::isfinite(scale.apply(kRawMax));
  });
}

CalibrationResult<void> read_values(std::string_view text, Calibration& calibration) {
  const auto document = nlohmann::json::parse(strict_json(text), nullptr, false);
  if (!document.is_object() ||
      !read_scales(document, "current", std::span(calibration.current).first<kCurrentRanges>()) ||
      !read_scales(document, "voltage", calibration.voltage)) {
    return fault(CalibrationFault::kValues);
  }
  const auto serial = document.find("serial_number");
  if (serial != document.end() && serial->is_string()) {
    calibration.serial_number = serial->get<std::string>();
  }
  return {};
}

std::string exact(double value) {
  if (!std::isfinite(value)) return "NaN";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string scales_json(std::span<const Scale> scales) {
  std::string offsets;
  std::string gains;
  for (const Scale& scale : scales) {
    if (!offsets.empty()) offsets += ',';
    offsets += exact(scale.offset);
    if (!gains.empty()) gains += ',';
    gains += exact(scale.gain);
  }
  return "{\"offset\":[" + offsets + "],\"gain\":[" + gains + "]}";
}

void append_record(std::vector<std::byte>& file, std::string_view tag,
                   std::span<const std::byte> payload) {
  const std::size_t begin = file.size();
  for (const char c : tag) file.push_back(static_cast<std::byte>(c));
  file.push_back(std::byte{0});
  append(file, static_cast<std::uint32_t>(payload.size()));
  file.insert(file.end(), payload.begin(), payload.end());
  while ((file.size() - begin + kCrcBytes) % 8 != 0) file.push_back(std::byte{0});
  append(file, crc32(std::span(file).subspan(begin)));
}

}  // namespace

std::string_view describe(CalibrationFault fault) {
  switch (fault) {
    case CalibrationFault::kTruncated:
      return "it ends too early";
    case CalibrationFault::kMagic:
      return "it is no calibration file";
    case CalibrationFault::kLength:
      return "its length makes no sense";
    case CalibrationFault::kVersion:
      return "its version is not known";
    case CalibrationFault::kHeaderChecksum:
      return "its header fails its checksum";
    case CalibrationFault::kRecordLength:
      return "a record of it does not fit into the file";
    case CalibrationFault::kRecordChecksum:
      return "a record of it fails its checksum";
    case CalibrationFault::kNoValues:
      return "it has no values";
    case CalibrationFault::kValues:
      return "its values are incomplete or no numbers";
    case CalibrationFault::kOtherInstrument:
      return "it was made for another instrument";
  }
  return "it is damaged";
}

Calibration unknown_calibration() {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Calibration calibration;
  calibration.current.fill({0, kNaN});
  calibration.voltage.fill({0, kNaN});
  return calibration;
}

std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::byte byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFF];
  }
  return ~crc;
}

std::optional<CalibrationReader::Piece> CalibrationReader::next() const {
  if (file_.size() >= length_) return std::nullopt;
  const std::size_t left = std::min(length_ - file_.size(), kControlBytesMax);
  return Piece{.offset = static_cast<std::uint16_t>(file_.size()),
               .length = static_cast<std::uint16_t>(left)};
}

CalibrationResult<void> CalibrationReader::accept(std::span<const std::byte> bytes) {
  if (bytes.empty()) return fault(CalibrationFault::kTruncated);
  const bool had_header = file_.size() >= kCalibrationHeaderBytes;
  const auto wanted = bytes.first(std::min(bytes.size(), length_ - file_.size()));
  file_.insert(file_.end(), wanted.begin(), wanted.end());
  if (had_header || file_.size() < kCalibrationHeaderBytes) return {};
  const auto length = check_header(file_);
  if (!length) return fault(length.error());
  length_ = *length;
  return {};
}

CalibrationResult<Calibration> parse_calibration(std::span<const std::byte> file) {
  const auto length = check_header(file);
  if (!length) return fault(length.error());
  if (file.size() < *length) return fault(CalibrationFault::kTruncated);
  Calibration calibration;
  bool has_values = false;
  std::size_t at = kCalibrationHeaderBytes;
  while (at < *length) {
    const auto rest = file.subspan(at, *length - at);
    if (rest.size() < kRecordHeadBytes) return fault(CalibrationFault::kRecordLength);
    const auto payload_bytes = std::uint64_t{load_at<std::uint32_t>(rest, 4)};
    const std::uint64_t size = (kRecordHeadBytes + payload_bytes + kCrcBytes + 7) / 8 * 8;
    if (size > rest.size()) return fault(CalibrationFault::kRecordLength);
    const auto record = rest.first(static_cast<std::size_t>(size));
    const std::size_t crc_at = record.size() - kCrcBytes;
    if (crc32(record.first(crc_at)) != load_at<std::uint32_t>(record, crc_at)) {
      return fault(CalibrationFault::kRecordChecksum);
    }
    const auto payload = record.subspan(kRecordHeadBytes, static_cast<std::size_t>(payload_bytes));
    // The tag, and the flags, which are 0: neither compressed nor encrypted.
    const std::string_view tag(reinterpret_cast<const char*>(record.data()), 4);
    using namespace std::string_view_literals;
    if (tag == "END\0"sv) break;
    if (tag == "HDR\0"sv && payload.size() == kHdrBytes) {
      calibration.made_ns = js220::utc_ns_from_time64(load_at<std::int64_t>(payload, 0));
    } else if (tag == "AJS\0"sv || tag == "CJS\0"sv) {
      const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
      if (auto read = read_values(text, calibration); !read) return fault(read.error());
      has_values = true;
    }
    at += record.size();
  }
  if (!has_values) return fault(CalibrationFault::kNoValues);
  return calibration;
}

std::vector<std::byte> encode(const Calibration& calibration) {
  const auto magic = std::as_bytes(std::span(kMagic));
  std::vector<std::byte> file(magic.begin(), magic.end());
  file.resize(kCalibrationHeaderBytes);
  std::vector<std::byte> hdr;
  append(hdr, js220::time64_from_utc_ns(calibration.made_ns.value_or(0)));
  hdr.resize(kHdrBytes);
  append_record(file, "HDR", hdr);
  const std::string json = R"({"product":"1.1.1","serial_number":")" + calibration.serial_number +
                           R"(","current":)" + scales_json(calibration.current) + R"(,"voltage":)" +
                           scales_json(calibration.voltage) + "}";
  append_record(file, "AJS", std::as_bytes(std::span(json)));
  append_record(file, "END", {});
  store_at(file, kLengthAt, std::uint64_t{file.size()});
  store_at(file, kVersionAt, kVersion);
  store_at(file, kHeaderCrcAt, crc32(std::span(file).first(kHeaderCrcAt)));
  return file;
}

}  // namespace drivers::js110
