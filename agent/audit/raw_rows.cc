// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/raw_rows.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "drivers/code_queue.h"
#include "drivers/js110_samples.h"
#include "drivers/js110_signals.h"
#include "proto/waveform_errc.h"

namespace agent {
namespace {

namespace js110 = drivers::js110;
using drivers::js110::Calibration;
using drivers::js110::kMissingWord;
using drivers::js110::kPacketWords;
using drivers::js110::SignalInfo;
using drivers::js110::SignalKind;
using proto::DecodedRow;
using proto::WaveformErrc;

constexpr const char* kVoltageRange = "voltage_range";

tl::unexpected<proto::Error> bad(const std::string& what) {
  return proto::fail(WaveformErrc::kBadLayout, "read raw words: " + what);
}

bool is_raw(const DecodedRow& row) { return row.signal == proto::kRawSignal; }

proto::Result<Calibration> calibration_of(const proto::WordsOrigin& words) {
  if (words.calibration == proto::kUncalibrated) return js110::unknown_calibration();
  const auto file = proto::calibration_file(words.calibration);
  if (!file) return bad("wattspool.calibration is no file in hexadecimal");
  const auto calibration = js110::parse_calibration(*file);
  if (!calibration) return bad("calibration: " + std::string(js110::describe(calibration.error())));
  return *calibration;
}

// The signals that lie in the words, in the order of their rows.
proto::Result<std::vector<SignalInfo>> signals_of(const proto::WordsOrigin& words) {
  std::vector<SignalInfo> found;
  std::size_t at = words.signals.find(' ');
  const std::string layout = words.signals.substr(0, at);
  if (layout != js110::kWordsLayout) {
    return proto::fail(WaveformErrc::kUnknownEncoding, "read raw words laid out as " + layout);
  }
  while (at != std::string::npos) {
    const std::size_t begin = at + 1;
    at = words.signals.find(' ', begin);
    const std::string name = words.signals.substr(begin, at - begin);
    const auto known = std::ranges::find(js110::signals(), name, &SignalInfo::name);
    if (known == js110::signals().end() || known->kind == SignalKind::kVoltageRange) {
      return bad("signal " + name + " does not lie in the words of a JS110");
    }
    if (js110::has_signal(found, known->kind)) return bad("signal " + name + " is named twice");
    found.push_back(*known);
  }
  return found;
}

std::uint32_t code_of(SignalKind kind, std::uint32_t word, std::uint8_t range) {
  if (kind == SignalKind::kCurrentRange) return range;
  if (word == kMissingWord) return proto::kMissingCode;
  return (kind == SignalKind::kGpi0 ? js110::current_lsb(word) : js110::voltage_lsb(word)) ? 1 : 0;
}

// The rows of one raw row; they grow packet by packet.
class RowDecoder {
 public:
  RowDecoder(const DecodedRow& raw, std::span<const SignalInfo> selected,
             const Calibration& calibration)
      : selected_(selected), calibration_(calibration), words_(raw.words) {
    DecodedRow facts = raw;
    facts.words.clear();
    for (const SignalInfo& signal : selected) {
      facts.signal = signal.name;
      facts.unit = signal.unit;
      rows_.push_back(facts);
    }
  }

  // The next `count` words; at most those that are left.
  void take(std::size_t count, std::uint8_t voltage_range) {
    while (count > 0) {
      const std::size_t some = std::min(count, kPacketWords);
      std::array<std::uint32_t, kPacketWords> packet{};
      std::ranges::copy(words_.first(some), packet.begin());
      js110::convert(std::as_bytes(std::span(packet)), calibration_, voltage_range, samples_);
      append(std::span(packet).first(some));
      words_ = words_.subspan(some);
      count -= some;
    }
  }
  std::size_t left() const { return words_.size(); }
  std::vector<DecodedRow>& rows() { return rows_; }

 private:
  void append(std::span<const std::uint32_t> packet) {
    const auto count = static_cast<std::ptrdiff_t>(packet.size());
    for (std::size_t k = 0; k < selected_.size(); ++k) {
      const SignalKind kind = selected_[k].kind;
      DecodedRow& row = rows_[k];
      if (kind == SignalKind::kCurrent || kind == SignalKind::kVoltage) {
        const auto& from = kind == SignalKind::kCurrent ? samples_.current : samples_.voltage;
        row.values.insert(row.values.end(), from.begin(), from.begin() + count);
        continue;
      }
      for (std::size_t at = 0; at < packet.size(); ++at) {
        drivers::append_code_run(row.runs, code_of(kind, packet[at], samples_.range[at]), 1);
      }
    }
  }

  const std::span<const SignalInfo> selected_;
  const Calibration& calibration_;
  std::span<const std::uint32_t> words_;
  js110::Samples samples_;
  std::vector<DecodedRow> rows_;
};

// The voltage's range of each word stands in a row that begins where the words do.
bool decode(const DecodedRow& ranges, RowDecoder& decoder) {
  for (const proto::CodeRun& run : ranges.runs) {
    if (run.code >= js110::kVoltageRanges || run.run_length == 0) return false;
    if (run.run_length > decoder.left()) return false;
    decoder.take(run.run_length, static_cast<std::uint8_t>(run.code));
  }
  return decoder.left() == 0;
}

}  // namespace

proto::Result<proto::DecodedWaveform> decode_raw_rows(proto::DecodedWaveform waveform) {
  if (std::ranges::none_of(waveform.rows, is_raw)) return waveform;
  const auto selected = signals_of(waveform.words);
  if (!selected) return tl::unexpected(selected.error());
  const auto calibration = calibration_of(waveform.words);
  if (!calibration) return tl::unexpected(calibration.error());
  std::map<proto::SampleId, const DecodedRow*> ranges;
  for (const DecodedRow& row : waveform.rows) {
    if (row.signal == kVoltageRange) ranges.emplace(row.first_sample, &row);
  }
  std::vector<DecodedRow> rows;
  for (const DecodedRow& row : waveform.rows) {
    if (!is_raw(row)) {
      rows.push_back(row);
      continue;
    }
    if (row.value_count() != row.words.size()) return bad("a raw row has values or run lengths");
    const auto range = ranges.find(row.first_sample);
    RowDecoder decoder(row, *selected, *calibration);
    if (range == ranges.end() || !decode(*range->second, decoder)) {
      return bad("no row voltage_range for the words from id " +
                 std::to_string(row.first_sample.value()) + " on, or not of as many");
    }
    std::ranges::move(decoder.rows(), std::back_inserter(rows));
  }
  waveform.rows = std::move(rows);
  return waveform;
}

}  // namespace agent
