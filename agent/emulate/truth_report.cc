// SPDX-License-Identifier: Apache-2.0
#include "agent/emulate/truth_report.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

namespace agent {
namespace {

constexpr std::uint64_t kIdEnd = std::uint64_t{1} << 53;

std::optional<std::uint64_t> parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (status != std::errc() || end != text.data() + text.size() || id >= kIdEnd) {
    return std::nullopt;
  }
  return id;
}

// The shortest text that reads back as the same number.
std::string exact(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

nlohmann::ordered_json to_json(const drivers::Truth& truth) {
  return {{"sample_count", truth.sample_count},     {"current_sum", truth.current.to_text()},
          {"voltage_sum", truth.voltage.to_text()}, {"power_sum", truth.power.to_text()},
          {"charge__C", truth.charge_c()},          {"energy__J", truth.energy_j()}};
}

void print_one(const std::string& name, const drivers::Truth& truth, std::ostream& out) {
  out << name << "\n"
      << "  samples      " << truth.sample_count << "\n"
      << "  charge       " << exact(truth.charge_c()) << " C\n"
      << "  energy       " << exact(truth.energy_j()) << " J\n"
      << "  sum of i     " << truth.current.to_text() << "\n"
      << "  sum of v     " << truth.voltage.to_text() << "\n"
      << "  sum of i*v   " << truth.power.to_text() << "\n";
}

std::string name_of(const proto::IdRange& ids) {
  return "ids " + std::to_string(ids.first.value()) + ":" + std::to_string(ids.last.value());
}

}  // namespace

proto::Result<proto::IdRange> parse_id_range(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const auto first = parse_id(std::string_view(text).substr(0, colon));
    const auto last = parse_id(std::string_view(text).substr(colon + 1));
    if (first && last && *first <= *last) {
      return proto::IdRange{proto::SampleId(*first), proto::SampleId(*last)};
    }
  }
  return proto::fail(make_error_code(std::errc::invalid_argument),
                     "--ids '" + text + "': write FIRST:LAST, both inclusive, below 2^53");
}

drivers::Truth total_of(const std::vector<RangeTruth>& ranges) {
  drivers::Truth total;
  for (const RangeTruth& range : ranges) {
    total.values_per_second = range.truth.values_per_second;
    total.sample_count += range.truth.sample_count;
    total.current += range.truth.current;
    total.voltage += range.truth.voltage;
    total.power += range.truth.power;
  }
  return total;
}

void print_truth(const std::vector<RangeTruth>& ranges, std::ostream& out) {
  for (const RangeTruth& range : ranges) print_one(name_of(range.ids), range.truth, out);
  if (ranges.size() > 1) print_one("total", total_of(ranges), out);
}

void print_truth_json(const std::string& device_id, const std::vector<RangeTruth>& ranges,
                      std::ostream& out) {
  nlohmann::ordered_json document = {
      {"schema", 1}, {"device_id", device_id}, {"ranges", nlohmann::ordered_json::array()}};
  for (const RangeTruth& range : ranges) {
    nlohmann::ordered_json entry = {{"sample_id_first", range.ids.first.value()},
                                    {"sample_id_last", range.ids.last.value()}};
    entry.update(to_json(range.truth));
    document["ranges"].push_back(std::move(entry));
  }
  document["total"] = to_json(total_of(ranges));
  out << document.dump() << "\n";
}

}  // namespace agent
