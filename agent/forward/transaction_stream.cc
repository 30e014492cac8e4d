// SPDX-License-Identifier: Apache-2.0
// Exactly once: one transaction after the other, each with the progress as its last record. A
// transaction is open only while it is being sent: an open one hides other benches' records.
#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "agent/forward/record_stream.h"
#include "proto/topics.h"

namespace agent {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::chrono::milliseconds kSlice{250};
// Longer than the broker keeps a transaction open. Then a new producer settles it, and the progress
// record says which way it went.
constexpr std::int64_t kPatienceNs = std::chrono::nanoseconds(std::chrono::seconds(15)).count();

class TransactionStream final : public RecordStream {
 public:
  TransactionStream(const ForwarderOptions& options, const StreamParts& parts)
      : parts_(parts),
        after_(parts.progress),
        progress_topic_(proto::topic_name(options.topic_prefix, proto::Topic::kProgress)),
        interval_ns_(std::chrono::nanoseconds(options.transaction_interval).count()),
        bytes_max_(options.transaction_bytes_max) {}

  SendTurn turn(Producer& producer, bool finishing) override {
    switch (phase_) {
      case Phase::kIdle:
        return finishing ? SendTurn{} : begin(producer);
      case Phase::kCommitting:
        return commit(producer);
      case Phase::kAborting:
        return abort(producer);
    }
    return {};
  }
  bool in_hand() const override { return phase_ != Phase::kIdle; }
  std::int64_t waiting_since_ns() const override {
    return phase_ == Phase::kIdle ? 0 : waiting_since_ns_;
  }
  void restart() override { phase_ = Phase::kIdle; }

 private:
  enum class Phase { kIdle, kCommitting, kAborting };

  SendTurn begin(Producer& producer);
  SendTurn send(Producer& producer, bool draining);
  SendTurn commit(Producer& producer);
  SendTurn abort(Producer& producer);
  KafkaOutcome produce_progress(Producer& producer);
  SendTurn end_with(Producer& producer, Failure failure);
  void enter(Phase phase) {
    phase_ = phase;
    waiting_since_ns_ = parts_.clock.monotonic_ns();
  }
  bool out_of_patience() const {
    return parts_.clock.monotonic_ns() - waiting_since_ns_ >= kPatienceNs;
  }
  static SendTurn failed(Failure failure) {
    return {SendTurn::Kind::kFailed, 0, std::move(failure)};
  }

  StreamParts parts_;
  Progress after_;  // what the progress is once this transaction is committed
  const std::string progress_topic_;
  const std::int64_t interval_ns_;
  const std::uint64_t bytes_max_;
  Phase phase_ = Phase::kIdle;
  std::optional<std::int64_t> began_ns_;
  std::int64_t waiting_since_ns_ = 0;
  std::string progress_value_;  // borrowed by the producer until its report
  std::optional<Failure> why_;  // of the abort
  bool in_doubt_ = false;       // the broker may have taken the commit that is aborted
};

SendTurn TransactionStream::begin(Producer& producer) {
  parts_.sender.collect(producer, std::chrono::milliseconds(0));
  if (const auto gathered = parts_.outbox.gather(bytes_max_); !gathered) {
    Failure failure = failure_of(gathered.error());
    failure.usable = true;
    return failed(std::move(failure));
  }
  after_ = parts_.progress;
  const bool something = parts_.outbox.next(after_).has_value();
  if (!something) return {};
  // A backlog goes back to back in full transactions; live rows are gathered for the interval.
  const bool draining = parts_.outbox.ready_bytes() >= bytes_max_;
  const std::int64_t now_ns = parts_.clock.monotonic_ns();
  const std::int64_t next_ns = draining || !began_ns_ ? now_ns : *began_ns_ + interval_ns_;
  const std::int64_t ready_ns = std::max(next_ns, parts_.sender.ready_at(now_ns));
  if (ready_ns > now_ns) return {SendTurn::Kind::kIdle, ready_ns, {}};
  began_ns_ = now_ns;
  const KafkaOutcome begun = producer.begin_transaction();
  if (!begun.ok()) return failed(failure_of(begun, "begin transaction"));
  return send(producer, draining);
}

SendTurn TransactionStream::send(Producer& producer, bool draining) {
  enter(Phase::kAborting);  // unless all goes well
  in_doubt_ = false;
  if (auto failure = parts_.sender.fill(producer, after_))
    return end_with(producer, std::move(*failure));
  const KafkaOutcome added = parts_.window.empty() ? KafkaOutcome() : produce_progress(producer);
  if (!added.ok()) return end_with(producer, produce_failure(added, "the progress record"));
  // While the library sends, the next transaction's rows are read. A failure will show then.
  if (draining) static_cast<void>(parts_.outbox.gather(bytes_max_));
  enter(Phase::kCommitting);
  return {SendTurn::Kind::kWorked, 0, {}};
}

// The transaction's last record. Without it a crash between commit and ack would send all again.
KafkaOutcome TransactionStream::produce_progress(Producer& producer) {
  const proto::ProgressRecord progress = after_.record();
  progress_value_ = proto::to_json(progress);
  OutgoingRecord record;
  record.topic = progress_topic_;
  record.key = parts_.progress.instance().agent_id;
  record.value = std::as_bytes(std::span(progress_value_.data(), progress_value_.size()));
  record.timestamp_ms = parts_.clock.utc_ns() / kNsPerMs;
  record.headers = {{"content-type", std::string(proto::kJson)}};
  record.tag = kProgressTag;
  return parts_.sender.produce(producer, record);
}

SendTurn TransactionStream::commit(Producer& producer) {
  const KafkaOutcome outcome = producer.commit_transaction(kSlice);
  // The call serves the reports; they are fetched here.
  parts_.sender.collect(producer, std::chrono::milliseconds(0));
  if (outcome.ok()) {
    parts_.progress = after_;
    parts_.window.complete();
    phase_ = Phase::kIdle;
    return {SendTurn::Kind::kDelivered, 0, {}};
  }
  // Whether the broker has committed is not known: the same call again, never an abort.
  if (outcome.retriable && !outcome.abortable && !outcome.fatal && !out_of_patience()) {
    return {SendTurn::Kind::kWorked, 0, {}};
  }
  // With all records delivered the library has sent the commit, whatever it says of it. An abort
  // that succeeds then proves nothing: it may have been a new epoch of the producer (KIP-360).
  in_doubt_ = parts_.window.outstanding() == 0 && !parts_.sender.has_failure();
  return end_with(producer, failure_of(outcome, "commit transaction"));
}

// The cause of a failed transaction stands in the reports; the call that failed names the effect.
SendTurn TransactionStream::end_with(Producer& producer, Failure failure) {
  parts_.sender.collect(producer, std::chrono::milliseconds(0));
  parts_.sender.settle(failure);
  if (!failure.abortable || failure.action == KafkaAction::kRebuild) {
    phase_ = Phase::kIdle;
    return failed(std::move(failure));
  }
  why_ = std::move(failure);
  enter(Phase::kAborting);
  return {SendTurn::Kind::kWorked, 0, {}};
}

SendTurn TransactionStream::abort(Producer& producer) {
  const KafkaOutcome outcome = producer.abort_transaction(kSlice);
  parts_.sender.collect(producer, std::chrono::milliseconds(0));
  parts_.sender.settle(*why_);
  const bool again = outcome.retriable && !outcome.fatal && !out_of_patience();
  // Their bytes are still read by the library until all reports came.
  const bool reports_to_come = outcome.ok() && parts_.window.outstanding() > 0;
  if ((again && !outcome.ok()) || (reports_to_come && !out_of_patience())) {
    return {SendTurn::Kind::kWorked, 0, {}};
  }
  phase_ = Phase::kIdle;
  Failure failure = std::move(*why_);
  failure.usable = outcome.ok() && !reports_to_come && !in_doubt_;
  if (!outcome.ok() && failure.action == KafkaAction::kRetry) {
    failure.action = KafkaAction::kRebuild;
  }
  return failed(std::move(failure));
}

}  // namespace

std::unique_ptr<RecordStream> make_transaction_stream(const ForwarderOptions& options,
                                                      const StreamParts& parts) {
  return std::make_unique<TransactionStream>(options, parts);
}

}  // namespace agent
