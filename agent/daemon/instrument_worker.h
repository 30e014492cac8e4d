// SPDX-License-Identifier: Apache-2.0
// The thread of one instrument: the I/O around InstrumentLife. It opens the device, feeds its
// pipeline, notices that it is lost, opens it again, and lets go of it when a person asks.
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

#include "agent/control/hold_command.h"
#include "agent/daemon/instrument_life.h"
#include "agent/pipeline/pipeline.h"
#include "drivers/instrument_driver.h"
#include "proto/clock.h"
#include "proto/instrument.h"

namespace agent {

struct InstrumentWorkerStatus {
  InstrumentState state = InstrumentState::kOpening;
  std::int64_t state_since_utc_us = 0;
  std::string explanation;                            // why it does not stream; may be empty
  std::optional<std::int64_t> released_until_utc_us;  // in the state kReleased, with a time
  proto::DeviceInfo info;                             // of the last opening
  std::uint64_t opens_total = 0;
  std::uint64_t losses_total = 0;
  std::uint64_t heartbeat = 0;  // grows at each turn of the loop
  drivers::BusCounters bus;
  PipelineStatus pipeline;
};

// Says what happened to the instrument, for the log: one call per change of state.
using InstrumentListener =
    std::function<void(const proto::InstrumentId& id, const InstrumentWorkerStatus& status)>;

class InstrumentWorker {
 public:
  // Full jitter; an instrument that is plugged in while nobody tells is found within max.
  static constexpr BackoffOptions kReopenDelays{.initial = std::chrono::milliseconds(100),
                                                .multiplier = 2.0,
                                                .max = std::chrono::milliseconds(5'000)};

  // The clock, the listener's objects and the pipeline's links outlive the worker.
  InstrumentWorker(proto::InstrumentId id, std::unique_ptr<drivers::InstrumentDriver> driver,
                   std::unique_ptr<Pipeline> pipeline, const proto::Clock& clock,
                   InstrumentListener listener);
  ~InstrumentWorker();  // stops

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
  // The same. A released device is closed when `done` is called.
  using HoldDone = std::function<void(proto::Result<HoldReply>)>;
  void hold(HoldCommand command, HoldDone done);
  // From any thread: the bus has seen the device come.
  void arrived();

  const proto::InstrumentId& id() const { return id_; }
  InstrumentWorkerStatus status() const;

 private:
  // Executed by the worker's thread; by another one, with `stopping`, when that has ended.
  using Task = std::function<void(bool stopping)>;

  void run();
  void open();
  void stream();
  void close_device(const proto::Error& error, proto::GapReason reason);
  void wait_a_turn();
  void post(Task task);
  void serve_tasks();
  proto::Result<HoldReply> execute(const HoldCommand& command);
  tl::unexpected<proto::Error> stopping() const;
  void tell_state();
  void publish();

  const proto::InstrumentId id_;
  const std::unique_ptr<drivers::InstrumentDriver> driver_;
  const std::unique_ptr<Pipeline> pipeline_;
  const proto::Clock& clock_;
  const InstrumentListener listener_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> arrived_{false};

  // Of the worker's thread.
  InstrumentLife life_;
  std::int64_t published_ns_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  InstrumentWorkerStatus status_;  // guarded by mutex_
  std::deque<Task> tasks_;         // guarded by mutex_
};

}  // namespace agent
