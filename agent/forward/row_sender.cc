// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/row_sender.h"

#include <utility>

#include "agent/kafka/error_kinds.h"

namespace agent {
namespace {

constexpr std::int64_t kNsPerUs = 1000;
constexpr std::chrono::milliseconds kQueuePatience{1000};
constexpr std::chrono::milliseconds kQueuePoll{10};
constexpr std::chrono::milliseconds kFlushPatience{1000};

// Among several failures the cause is what is furthest from healing by itself.
int weight(const Failure& failure) {
  if (is_purged(failure.code)) return 0;
  switch (failure.action) {
    case KafkaAction::kRetry:
      return 1;
    case KafkaAction::kRebuild:
      return 2;
    case KafkaAction::kQuarantine:
      return 3;
    case KafkaAction::kHold:
      return 4;
  }
  return 0;
}

}  // namespace

std::optional<Failure> RowSender::fill(Producer& producer, Progress& after) {
  if (alone_) {
    if (!parts_.window.empty()) return std::nullopt;
    suspects_.erase(*alone_);
    alone_.reset();
  }
  // All of them first: with partitions that come within its millisecond of waiting, librdkafka
  // announces them to the broker in one request, and it spins while it waits.
  for (OutgoingRow* row : take(after)) {
    if (auto failure = send(producer, *row)) return failure;
  }
  if (auto change = parts_.partitions.take_change()) parts_.spool.set_state(std::move(*change));
  return std::nullopt;
}

std::vector<OutgoingRow*> RowSender::take(Progress& after) {
  SendWindow& window = parts_.window;
  std::vector<OutgoingRow*> rows;
  while (window.has_room() && limiter_.ready(parts_.clock.monotonic_ns())) {
    const auto id = parts_.outbox.next(after);
    if (!id) break;
    const bool suspect = suspects_.contains(*id);
    if (suspect && !window.empty()) break;
    auto row = parts_.outbox.take(*id, parts_.clock.utc_ns() / kNsPerUs);
    if (!row) continue;
    after.advance(row->meta.stream, id->lane, row->seq_next);
    limiter_.spend(row->size_bytes);
    rows.push_back(&window.add(std::move(row)));
    if (!suspect) continue;
    alone_ = *id;
    break;
  }
  return rows;
}

std::optional<Failure> RowSender::send(Producer& producer, OutgoingRow& row) {
  const std::int32_t partitions = parts_.partitions.count(row.meta.facts.topic, row.meta.facts.key);
  for (OutgoingRecord& record : row.records) {
    record.partition_count = partitions;
    const KafkaOutcome outcome = produce(producer, record);
    if (!outcome.ok()) {
      Failure failure = produce_failure(outcome, row.ce_id());
      if (failure.action == KafkaAction::kQuarantine) parts_.outbox.quarantine(row, failure.text);
      return failure;
    }
    parts_.window.produced(row);
    // Each in a batch of its own, so that the group is not too large where no record is.
    if (alone_) producer.flush(kFlushPatience);
  }
  return std::nullopt;
}

// In a transaction that has failed meanwhile each further record is refused: the reports will tell
// why, once it was aborted.
Failure produce_failure(const KafkaOutcome& outcome, const std::string& record) {
  Failure failure = failure_of(outcome, "produce " + record);
  failure.abortable = !outcome.fatal;
  if (failure.abortable && failure.action == KafkaAction::kRebuild) {
    failure.action = KafkaAction::kRetry;
  }
  return failure;
}

KafkaOutcome RowSender::produce(Producer& producer, const OutgoingRecord& record) {
  const std::int64_t give_up_ns =
      parts_.clock.monotonic_ns() + std::chrono::nanoseconds(kQueuePatience).count();
  while (true) {
    KafkaOutcome outcome = producer.produce(record);
    if (!is_queue_full(outcome.code) || parts_.clock.monotonic_ns() >= give_up_ns) return outcome;
    collect(producer, kQueuePoll);
  }
}

bool RowSender::collect(Producer& producer, std::chrono::milliseconds timeout) {
  const auto reports = producer.poll(timeout);
  for (const DeliveryReport& report : reports) {
    const OutgoingRow* row = parts_.window.on_report(report.tag, report.error == 0);
    const bool ours = row != nullptr || report.tag == kProgressTag;
    if (ours && report.error != 0) note(report, row);
  }
  return !reports.empty();
}

void RowSender::note(const DeliveryReport& report, const OutgoingRow* row) {
  Failure failure = failure_of(report, row != nullptr ? row->ce_id() : "the progress record");
  if (failure.action == KafkaAction::kQuarantine) {
    if (row == nullptr) {
      failure.action = KafkaAction::kHold;  // without it nothing can be delivered
    } else if (alone_ == row->id) {
      suspects_.erase(row->id);
      alone_.reset();
      parts_.outbox.quarantine(*row, failure.text);
    } else {
      suspects_.insert(row->id);
    }
  }
  if (!worst_ || weight(failure) > weight(*worst_)) worst_ = std::move(failure);
}

std::optional<Failure> RowSender::take_failure() { return std::exchange(worst_, std::nullopt); }

void RowSender::settle(Failure& failure) {
  auto cause = take_failure();
  if (!cause || failure.fenced || weight(*cause) <= weight(failure)) return;
  cause->abortable = failure.abortable;
  failure = std::move(*cause);
}

void RowSender::restart() {
  alone_.reset();
  worst_.reset();
}

}  // namespace agent
