// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/connector.h"

#include <algorithm>
#include <utility>

#include "agent/kafka/error_kinds.h"

namespace agent {
namespace {

constexpr std::chrono::milliseconds kSlice{500};
// Then a new client: it looks up the brokers' names again, which a running one does not.
constexpr std::chrono::seconds kInitPatience{20};

}  // namespace

Connector::Connector(const ConnectorParts& parts, Progress& progress, std::string progress_topic,
                     bool transactional)
    : parts_(parts),
      progress_(progress),
      progress_topic_(std::move(progress_topic)),
      transactional_(transactional),
      guard_(progress.instance().instance_id) {}

void Connector::restart(bool fenced, std::unique_ptr<Producer> made) {
  producer_.reset();
  made_ = std::move(made);
  const bool look_first = transactional_ && connected_once_ && (fenced || !foreign_.empty());
  phase_ = look_first ? Phase::kLook : Phase::kTopics;
}

Connector::Step Connector::step() {
  switch (phase_) {
    case Phase::kLook:
      return look();
    case Phase::kTopics:
      return check_topics();
    case Phase::kProducer:
      return make_producer();
    case Phase::kInit:
      return init();
    case Phase::kProgress:
      return read_progress();
    case Phase::kReady:
      return Step::kReady;
  }
  return Step::kReady;
}

// Reads only: an init would fence the other.
Connector::Step Connector::look() {
  const auto found = heard_ ? parts_.broker.read_progress(*heard_) : read_back();
  if (!found) return fail(failure_of(found.error()));
  const bool was_foreign = !foreign_.empty();
  if (guard_.is_foreign(*found)) foreign_ = InstanceGuard::describe(*found->progress);
  if (!foreign_.empty()) {
    heard_ = found->next_offsets;
    take_over_ = guard_.is_gone(*found, parts_.clock.monotonic_ns()) && was_foreign;
    if (!take_over_) return hold_foreign(foreign_);
  }
  phase_ = Phase::kTopics;
  return Step::kMore;
}

Connector::Step Connector::check_topics() {
  // The files of this moment: one that was replaced may be what this connection needs.
  const auto renewed = made_ ? proto::Result<bool>(true) : parts_.broker.renew();
  auto check = parts_.broker.check_topics();
  if (!check) {
    Failure failure = failure_of(check.error());
    if (!renewed) failure.text += "; read anew: " + renewed.error().message();
    return fail(std::move(failure));
  }
  topics_ = std::move(*check);
  if (!transactional_) std::erase(topics_.missing, progress_topic_);
  if (!topics_.missing.empty()) {
    std::string names;
    for (const std::string& name : topics_.missing) names += (names.empty() ? "" : ", ") + name;
    return hold("the cluster has no topic " + names, "run `wattspool topics create`");
  }
  phase_ = Phase::kProducer;
  return Step::kMore;
}

Connector::Step Connector::make_producer() {
  auto producer = made_ ? proto::Result<std::unique_ptr<Producer>>(std::move(made_))
                        : parts_.broker.make_producer();
  if (!producer) return fail(failure_of(producer.error()));
  producer_ = std::move(*producer);
  init_began_ns_ = parts_.clock.monotonic_ns();
  phase_ = transactional_ ? Phase::kInit : Phase::kReady;
  return transactional_ ? Step::kMore : Step::kReady;
}

Connector::Step Connector::init() {
  const KafkaOutcome outcome = producer_->init_transactions(kSlice);
  producer_->poll(std::chrono::milliseconds(0));
  if (outcome.ok()) {
    phase_ = Phase::kProgress;
    return Step::kMore;
  }
  const std::chrono::nanoseconds waited(parts_.clock.monotonic_ns() - init_began_ns_);
  // The call goes on inside the library and must be made again, nothing else.
  if (outcome.retriable && !outcome.fatal && waited < kInitPatience) return Step::kMore;
  Failure failure =
      failure_of(outcome, "begin with transactional id " + progress_.instance().agent_id);
  if (is_denied_transactional_id(outcome.code)) {
    failure.text += ": it needs the ACL Write on transactional-id " + progress_.instance().agent_id;
  } else if (const std::string why = producer_->connection_error(); !why.empty()) {
    failure.text += "; " + why;
  }
  return fail(std::move(failure));
}

proto::Result<FoundProgress> Connector::read_back() {
  const auto saved = parts_.spool.state(kProgressOffsetsKey);
  if (!saved) return tl::unexpected(saved.error());
  const ProgressOffsets from =
      progress_offsets_from(saved->value_or("")).value_or(ProgressOffsets());
  auto found = parts_.broker.read_progress(from);
  // What we look for may have been compacted away before the remembered offsets.
  if (found && !found->progress && !from.empty()) found = parts_.broker.read_progress({});
  return found;
}

Connector::Step Connector::read_progress() {
  const auto found = read_back();
  if (!found) return fail(failure_of(found.error()));
  if (!found->topic_exists) {
    return hold("the cluster has no topic " + progress_topic_, "run `wattspool topics create`");
  }
  if (connected_once_ && !take_over_ && guard_.is_foreign(*found)) {
    foreign_ = InstanceGuard::describe(*found->progress);
    heard_ = found->next_offsets;
    guard_.is_gone(*found, parts_.clock.monotonic_ns());
    return hold_foreign(foreign_);
  }
  if (found->progress) progress_.merge(*found->progress);
  guard_.accept(*found);
  note_found(*found);
  parts_.spool.set_state({kProgressOffsetsKey, to_text(found->next_offsets)});
  connected_once_ = true;
  take_over_ = false;
  foreign_.clear();
  heard_.reset();
  phase_ = Phase::kReady;
  return Step::kReady;
}

void Connector::note_found(const FoundProgress& found) {
  progress_notice_.clear();
  bool acked_before = false;
  for (const proto::Lane lane : proto::kFifoLanes) {
    const auto watermark = parts_.spool.watermark(lane);
    acked_before = acked_before || (watermark && watermark->value() > 0);
  }
  if (!found.progress && acked_before) {
    progress_notice_ = progress_topic_ +
                       ": no progress record of this agent, resumed from the spool's own mark; "
                       "what was in flight at the last crash may come twice";
  } else if (found.unreadable_records > 0) {
    progress_notice_ = progress_topic_ + ": " + std::to_string(found.unreadable_records) +
                       " records with this agent's id are no progress records of ours; see who "
                       "else writes there";
  }
}

std::vector<std::string> Connector::notices() const {
  std::vector<std::string> notices = topics_.warnings;
  if (!progress_notice_.empty()) notices.push_back(progress_notice_);
  return notices;
}

std::string Connector::connection_error() const {
  return producer_ ? producer_->connection_error() : std::string();
}

Connector::Step Connector::fail(Failure failure) {
  producer_.reset();
  failure_ = std::move(failure);
  return Step::kFailed;
}

Connector::Step Connector::hold(std::string text, std::string explanation) {
  Failure failure;
  failure.action = KafkaAction::kHold;
  failure.text = std::move(text);
  failure.explanation = std::move(explanation);
  return fail(std::move(failure));
}

Connector::Step Connector::hold_foreign(const std::string& who) {
  return hold("another agent sends as " + progress_.instance().agent_id + ": " + who,
              "give each agent an agent.id of its own; once the other has been silent for 5 "
              "minutes, this one takes over");
}

}  // namespace agent
