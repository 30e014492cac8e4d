// SPDX-License-Identifier: Apache-2.0
#include "proto/cloud_event.h"

#include <array>
#include <charconv>

#include "proto/crc32c.h"

namespace proto {
namespace {

constexpr std::string_view kSpecVersion = "1.0";
constexpr std::string_view kSourcePrefix = "/agents/";

// All digits, no sign, no leading zero: a number has one spelling.
std::optional<std::uint64_t> decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> crc_from(std::string_view hex) {
  std::uint32_t crc = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), crc, 16);
  if (error != std::errc() || end != hex.data() + hex.size() || crc32c_hex(crc) != hex) {
    return std::nullopt;
  }
  return crc;
}

struct CeId {
  StreamId stream;
  Lane lane;
  Sequence sequence;
};

std::optional<CeId> ce_id_from(std::string_view text) {
  const auto first = text.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto stream = StreamId::from_hex(text.substr(0, first));
  const auto lane = lane_from(text.substr(first + 1, second - first - 1));
  const auto sequence = decimal(text.substr(second + 1));
  if (!stream || !lane || !sequence) return std::nullopt;
  return CeId{*stream, *lane, Sequence(*sequence)};
}

// The headers of an event, each found once; foreign headers are ignored.
class HeaderLookup {
 public:
  explicit HeaderLookup(const std::vector<Header>& headers) : headers_(headers) {}

  // Empty and remembered when the header is missing or there twice.
  std::string_view operator()(std::string_view name) {
    const std::string* found = nullptr;
    for (const auto& [header, value] : headers_) {
      if (header != name) continue;
      complete_ = complete_ && found == nullptr;
      found = &value;
    }
    complete_ = complete_ && found != nullptr;
    return found == nullptr ? std::string_view() : std::string_view(*found);
  }
  bool complete() const { return complete_; }

 private:
  const std::vector<Header>& headers_;
  bool complete_ = true;
};

}  // namespace

std::string ce_id(const StreamId& stream, Lane lane, Sequence sequence) {
  std::string id = stream.to_hex();
  id += '/';
  id += to_string(lane);
  id += '/';
  id += std::to_string(sequence.value());
  return id;
}

std::vector<Header> to_headers(const CloudEvent& event) {
  return {
      {"content-type", event.content_type},
      {"ce_specversion", std::string(kSpecVersion)},
      {"ce_type", event.type},
      {"ce_source", std::string(kSourcePrefix) + event.agent_id},
      {"ce_id", ce_id(event.stream, event.lane, event.sequence)},
      {"ce_time", rfc3339_us(event.first_utc_us)},
      {"ce_subject", event.subject},
      {"ce_sequence", std::to_string(event.sequence.value())},
      {"ce_crc32c", crc32c_hex(event.crc32c)},
      {"ce_delivery", event.backfill ? "backfill" : "live"},
  };
}

std::optional<CloudEvent> from_headers(const std::vector<Header>& headers) {
  HeaderLookup header(headers);
  CloudEvent event;
  event.content_type = header("content-type");
  event.type = header("ce_type");
  event.subject = header("ce_subject");
  const std::string_view version = header("ce_specversion");
  const std::string_view source = header("ce_source");
  const std::string_view delivery = header("ce_delivery");
  const auto id = ce_id_from(header("ce_id"));
  const auto time = utc_us_from(header("ce_time"));
  const auto sequence = decimal(header("ce_sequence"));
  const auto crc = crc_from(header("ce_crc32c"));
  if (!header.complete() || version != kSpecVersion || !source.starts_with(kSourcePrefix) || !id ||
      !time || !crc || sequence != id->sequence.value() ||
      (delivery != "live" && delivery != "backfill")) {
    return std::nullopt;
  }
  event.lane = id->lane;
  event.agent_id = source.substr(kSourcePrefix.size());
  event.stream = id->stream;
  event.sequence = id->sequence;
  event.first_utc_us = *time;
  event.crc32c = *crc;
  event.backfill = delivery == "backfill";
  return event;
}

}  // namespace proto
