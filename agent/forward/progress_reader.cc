// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/progress_reader.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "agent/forward/progress_fold.h"
#include "agent/forward/topic_scan.h"

namespace agent {
namespace {

// A number that fills the text, not negative.
template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string to_text(const ProgressOffsets& offsets) {
  std::string text;
  for (const auto& [partition, offset] : offsets) {
    if (!text.empty()) text += ' ';
    text += std::to_string(partition) + ':' + std::to_string(offset);
  }
  return text;
}

std::optional<ProgressOffsets> progress_offsets_from(const std::string& text) {
  ProgressOffsets offsets;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t colon = pair.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto partition = number_from<std::int32_t>(pair.substr(0, colon));
    const auto offset = number_from<std::int64_t>(pair.substr(colon + 1));
    if (!partition || !offset || !offsets.emplace(*partition, *offset).second) return std::nullopt;
  }
  return offsets;
}

proto::Result<FoundProgress> read_progress(const ProgressQuery& query) {
  const TopicScan scan{query.kafka, query.agent_id, query.topic,
                       query.from,  query.timeout,  query.cancelled};
  ProgressFold fold(query.agent_id);
  const auto scanned = scan_topic(scan, [&](const KafkaRecord& record) {
    fold.take(record.partition, record.key, record.text());
  });
  if (!scanned) return tl::unexpected(scanned.error());
  return FoundProgress{fold.result(), scanned->next_offsets, scanned->exists,
                       fold.unreadable_count()};
}

}  // namespace agent
