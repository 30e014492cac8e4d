// SPDX-License-Identifier: Apache-2.0
// At least once: an idempotent producer, rows acked by their delivery reports. Any failure ends the
// producer; what it had not confirmed is sent again by the next one.
#include <utility>

#include "agent/forward/record_stream.h"

namespace agent {
namespace {

constexpr std::chrono::milliseconds kReportWait{20};
// Then a new producer, which looks up the brokers' names again.
constexpr std::int64_t kPatienceNs = std::chrono::nanoseconds(std::chrono::minutes(1)).count();

class PlainStream final : public RecordStream {
 public:
  PlainStream(const ForwarderOptions& options, const StreamParts& parts)
      : parts_(parts), bytes_max_(options.transaction_bytes_max) {}

  SendTurn turn(Producer& producer, bool finishing) override {
    if (!finishing) {
      if (auto failure = send(producer)) return {SendTurn::Kind::kFailed, 0, std::move(failure)};
    }
    const bool waiting = in_hand();
    const bool heard =
        parts_.sender.collect(producer, waiting ? kReportWait : std::chrono::milliseconds(0));
    if (heard || !waiting) waiting_since_ns_ = parts_.clock.monotonic_ns();
    if (auto failure = parts_.sender.take_failure()) {
      return {SendTurn::Kind::kFailed, 0, std::move(failure)};
    }
    if (heard) return {SendTurn::Kind::kDelivered, 0, {}};
    if (waiting && parts_.clock.monotonic_ns() - waiting_since_ns_ >= kPatienceNs) {
      Failure failure;
      failure.text =
          "deliver: no answer from the cluster for a minute; " + producer.connection_error();
      return {SendTurn::Kind::kFailed, 0, std::move(failure)};
    }
    if (waiting) return {SendTurn::Kind::kWorked, 0, {}};
    const std::int64_t now_ns = parts_.clock.monotonic_ns();
    const std::int64_t ready_ns = parts_.sender.ready_at(now_ns);
    return {SendTurn::Kind::kIdle, ready_ns > now_ns ? ready_ns : 0, {}};
  }

  bool in_hand() const override { return parts_.window.outstanding() > 0; }
  std::int64_t waiting_since_ns() const override { return in_hand() ? waiting_since_ns_ : 0; }
  void restart() override {}

 private:
  std::optional<Failure> send(Producer& producer) {
    if (const auto gathered = parts_.outbox.gather(bytes_max_); !gathered) {
      Failure failure = failure_of(gathered.error());
      failure.usable = parts_.window.empty();
      return failure;
    }
    // Nothing is known of deliveries but the acks: the progress stays as it is.
    Progress sent = parts_.progress;
    return parts_.sender.fill(producer, sent);
  }

  StreamParts parts_;
  const std::uint64_t bytes_max_;
  std::int64_t waiting_since_ns_ = 0;
};

}  // namespace

std::unique_ptr<RecordStream> make_plain_stream(const ForwarderOptions& options,
                                                const StreamParts& parts) {
  return std::make_unique<PlainStream>(options, parts);
}

}  // namespace agent
