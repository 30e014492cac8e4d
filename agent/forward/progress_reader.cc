// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/progress_reader.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "agent/forward/progress_fold.h"
#include "agent/kafka/consumer.h"
#include "agent/kafka/error_table.h"
#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kSlice{100};
// The topic's description is asked for with growing patience: a broker far away answers later than
// a slice, and a call that waits cannot be cancelled.
constexpr milliseconds kDescribeMax{1000};
constexpr std::size_t kRecordsPerPoll = 1000;

class ProgressReading {
 public:
  ProgressReading(const ProgressQuery& query, Consumer& consumer)
      : query_(query), consumer_(consumer), deadline_(SteadyClock::now() + query.timeout) {}

  proto::Result<FoundProgress> run() {
    const auto partitions = partition_count();
    if (!partitions) return tl::unexpected(partitions.error());
    FoundProgress found;
    found.topic_exists = *partitions > 0;
    for (std::int32_t partition = 0; partition < *partitions; ++partition) {
      const auto from = query_.from.find(partition);
      const std::int64_t offset = from == query_.from.end() ? kFromBeginning : from->second;
      if (auto done = consumer_.start(query_.topic, partition, offset); !done) {
        return tl::unexpected(done.error());
      }
    }
    ProgressFold fold(query_.agent_id);
    if (auto done = read_to_ends(fold); !done) return tl::unexpected(done.error());
    for (std::int32_t partition = 0; partition < *partitions; ++partition) {
      found.next_offsets[partition] = consumer_.next_offset(query_.topic, partition);
    }
    found.unreadable_records = fold.unreadable_count();
    found.progress = fold.result();
    return found;
  }

 private:
  milliseconds remaining() const {
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - SteadyClock::now());
    return std::max(left, milliseconds(0));
  }
  bool cancelled() const { return query_.cancelled && query_.cancelled(); }

  tl::unexpected<proto::Error> incomplete() const {
    std::string context = "read the progress of " + query_.agent_id + " from " + query_.topic;
    if (const std::string why = consumer_.connection_error(); !why.empty()) context += ": " + why;
    return proto::fail(KafkaErrc::kIncomplete, std::move(context));
  }

  proto::Result<std::int32_t> partition_count() {
    const auto ignore = [](const KafkaRecord&) {};
    for (milliseconds patience = kSlice;; patience = std::min(2 * patience, kDescribeMax)) {
      auto count = consumer_.partition_count(query_.topic, std::min(patience, remaining()));
      if (count) return count;
      const bool heals = count.error().code.category() == broker_category() &&
                         kafka_error(count.error().code.value()).action == KafkaAction::kRetry;
      if (!heals) return count;
      if (cancelled() || remaining() == milliseconds(0)) return incomplete();
      // An answer that comes at once ("no leader yet") must not make a busy loop.
      static_cast<void>(consumer_.poll(std::min(kSlice, remaining()), 1, ignore));
    }
  }

  proto::Result<void> read_to_ends(ProgressFold& fold) {
    const auto visit = [&](const KafkaRecord& record) {
      const auto* text = reinterpret_cast<const char*>(record.value.data());
      fold.take(record.partition, record.key, {text, record.value.size()});
    };
    while (!consumer_.reached_ends()) {
      if (cancelled() || remaining() == milliseconds(0)) return incomplete();
      const auto read = consumer_.poll(std::min(kSlice, remaining()), kRecordsPerPoll, visit);
      if (!read) return tl::unexpected(read.error());
    }
    return {};
  }

  const ProgressQuery& query_;
  Consumer& consumer_;
  const SteadyClock::time_point deadline_;
};

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
  auto consumer = Consumer::open(query.kafka, {.client_id = query.agent_id});
  if (!consumer) return tl::unexpected(consumer.error());
  return ProgressReading(query, **consumer).run();
}

}  // namespace agent
