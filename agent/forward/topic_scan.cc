// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/topic_scan.h"

#include <algorithm>
#include <map>
#include <memory>

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

class TopicScanning {
 public:
  TopicScanning(const TopicScan& scan, Consumer& consumer)
      : scan_(scan), consumer_(consumer), deadline_(SteadyClock::now() + scan.timeout) {}

  proto::Result<ScannedTopic> run(const std::function<void(const KafkaRecord&)>& visit) {
    const auto partitions = partition_count();
    if (!partitions) return tl::unexpected(partitions.error());
    ScannedTopic scanned;
    scanned.exists = *partitions > 0;
    // All of them first: what is read while one waits would be ignored.
    std::map<std::int32_t, OffsetRange> ranges;
    for (std::int32_t partition = 0; partition < *partitions; ++partition) {
      auto range = wait_for_leader(partition);
      if (!range) return tl::unexpected(range.error());
      ranges.emplace(partition, *range);
    }
    for (std::int32_t partition = 0; partition < *partitions; ++partition) {
      const auto from = scan_.from.find(partition);
      const std::int64_t offset = from == scan_.from.end() ? kFromBeginning : from->second;
      const std::int64_t end = ranges.at(partition).high;
      if (auto done = consumer_.start(scan_.topic, partition, offset, end); !done) {
        return tl::unexpected(done.error());
      }
    }
    if (auto done = read_to_ends(visit); !done) return tl::unexpected(done.error());
    for (std::int32_t partition = 0; partition < *partitions; ++partition) {
      scanned.next_offsets[partition] = consumer_.next_offset(scan_.topic, partition);
    }
    return scanned;
  }

 private:
  milliseconds remaining() const {
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - SteadyClock::now());
    return std::max(left, milliseconds(0));
  }
  bool cancelled() const { return scan_.cancelled && scan_.cancelled(); }

  tl::unexpected<proto::Error> incomplete() const {
    std::string context = "read " + scan_.topic + " to its end";
    if (const std::string where = consumer_.unread(); !where.empty()) {
      context += ": " + where + " (a client that died may have left a transaction open there)";
    }
    if (const std::string why = consumer_.connection_error(); !why.empty()) context += ": " + why;
    return proto::fail(KafkaErrc::kIncomplete, std::move(context));
  }

  proto::Result<std::int32_t> partition_count() {
    return answer_to(
        [&](milliseconds patience) { return consumer_.partition_count(scan_.topic, patience); });
  }

  // A leader that was elected just now shows less than was committed, until its followers have
  // asked it for more. Then it answers the question for its end (KIP-207); what it is asked to read
  // it answers at once, and the newest records would be missing. Should another be elected just
  // then, the reading goes on until it shows as much as this one.
  proto::Result<OffsetRange> wait_for_leader(std::int32_t partition) {
    return answer_to(
        [&](milliseconds patience) { return consumer_.range(scan_.topic, partition, patience); });
  }

  template <class Question>
  auto answer_to(const Question& question) -> decltype(question(kSlice)) {
    const auto ignore = [](const KafkaRecord&) {};
    for (milliseconds patience = kSlice;; patience = std::min(2 * patience, kDescribeMax)) {
      auto answer = question(std::min(patience, remaining()));
      if (answer) return answer;
      const bool heals = answer.error().code.category() == broker_category() &&
                         kafka_error(answer.error().code.value()).action == KafkaAction::kRetry;
      if (!heals) return answer;
      if (cancelled() || remaining() == milliseconds(0)) return incomplete();
      // An answer that comes at once ("no leader yet") must not make a busy loop.
      static_cast<void>(consumer_.poll(std::min(kSlice, remaining()), 1, ignore));
    }
  }

  proto::Result<void> read_to_ends(const std::function<void(const KafkaRecord&)>& visit) {
    while (!consumer_.reached_ends()) {
      if (cancelled() || remaining() == milliseconds(0)) return incomplete();
      const auto read = consumer_.poll(std::min(kSlice, remaining()), kRecordsPerPoll, visit);
      if (!read) return tl::unexpected(read.error());
    }
    return {};
  }

  const TopicScan& scan_;
  Consumer& consumer_;
  const SteadyClock::time_point deadline_;
};

}  // namespace

proto::Result<ScannedTopic> scan_topic(const TopicScan& scan,
                                       const std::function<void(const KafkaRecord&)>& visit) {
  ConsumerOptions options;
  options.client_id = scan.client_id;
  auto consumer = Consumer::open(scan.kafka, options);
  if (!consumer) return tl::unexpected(consumer.error());
  return TopicScanning(scan, **consumer).run(visit);
}

}  // namespace agent
