// SPDX-License-Identifier: Apache-2.0
// From nothing to a producer that may send: topics are looked at, a producer is made, its
// transactions are initialised (which fences a zombie and settles what is open), and only then the
// progress is read back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/forward/delivery_ports.h"
#include "agent/forward/failure.h"
#include "agent/forward/instance_guard.h"
#include "agent/forward/progress.h"
#include "proto/clock.h"

namespace agent {

inline constexpr const char* kProgressOffsetsKey = "forward.progress_offsets";

struct ConnectorParts {
  SpoolPort& spool;
  BrokerPort& broker;
  const proto::Clock& clock;
};

// One thread. Each step is one bounded call.
class Connector {
 public:
  enum class Step { kMore, kReady, kFailed };

  // `progress` takes over what the broker remembers. Not transactional: no init, no progress.
  Connector(const ConnectorParts& parts, Progress& progress, std::string progress_topic,
            bool transactional);

  // From the beginning. Fenced: first look who it was, without fencing it in turn. `made`: the
  // producer to go on with, instead of one made of the files of that moment.
  void restart(bool fenced, std::unique_ptr<Producer> made = nullptr);
  Step step();

  Failure take_failure() { return std::move(failure_); }                      // after kFailed
  std::unique_ptr<Producer> take_producer() { return std::move(producer_); }  // after kReady
  const TopicCheck& topics() const { return topics_; }
  std::vector<std::string> notices() const;  // for people
  std::string connection_error() const;

 private:
  enum class Phase { kLook, kTopics, kProducer, kInit, kProgress, kReady };
  Step look();
  Step check_topics();
  Step make_producer();
  Step init();
  Step read_progress();
  proto::Result<FoundProgress> read_back();
  Step fail(Failure failure);
  Step hold(std::string text, std::string explanation);
  Step hold_foreign(const std::string& who);
  void note_found(const FoundProgress& found);

  ConnectorParts parts_;
  Progress& progress_;
  const std::string progress_topic_;
  const bool transactional_;
  Phase phase_ = Phase::kTopics;
  std::int64_t init_began_ns_ = 0;
  std::unique_ptr<Producer> made_;
  std::unique_ptr<Producer> producer_;
  TopicCheck topics_;
  InstanceGuard guard_;
  bool connected_once_ = false;
  bool take_over_ = false;                // the foreign instance is gone
  std::string foreign_;                   // while held
  std::optional<ProgressOffsets> heard_;  // where the last look ended
  std::string progress_notice_;
  Failure failure_;
};

}  // namespace agent
