// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/delivery_engine.h"

#include <algorithm>
#include <utility>

#include "agent/kafka/advice.h"
#include "proto/topics.h"

namespace agent {
namespace {

constexpr std::int64_t kNsPerUs = 1000;
constexpr std::int64_t kHoldRetryNs = std::chrono::nanoseconds(std::chrono::seconds(5)).count();
constexpr std::int64_t kIdleNs = std::chrono::nanoseconds(std::chrono::seconds(1)).count();
// A commit that takes longer is told as an outage.
constexpr std::int64_t kSlowNs = std::chrono::nanoseconds(std::chrono::seconds(2)).count();
// librdkafka's queue takes 20,000 records; a row adds at most a few thousand to the last one.
constexpr std::uint64_t kRecordsMax = 8192;

bool exactly_once(const ForwarderOptions& options) {
  return options.delivery == Delivery::kExactlyOnce;
}

// A transaction is its own window.
WindowLimits limits_of(const ForwarderOptions& options) {
  if (exactly_once(options)) return {options.transaction_bytes_max, kRecordsMax, kRecordsMax};
  return {options.window_bytes_max, options.window_rows_max, kRecordsMax};
}

std::string brokers_of(const ForwarderOptions& options) {
  for (const auto& [name, value] : options.kafka) {
    if (name == "bootstrap.servers") return value;
  }
  return {};
}

}  // namespace

DeliveryEngine::DeliveryEngine(const ForwarderOptions& options, EngineParts parts)
    : options_(options),
      parts_(std::move(parts)),
      progress_(parts_.instance),
      window_(limits_of(options)),
      outbox_(parts_.spool, window_,
              RowExpander(options.agent_id, options.stream, options.live_age), options.on_event),
      sender_({parts_.spool, outbox_, window_, partitions_, parts_.clock},
              options.rate_max_bytes_per_s),
      connector_({parts_.spool, parts_.broker, parts_.clock}, progress_,
                 proto::topic_name(options.topic_prefix, proto::Topic::kProgress),
                 exactly_once(options)),
      backoff_(options.backoff, parts_.random) {
  const StreamParts stream{outbox_, window_, sender_, progress_, parts_.clock};
  stream_ = exactly_once(options) ? make_transaction_stream(options, stream)
                                  : make_plain_stream(options, stream);
  totals_.delivery = exactly_once(options) ? "exactly_once" : "at_least_once";
  totals_.brokers = brokers_of(options);
}

Turn DeliveryEngine::turn() {
  ++totals_.heartbeat;
  if (renewed_ && producer_ && !finishing_ && (!stream_->in_hand() || is_slow())) take_renewed();
  const std::int64_t now_ns = parts_.clock.monotonic_ns();
  if (state_ == State::kBackingOff || state_ == State::kHeld) {
    if (now_ns < until_ns_) return {Turn::Kind::kWait, until_ns_};
    state_ = producer_ ? State::kDelivering : State::kConnecting;
  }
  return state_ == State::kConnecting ? connect() : deliver();
}

proto::Result<void> DeliveryEngine::load() {
  const auto partitions = parts_.spool.state(kPartitionsKey);
  if (!partitions) return tl::unexpected(partitions.error());
  partitions_.load(*partitions);
  const auto loaded = outbox_.load();
  loaded_ = loaded.has_value();
  return loaded;
}

Turn DeliveryEngine::connect() {
  if (finishing_) return {Turn::Kind::kWait, parts_.clock.monotonic_ns() + kIdleNs};
  if (!loaded_) {
    if (const auto loaded = load(); !loaded) return fail(failure_of(loaded.error()));
  }
  switch (connector_.step()) {
    case Connector::Step::kMore:
      return {};
    case Connector::Step::kFailed:
      return fail(connector_.take_failure());
    case Connector::Step::kReady:
      break;
  }
  producer_ = connector_.take_producer();
  if (is_renewal_) ++totals_.renewals_total;
  is_renewal_ = false;
  totals_.reload_error.clear();  // what is in use was read later
  partitions_.set_today(connector_.topics().partitions);
  begin_anew();
  explanation_.clear();
  state_ = State::kDelivering;
  return {};
}

Turn DeliveryEngine::deliver() {
  SendTurn sent = stream_->turn(*producer_, finishing_ || renewed_);
  switch (sent.kind) {
    case SendTurn::Kind::kWorked:
      return is_slow() && producer_->access_refused() ? fail(refused_access()) : Turn{};
    case SendTurn::Kind::kFailed:
      return fail(*sent.failure);
    case SendTurn::Kind::kDelivered:
      if (exactly_once(options_)) ++totals_.transactions_total;
      acknowledge();
      return {};
    case SendTurn::Kind::kIdle:
      break;
  }
  acknowledge();  // rows that needed no sending
  return on_idle(sent.until_ns);
}

void DeliveryEngine::acknowledge() {
  const WindowAcks acks = window_.take_acks();
  if (acks.empty()) return;
  outbox_.on_acked(acks);
  if (acks.records == 0) return;
  totals_.delivered_records_total += acks.records;
  totals_.delivered_bytes_total += acks.size_bytes;
  totals_.last_ack_utc_us = parts_.clock.utc_ns() / kNsPerUs;
  totals_.last_error.clear();
  explanation_.clear();
  backoff_.succeed();
}

Turn DeliveryEngine::on_idle(std::int64_t until_ns) {
  if (outbox_.all_durable()) progress_.keep_only({options_.stream});
  const std::int64_t idle_ns = parts_.clock.monotonic_ns() + kIdleNs;
  if (until_ns > 0) return {Turn::Kind::kWait, std::min(until_ns, idle_ns)};
  return {Turn::Kind::kWaitCommit, idle_ns};
}

// Nothing is dropped here: what is not acked is read again from the spool.
Turn DeliveryEngine::fail(const Failure& failure) {
  totals_.last_error = failure.text;
  explanation_ = failure.text;
  const std::string advice =
      failure.code == 0 ? failure.explanation
                        : kafka_advice(failure.code, failure.text, parts_.broker.settings());
  if (!advice.empty()) explanation_ += "; " + advice;
  const bool keep = failure.usable && producer_ && failure.action != KafkaAction::kHold &&
                    failure.action != KafkaAction::kRebuild;
  totals_.retried_total += window_.drop();
  if (!keep) give_up_producer(failure.fenced);
  begin_anew();
  const std::int64_t now_ns = parts_.clock.monotonic_ns();
  if (failure.action == KafkaAction::kHold) {
    state_ = State::kHeld;
    until_ns_ = now_ns + kHoldRetryNs;
  } else if (failure.action == KafkaAction::kQuarantine) {
    // Nobody is down: the rest goes on at once.
    state_ = keep ? State::kDelivering : State::kConnecting;
    return {};
  } else {
    state_ = State::kBackingOff;
    until_ns_ = backoff_.fail(now_ns);
  }
  return {Turn::Kind::kWait, until_ns_};
}

void DeliveryEngine::give_up_producer(bool fenced) {
  if (producer_) ++totals_.rebuilds_total;
  producer_.reset();  // purges, and lets go of all bytes
  window_.forget_reports();
  connector_.restart(fenced, std::move(renewed_));
}

void DeliveryEngine::begin_anew() {
  stream_->restart();
  sender_.restart();
  outbox_.restart();
}

void DeliveryEngine::renew() {
  totals_.reload_error.clear();
  renewed_.reset();
  const auto differs = parts_.broker.renew();
  if (!differs) {
    totals_.reload_error = differs.error().message();
    return;
  }
  if (!*differs) return;
  is_renewal_ = true;
  if (!producer_) {  // whatever it waits for, the new ones may be what was missing
    connector_.restart(false);
    state_ = State::kConnecting;
    return;
  }
  auto made = parts_.broker.make_producer();
  if (!made) {
    is_renewal_ = false;
    totals_.reload_error = made.error().message();
    return;
  }
  renewed_ = std::move(*made);
}

// As after a crash: what the old producer had in hand is settled by the new one's init, and the
// progress record says which way it went.
void DeliveryEngine::take_renewed() {
  totals_.retried_total += window_.drop();
  give_up_producer(false);
  begin_anew();
  state_ = State::kConnecting;
}

// The library would try the same certificates for ever.
Failure DeliveryEngine::refused_access() const {
  Failure failure;
  failure.text = "connect: " + producer_->connection_error();
  return failure;
}

bool DeliveryEngine::is_slow() const {
  const std::int64_t since_ns = stream_->waiting_since_ns();
  return since_ns > 0 && parts_.clock.monotonic_ns() - since_ns >= kSlowNs;
}

std::string DeliveryEngine::state_text() const {
  switch (state_) {
    case State::kConnecting:
      return "connecting";
    case State::kBackingOff:
      return "backing off";
    case State::kHeld:
      return "held";
    case State::kDelivering:
      break;
  }
  return is_slow() ? "connecting" : "delivering";
}

ForwarderStatus DeliveryEngine::status() const {
  ForwarderStatus status = totals_;
  status.state = state_text();
  status.explanation = explanation_;
  if (status.state == "connecting") {
    const std::string error =
        producer_ ? producer_->connection_error() : connector_.connection_error();
    if (!error.empty()) {
      status.state = "unreachable";
      status.explanation = status.last_error = error;
    }
  }
  status.in_flight_records = window_.records();
  if (state_ == State::kBackingOff || state_ == State::kHeld) {
    const std::int64_t left_ns = std::max<std::int64_t>(0, until_ns_ - parts_.clock.monotonic_ns());
    status.backoff_s = std::chrono::duration<double>(std::chrono::nanoseconds(left_ns)).count();
  }
  status.quarantined = outbox_.quarantined();
  status.topic_warnings = connector_.notices();
  if (!outbox_.trouble().empty()) status.topic_warnings.push_back(outbox_.trouble());
  return status;
}

}  // namespace agent
