// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/audit.h"

#include <spdlog/fmt/fmt.h>

#include <map>
#include <memory>

#include "agent/audit/audit_model.h"
#include "agent/audit/audit_report.h"
#include "agent/kafka/consumer.h"
#include "agent/kafka/error_table.h"
#include "agent/kafka/kafka_errc.h"
#include "proto/topics.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kPoll{200};
constexpr std::size_t kRecordsPerPoll = 10'000;
constexpr milliseconds kTopicRetry{1'000};
// After the stop of --follow: what was sent before is read. An agent that goes on sending does not
// keep the audit alive.
constexpr milliseconds kQuiet{1'000};
constexpr milliseconds kDrainMax{10'000};

class AuditRun {
 public:
  AuditRun(const AuditOptions& options, const std::atomic<bool>& stop, std::ostream& err)
      : options_(options), stop_(stop), err_(err), model_(options.topic_prefix) {
    for (const proto::TopicSpec& spec : proto::kTopics) {
      waiting_[proto::topic_name(options.topic_prefix, spec.topic)] = spec.lane;
    }
  }

  proto::Result<void> open() {
    auto consumer = Consumer::open(
        options_.kafka, {.client_id = "wattspool-audit", .read_committed = options_.transactions});
    if (!consumer) return tl::unexpected(consumer.error());
    consumer_ = std::move(*consumer);
    return {};
  }

  proto::Result<void> read() { return options_.follow ? read_along() : read_to_ends(); }

  std::uint64_t records() const { return records_; }
  bool complete() const { return complete_; }
  const std::map<std::string, proto::Lane>& absent_topics() const { return waiting_; }
  AuditResult finish() { return model_.finish(); }

 private:
  milliseconds patience() const { return options_.stall_timeout; }

  // Begins to read the topics that exist and were not begun yet.
  proto::Result<void> start_topics() {
    for (auto topic = waiting_.begin(); topic != waiting_.end();) {
      const auto& [name, lane] = *topic;
      if (lane != proto::Lane::kState) {
        if (auto whole = check_beginnings(name); !whole) return whole;
      }
      const auto partitions = consumer_->start_all(name, patience());
      if (!partitions) return tl::unexpected(partitions.error());
      topic = *partitions > 0 ? waiting_.erase(topic) : std::next(topic);
    }
    return {};
  }

  // Retention, or a broker that keeps little, may have deleted the first records.
  proto::Result<void> check_beginnings(const std::string& topic) {
    const auto partitions = consumer_->partition_count(topic, patience());
    if (!partitions) return tl::unexpected(partitions.error());
    for (std::int32_t partition = 0; partition < *partitions; ++partition) {
      const auto range = consumer_->range(topic, partition, patience());
      if (!range) return tl::unexpected(range.error());
      if (range->low > 0) complete_ = false;
    }
    return {};
  }

  proto::Result<std::size_t> poll() {
    const auto count = consumer_->poll(kPoll, kRecordsPerPoll, [&](const KafkaRecord& record) {
      model_.add({record.topic, record.partition, record.offset, record.key, record.headers,
                  record.value});
    });
    if (!count) return count;
    records_ += *count;
    show_progress(false);
    return count;
  }

  // To the ends that the partitions had at first contact. Only silence ends it early: an open
  // transaction of a dead agent, or a broker that went away.
  proto::Result<void> read_to_ends() {
    if (auto started = start_topics(); !started) return started;
    SteadyClock::time_point last = SteadyClock::now();
    double share = -1;
    while (!consumer_->reached_ends() && !stop_) {
      const auto count = poll();
      if (!count) return tl::unexpected(count.error());
      const auto now = SteadyClock::now();
      if (*count > 0 || consumer_->read_share() != share) {
        last = now;
        share = consumer_->read_share();
      }
      if (now - last > options_.stall_timeout) return stalled(share);
    }
    if (stop_) return interrupted();
    return {};
  }

  // Errors are waited out: following is for brokers that come and go.
  proto::Result<void> read_along() {
    auto next_look = SteadyClock::now();
    while (!stop_) {
      if (!waiting_.empty() && SteadyClock::now() >= next_look) {
        static_cast<void>(start_topics());
        next_look = SteadyClock::now() + kTopicRetry;
      }
      static_cast<void>(poll());
    }
    return drain();
  }

  proto::Result<void> drain() {
    if (auto started = start_topics(); !started) return started;
    const auto begin = SteadyClock::now();
    auto last = begin;
    for (auto now = begin; now - last < kQuiet && now - begin < kDrainMax;
         now = SteadyClock::now()) {
      const auto count = poll();
      if (!count) return tl::unexpected(count.error());
      if (*count > 0 || !consumer_->reached_ends()) last = SteadyClock::now();
    }
    show_progress(true);
    if (!consumer_->reached_ends()) return stalled(consumer_->read_share());
    return {};
  }

  proto::Result<void> stalled(double share) const {
    std::string context = fmt::format("nothing more arrived for {} s at {:.0f} % of the records",
                                      options_.stall_timeout.count(), 100 * std::max(share, 0.0));
    if (const std::string where = consumer_->unread(); !where.empty()) context += "; " + where;
    if (!consumer_->connection_error().empty()) {
      context += " (" + consumer_->connection_error() + ")";
    } else if (options_.transactions) {
      context += " (an agent that died may have left a transaction open: try again in 10 s)";
    }
    return proto::fail(make_error_code(std::errc::timed_out), std::move(context));
  }

  static proto::Result<void> interrupted() {
    return proto::fail(make_error_code(std::errc::interrupted), "before the end of the topics");
  }

  void show_progress(bool last) {
    const auto now = SteadyClock::now();
    if (!options_.progress || (!last && now - shown_ < std::chrono::seconds(1))) return;
    shown_ = now;
    err_ << fmt::format("\r{} records read", records_);
    if (!options_.follow) err_ << fmt::format(", {:.0f} %", 100 * consumer_->read_share());
    err_ << "\033[K" << (last ? "\n" : "") << std::flush;
  }

  const AuditOptions& options_;
  const std::atomic<bool>& stop_;
  std::ostream& err_;
  AuditModel model_;
  std::unique_ptr<Consumer> consumer_;
  std::map<std::string, proto::Lane> waiting_;  // topics that do not exist yet
  std::uint64_t records_ = 0;
  bool complete_ = true;
  SteadyClock::time_point shown_;
};

AuditExit unreachable(const proto::Error& error, std::ostream& err) {
  err << "wattspool audit: " << error.message();
  const bool of_broker = error.code.category() == broker_category();
  const std::string_view remedy = of_broker ? kafka_error(error.code.value()).remedy : "";
  err << (remedy.empty() ? "" : "; ") << remedy << '\n';
  return AuditExit::kUnreachable;
}

}  // namespace

AuditExit run_audit(const AuditOptions& options, const std::atomic<bool>& stop, std::ostream& out,
                    std::ostream& err) {
  AuditRun run(options, stop, err);
  if (auto opened = run.open(); !opened) return unreachable(opened.error(), err);
  if (auto read = run.read(); !read) {
    if (options.progress) err << '\n';
    return unreachable(read.error(), err);
  }
  if (options.progress) err << "\r\033[K" << std::flush;
  if (run.records() == 0) {
    err << "wattspool audit: the topics " << options.topic_prefix
        << "* hold no record; look at topics.prefix and kafka.brokers, or run `wattspool topics "
           "create` and start the agent\n";
    return AuditExit::kUnreachable;
  }
  for (const auto& [topic, lane] : run.absent_topics()) {
    err << "wattspool audit: topic " << topic << " does not exist\n";
  }
  const AuditResult result = run.finish();
  const AuditNotes notes{.transactions = options.transactions, .complete = run.complete()};
  if (options.json) {
    print_json(result, notes, out);
  } else {
    print_text(result, notes, out);
  }
  return result.ok() ? AuditExit::kHolds : AuditExit::kViolated;
}

}  // namespace agent
