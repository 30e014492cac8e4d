// SPDX-License-Identifier: Apache-2.0
// The daemon's parts, built from the configuration in the order in which data flows through them,
// and stopped in that order.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "agent/config/config_load.h"
#include "agent/daemon/instrument_factory.h"
#include "agent/daemon/instrument_set.h"
#include "agent/daemon/kafka_source.h"
#include "agent/daemon/loss_events.h"
#include "agent/daemon/lost_runs.h"
#include "agent/daemon/start_failure.h"
#include "agent/forward/forwarder.h"
#include "agent/log/log.h"
#include "agent/pipeline/event_factory.h"
#include "agent/spool/spool_queue.h"
#include "agent/spool/spool_writer.h"
#include "buffer/spool.h"
#include "drivers/usb/usb_bus.h"
#include "proto/clock.h"

namespace agent {

// Destroyed from the last member to the first: each outlives those that refer to it.
struct Parts {
  Parts(std::uint64_t ring_bytes_max, buffer::OpenReport opened, const LoadedConfig& loaded,
        const proto::Clock& clock);

  const buffer::OpenReport open_report;
  SpoolQueue queue;
  std::atomic<std::uint64_t> pushed_bytes{0};  // by the pipelines
  EventFactory events;
  LossEvents losses;
  KafkaSource kafka;
  std::unique_ptr<SpoolWriter> writer;
  std::unique_ptr<Forwarder> forwarder;  // null: no broker is configured
  std::unique_ptr<drivers::UsbBus> usb;
  // Saved by pipelines before this process: what one goes on from that is added later.
  SavedState saved;
  InstrumentSet instruments;
  std::unique_ptr<LostRuns> lost_runs;  // null: the spool is the one of before, or no broker
};

struct PartsSetup {
  const LoadedConfig& loaded;
  const proto::Clock& clock;
  Log& log;
  DriverFactory make_driver;
  InstrumentListener on_instrument;
  BusFactory make_usb;
};

// Opens the spool; its first record (agent_started) is in the queue, no thread runs yet.
tl::expected<std::unique_ptr<Parts>, StartFailure> build_parts(const PartsSetup& setup);

// Not started yet. An instrument of the configuration, or one that was `discovered`, while the
// others run; from the main thread. DaemonErrc::kBadPort.
proto::Result<InstrumentWorker*> add_instrument(Parts& parts, const PartsSetup& setup,
                                                const Settings& instrument, bool discovered);

void start(Parts& parts);

// Names the step of a stop that begins, so that one that hangs can be named.
using StopStep = std::function<void(const std::string& step)>;

// Data order: instruments, pipelines, the agent_stopped event, the transaction in hand, the last
// commit. Within `limit`, but for a disk or a thread that hangs. Returns the threads that did not
// end; they must not be joined.
std::vector<std::string> stop(Parts& parts, const proto::Clock& clock,
                              std::chrono::milliseconds limit, const StopStep& on_step);

}  // namespace agent
