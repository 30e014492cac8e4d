// SPDX-License-Identifier: Apache-2.0
// How rows get across: in transactions, or as a plain stream. The engine drives one of the two.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "agent/forward/forwarder.h"
#include "agent/forward/outbox.h"
#include "agent/forward/progress.h"
#include "agent/forward/row_sender.h"
#include "agent/kafka/producer.h"
#include "proto/clock.h"

namespace agent {

struct SendTurn {
  enum class Kind {
    kIdle,       // nothing to do before `until_ns`; with 0: before the next commit of the spool
    kWorked,     // come back at once
    kDelivered,  // the window has something to ack
    kFailed,
  };
  Kind kind = Kind::kIdle;
  std::int64_t until_ns = 0;
  std::optional<Failure> failure;
};

struct StreamParts {
  Outbox& outbox;
  SendWindow& window;
  RowSender& sender;
  Progress& progress;
  const proto::Clock& clock;
};

// One thread.
class RecordStream {
 public:
  virtual ~RecordStream() = default;
  // One bounded piece of work. With `finishing` nothing new is begun.
  virtual SendTurn turn(Producer& producer, bool finishing) = 0;
  // Something is sent whose fate is not known yet.
  virtual bool in_hand() const = 0;
  // Since when it is waited for the broker; 0: it is not.
  virtual std::int64_t waiting_since_ns() const = 0;
  // The producer is gone, or its transaction was aborted.
  virtual void restart() = 0;
};

std::unique_ptr<RecordStream> make_transaction_stream(const ForwarderOptions& options,
                                                      const StreamParts& parts);
std::unique_ptr<RecordStream> make_plain_stream(const ForwarderOptions& options,
                                                const StreamParts& parts);

}  // namespace agent
