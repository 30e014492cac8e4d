// SPDX-License-Identifier: Apache-2.0
// The thread of one instrument: opens it, feeds its pipeline, notices that it is lost, opens it
// again.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/pipeline/pipeline.h"
#include "drivers/instrument_driver.h"
#include "proto/clock.h"
#include "proto/instrument.h"

namespace agent {

enum class InstrumentState { kAbsent, kOpening, kStreaming, kLost, kStopped };
std::string_view to_string(InstrumentState state);

struct InstrumentWorkerStatus {
  InstrumentState state = InstrumentState::kOpening;
  std::int64_t state_since_utc_us = 0;
  std::string explanation;  // why it is absent or lost
  proto::DeviceInfo info;   // of the last opening
  std::uint64_t opens_total = 0;
  std::uint64_t losses_total = 0;
  std::uint64_t heartbeat = 0;  // grows at each turn of the loop
  PipelineStatus pipeline;
};

struct ReopenDelays {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds max{5'000};
};

// Says what happened to the instrument, for the log: one call per change of state.
using InstrumentListener =
    std::function<void(const proto::InstrumentId& id, const InstrumentWorkerStatus& status)>;

class InstrumentWorker {
 public:
  // The clock, the listener's objects and the pipeline's links outlive the worker.
  InstrumentWorker(proto::InstrumentId id, std::unique_ptr<drivers::InstrumentDriver> driver,
                   std::unique_ptr<Pipeline> pipeline, const proto::Clock& clock,
                   InstrumentListener listener);
  ~InstrumentWorker();  // stops

  void set_reopen_delays(ReopenDelays delays) { delays_ = delays; }  // before start()
  void start();
  // Data order: what has arrived is handed over, everything is sealed, the thread ends.
  void request_stop();
  void join();
  // False: it has not ended by then, so join() would hang.
  bool wait_stopped(std::chrono::steady_clock::time_point deadline);

  // From any thread, never waits. The pipeline thread executes it at the next sample not yet
  // processed and calls `done`, once. When the worker has stopped, the caller's thread does.
  using Done = std::function<void(proto::Result<RunReply>)>;
  void submit(RunCommand command, Done done);

  const proto::InstrumentId& id() const { return id_; }
  InstrumentWorkerStatus status() const;

 private:
  struct Request {
    RunCommand command;
    Done done;
  };
  void run();
  bool open();
  void stream();
  void serve_requests();
  proto::Result<RunReply> stopping() const;
  void wait_and_serve(std::chrono::milliseconds delay);
  void set_state(InstrumentState state, const std::string& explanation);
  void publish();

  const proto::InstrumentId id_;
  const std::unique_ptr<drivers::InstrumentDriver> driver_;
  const std::unique_ptr<Pipeline> pipeline_;
  const proto::Clock& clock_;
  const InstrumentListener listener_;
  ReopenDelays delays_;
  std::thread thread_;
  std::atomic<bool> stop_{false};

  // Of the worker's thread.
  std::int64_t published_ns_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  InstrumentWorkerStatus status_;  // guarded by mutex_
  std::deque<Request> requests_;   // guarded by mutex_
};

}  // namespace agent
