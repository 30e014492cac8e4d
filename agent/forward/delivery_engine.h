// SPDX-License-Identifier: Apache-2.0
// The forwarder without its thread: connecting, delivering, backing off, held. Driven turn by turn,
// on an injected clock and random source.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/forward/connector.h"
#include "agent/forward/forwarder.h"
#include "agent/forward/outbox.h"
#include "agent/forward/partition_memory.h"
#include "agent/forward/progress.h"
#include "agent/forward/record_stream.h"
#include "agent/forward/row_sender.h"
#include "agent/forward/send_window.h"
#include "agent/kafka/backoff.h"
#include "proto/clock.h"

namespace agent {

struct EngineParts {
  SpoolPort& spool;
  BrokerPort& broker;
  const proto::Clock& clock;
  UnitRandom random;
  AgentInstance instance;
};

// What the caller does before the next turn.
struct Turn {
  enum class Kind {
    kAgain,       // at once
    kWaitCommit,  // until the spool has committed, or `until_ns`
    kWait,        // until `until_ns`
  };
  Kind kind = Kind::kAgain;
  std::int64_t until_ns = 0;  // monotonic
};

// One thread.
class DeliveryEngine {
 public:
  DeliveryEngine(const ForwarderOptions& options, EngineParts parts);

  // One bounded piece of work: at most one call to the cluster of a few hundred milliseconds, but
  // for the topic check and the reading of the progress.
  Turn turn();
  // A reload: the broker port's renew(). What differs is used from the next turns on, after the
  // transaction in hand if that ends within a moment; status() says so where it cannot be.
  void renew();
  // From now on nothing new is begun.
  void finish() { finishing_ = true; }
  // A transaction is open, or reports are outstanding.
  bool in_hand() const { return producer_ != nullptr && stream_->in_hand(); }

  ForwarderStatus status() const;

 private:
  enum class State { kConnecting, kDelivering, kBackingOff, kHeld };
  Turn connect();
  Turn deliver();
  Turn on_idle(std::int64_t until_ns);
  void acknowledge();
  Turn fail(const Failure& failure);
  void give_up_producer(bool fenced);
  void begin_anew();
  void take_renewed();
  Failure refused_access() const;
  bool is_slow() const;
  proto::Result<void> load();
  std::string state_text() const;

  const ForwarderOptions options_;
  EngineParts parts_;
  Progress progress_;
  SendWindow window_;
  PartitionMemory partitions_;
  Outbox outbox_;
  RowSender sender_;
  std::unique_ptr<RecordStream> stream_;
  Connector connector_;
  Backoff backoff_;
  std::unique_ptr<Producer> producer_;  // after what its records borrow from
  std::unique_ptr<Producer> renewed_;   // takes over from it
  bool is_renewal_ = false;             // what is connecting now

  State state_ = State::kConnecting;
  std::int64_t until_ns_ = 0;  // of kBackingOff, kHeld
  bool loaded_ = false;
  bool finishing_ = false;
  std::string explanation_;
  ForwarderStatus totals_;
};

}  // namespace agent
