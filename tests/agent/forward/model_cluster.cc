// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/forward/model_cluster.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

KafkaOutcome outcome_of(int code) {
  KafkaOutcome outcome;
  outcome.code = code;
  outcome.text = "scripted";
  return outcome;
}

}  // namespace

KafkaOutcome timed_out() {
  KafkaOutcome outcome = outcome_of(RD_KAFKA_RESP_ERR__TIMED_OUT);
  outcome.retriable = true;
  return outcome;
}
KafkaOutcome abortable(int code) {
  KafkaOutcome outcome = outcome_of(code);
  outcome.abortable = true;
  return outcome;
}
KafkaOutcome fatal(int code) {
  KafkaOutcome outcome = outcome_of(code);
  outcome.fatal = true;
  return outcome;
}
KafkaOutcome plain_error(int code) { return outcome_of(code); }

// Checks the forwarder's manners as well: calls out of turn are failures.
class ModelProducer final : public Producer {
 public:
  ModelProducer(ModelCluster& cluster, bool transactional, std::string files)
      : cluster_(cluster), transactional_(transactional), files_(std::move(files)) {
    ++cluster_.producers_;
  }
  ~ModelProducer() override {
    for (const Sent& sent : unreported_) check_bytes(sent);
  }

  KafkaOutcome init_transactions(std::chrono::milliseconds timeout) override {
    if (access_refused()) return unheard(timeout);
    if (const auto fault = cluster_.fault_at(Call::kInit)) {
      cluster_.clock_.advance(timeout);
      return fault->outcome;
    }
    cluster_.settle();
    epoch_ = ++cluster_.epoch_;
    return {};
  }

  KafkaOutcome begin_transaction() override {
    EXPECT_FALSE(in_transaction_);
    if (const auto fault = cluster_.fault_at(Call::kBegin)) return fault->outcome;
    in_transaction_ = true;
    failed_ = commit_sent_ = committed_ = false;
    return {};
  }

  KafkaOutcome produce(const OutgoingRecord& record) override {
    EXPECT_EQ(in_transaction_, transactional_);
    EXPECT_FALSE(commit_sent_) << "produced after the commit was sent";
    if (const auto fault = cluster_.fault_at(Call::kProduce)) return fault->outcome;
    if (fenced()) return fatal(RD_KAFKA_RESP_ERR__FENCED);
    if (failed_) return abortable(RD_KAFKA_RESP_ERR__STATE);
    Sent sent;
    sent.copy = copy_of(record);
    sent.borrowed = record;
    queued_.push_back(std::move(sent));
    return {};
  }

  KafkaOutcome commit_transaction(std::chrono::milliseconds timeout) override {
    EXPECT_TRUE(in_transaction_);
    if (access_refused()) return unheard(timeout);
    if (fenced()) return finish(fatal(RD_KAFKA_RESP_ERR__FENCED));
    if (committed_) return finish({});  // the answer that was lost
    send_queued();
    if (failed_) return abortable(RD_KAFKA_RESP_ERR__INCONSISTENT);
    commit_sent_ = true;
    if (cluster_.open_) cluster_.open_->commit_sent = true;
    const auto fault = cluster_.fault_at(Call::kCommit);
    if (fault) {
      if (fault->outcome.retriable) cluster_.clock_.advance(timeout);
      if (fault->applied) apply();
      if (fault->outcome.abortable) commit_sent_ = false;
      if (fault->outcome.abortable && cluster_.open_) cluster_.open_->commit_sent = false;
      return fault->outcome;
    }
    apply();
    return finish({});
  }

  KafkaOutcome abort_transaction(std::chrono::milliseconds timeout) override {
    EXPECT_TRUE(in_transaction_);
    EXPECT_FALSE(commit_sent_) << "aborted although the commit may have been taken";
    if (fenced()) return finish(fatal(RD_KAFKA_RESP_ERR__FENCED));
    if (const auto fault = cluster_.fault_at(Call::kAbort)) {
      cluster_.clock_.advance(timeout);
      return fault->outcome;
    }
    cluster_.open_.reset();
    for (Sent& sent : queued_) report(std::move(sent), RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    queued_.clear();
    return finish({});
  }

  std::vector<DeliveryReport> poll(std::chrono::milliseconds timeout) override {
    if (!transactional_ && !access_refused()) {
      const auto fault = cluster_.fault_at(Call::kPoll);
      if (fault) {
        // One is written although its report says otherwise: it will come twice.
        if (fault->applied && !queued_.empty()) {
          cluster_.publish(queued_.front().copy);
        }
        for (Sent& sent : queued_) report(std::move(sent), fault->outcome.code);
        queued_.clear();
      } else {
        send_queued();
      }
    }
    if (reports_.empty()) cluster_.clock_.advance(timeout);
    return std::exchange(reports_, {});
  }

  KafkaOutcome flush(std::chrono::milliseconds) override {
    send_queued();
    return {};
  }
  void purge() override {}
  std::string connection_error() const override {
    return access_refused() ? "certificate verify failed" : "";
  }
  bool access_refused() const override { return cluster_.refuses(files_); }

 private:
  struct Sent {
    ModelRecord copy;
    OutgoingRecord borrowed;
  };
  static std::string text_of(std::span<const std::byte> bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  static ModelRecord copy_of(const OutgoingRecord& record) {
    ModelRecord copy{std::string(record.topic),
                     std::string(record.key),
                     text_of(record.value),
                     record.timestamp_ms,
                     {},
                     record.partition_count};
    for (const auto& [name, value] : record.headers) copy.headers[name] = value;
    return copy;
  }
  // Borrowed bytes must stay what they were until the report.
  static void check_bytes(const Sent& sent) {
    EXPECT_EQ(sent.copy.value, text_of(sent.borrowed.value));
    EXPECT_EQ(sent.copy.key, sent.borrowed.key);
  }
  KafkaOutcome unheard(std::chrono::milliseconds timeout) {
    cluster_.clock_.advance(timeout);
    return timed_out();
  }
  bool fenced() const { return transactional_ && epoch_ != cluster_.epoch_; }

  KafkaOutcome finish(KafkaOutcome outcome) {
    in_transaction_ = commit_sent_ = false;
    return outcome;
  }

  void send_queued() {
    const std::size_t batch = queued_.size();
    int refused = 0;
    for (const Sent& sent : queued_) {
      if (refused == 0 && cluster_.verdict) refused = cluster_.verdict(sent.copy, batch);
    }
    for (Sent& sent : queued_) {
      if (refused != 0) {
        failed_ = transactional_;
      } else if (transactional_) {
        if (!cluster_.open_) cluster_.open_ = ModelCluster::Open{epoch_, {}, false};
        cluster_.open_->records.push_back(sent.copy);
      } else {
        cluster_.publish(sent.copy);
      }
      report(std::move(sent), refused);
    }
    queued_.clear();
  }

  void report(Sent sent, int error) {
    check_bytes(sent);
    DeliveryReport report;
    report.tag = sent.borrowed.tag;
    report.error = error;
    report.error_text = error == 0 ? "" : "scripted";
    reports_.push_back(std::move(report));
  }

  void apply() {
    if (committed_) return;
    committed_ = true;
    ++cluster_.transactions_;
    if (!cluster_.open_) return;
    for (ModelRecord& record : cluster_.open_->records) cluster_.publish(std::move(record));
    cluster_.open_.reset();
  }

  ModelCluster& cluster_;
  const bool transactional_;
  const std::string files_;
  std::uint64_t epoch_ = 0;
  bool in_transaction_ = false;
  bool failed_ = false;       // a record was refused
  bool commit_sent_ = false;  // the outcome is not known
  bool committed_ = false;
  std::vector<Sent> queued_;
  std::vector<Sent> unreported_;
  std::vector<DeliveryReport> reports_;
};

// What a new epoch finds: a commit that the broker had decided takes effect, all else is aborted.
void ModelCluster::settle() {
  if (open_ && open_->commit_sent && coin()) {
    ++transactions_;
    for (ModelRecord& record : open_->records) publish(std::move(record));
  }
  open_.reset();
}

void ModelCluster::publish(ModelRecord record) {
  if (record.topic == "bench.progress.v1") {
    const auto progress = proto::progress_from_json(record.value);
    EXPECT_TRUE(progress);
    progress_.push_back(progress.value_or(proto::ProgressRecord()));
  }
  committed_.push_back(std::move(record));
}

class ModelPort final : public BrokerPort {
 public:
  ModelPort(ModelCluster& cluster, bool transactional)
      : cluster_(cluster), transactional_(transactional), files_(cluster.files) {}

  proto::Result<bool> renew() override {
    if (cluster_.unreadable) return proto::fail(KafkaErrc::kUnreadableFile, "read the key");
    files_ = cluster_.files;
    return files_ != made_of_;
  }
  const KafkaSettings& settings() const override { return settings_; }

  proto::Result<TopicCheck> check_topics() override {
    if (cluster_.refuses(files_)) {
      cluster_.clock_.advance(std::chrono::seconds(1));
      return broker_fail(RD_KAFKA_RESP_ERR__SSL, "describe topics", "certificate verify failed");
    }
    if (const auto fault = cluster_.fault_at(Call::kTopics)) {
      cluster_.clock_.advance(std::chrono::seconds(1));
      return broker_fail(fault->outcome.code, "describe topics", "scripted");
    }
    TopicCheck check;
    check.missing = cluster_.missing_topics;
    check.partitions = cluster_.partitions;
    return check;
  }
  proto::Result<std::unique_ptr<Producer>> make_producer() override {
    if (files_ == ModelCluster::kBroken) {
      return proto::fail(KafkaErrc::kClient, "make producer: the certificate is none");
    }
    made_of_ = files_;
    return std::make_unique<ModelProducer>(cluster_, transactional_, files_);
  }
  proto::Result<FoundProgress> read_progress(const ProgressOffsets& from) override {
    if (const auto fault = cluster_.fault_at(Call::kProgress)) {
      cluster_.clock_.advance(std::chrono::seconds(1));
      return broker_fail(fault->outcome.code, "read progress", "scripted");
    }
    FoundProgress found;
    const auto begin = from.contains(0) ? from.at(0) : 0;
    const auto offset = static_cast<std::int64_t>(cluster_.progress_.size());
    for (std::int64_t i = begin; i < offset; ++i) {
      const proto::ProgressRecord& record = cluster_.progress_[static_cast<std::size_t>(i)];
      auto merged = found.progress ? found.progress->next_sequence : record.next_sequence;
      for (const auto& [stream, lanes] : record.next_sequence) {
        for (const auto& [lane, next] : lanes) {
          merged[stream][lane] = std::max(merged[stream][lane], next);
        }
      }
      found.progress = record;
      found.progress->next_sequence = std::move(merged);
    }
    found.next_offsets[0] = offset;
    return found;
  }

 private:
  ModelCluster& cluster_;
  const bool transactional_;
  const KafkaSettings settings_ = {{"bootstrap.servers", "model:9092"}};
  std::string files_;
  std::string made_of_;
};

std::unique_ptr<BrokerPort> ModelCluster::port(bool transactional) {
  return std::make_unique<ModelPort>(*this, transactional);
}

std::vector<ModelRecord> ModelCluster::of_topic(const std::string& topic) const {
  std::vector<ModelRecord> records;
  std::ranges::copy_if(committed_, std::back_inserter(records),
                       [&](const ModelRecord& record) { return record.topic == topic; });
  return records;
}

}  // namespace agent
