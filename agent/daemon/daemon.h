// SPDX-License-Identifier: Apache-2.0
// The daemon without its process: owns all parts, watches them from one thread, stops them in data
// order. wattspoold is this and a command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "agent/config/config_load.h"
#include "agent/daemon/control_desk.h"
#include "agent/daemon/heartbeat.h"
#include "agent/daemon/instrument_factory.h"
#include "agent/daemon/main_mailbox.h"
#include "agent/daemon/metrics_desk.h"
#include "agent/daemon/parts.h"
#include "agent/daemon/progress_watch.h"
#include "agent/daemon/sd_notify.h"
#include "agent/daemon/start_failure.h"
#include "agent/daemon/status_builder.h"
#include "agent/daemon/status_log.h"
#include "agent/daemon/supervisor.h"
#include "agent/log/log.h"
#include "proto/clock.h"

namespace agent {

struct DaemonSetup {
  LoadedConfig loaded;                // valid
  ConfigSources sources;              // what a reload reads again
  std::optional<LogLevel> log_level;  // of the command line: wins over the configuration's
  DriverFactory make_driver = agent::make_driver;
  BusFactory make_usb = make_usb_bus;
  ProgressLimits progress_limits;
  std::chrono::milliseconds stop_limit{5'000};
  bool exit_when_stop_hangs = false;  // the process ends with EXIT_FAILURE after stop_limit
};

class Daemon {
 public:
  // Acquires when it returns. Clock and log outlive the daemon.
  static tl::expected<std::unique_ptr<Daemon>, StartFailure> start(DaemonSetup setup,
                                                                   const proto::Clock& clock,
                                                                   Log& log);
  ~Daemon();  // run() has returned, or was never called
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // The main loop, until request_stop(), or SIGTERM or SIGINT arrives at `signal_fd` (a signalfd;
  // -1: none); SIGHUP reloads. False: a thread did not end, so the daemon must not be destroyed.
  bool run(int signal_fd = -1);
  void request_stop() { mailbox_.request_stop(); }  // from any thread

 private:
  Daemon(DaemonSetup setup, const proto::Clock& clock, Log& log);

  proto::Result<void> open_control();
  void on_signals(int signal_fd);
  void reload();
  void on_tick(std::int64_t now_ns);
  void serve_metrics(std::int64_t now_ns);
  void on_second(std::int64_t now_ns);
  void end_for_new_spool();
  void tell_overflow(std::int64_t now_ns);
  bool stop();

  const DaemonSetup setup_;
  const proto::Clock& clock_;
  Log& log_;
  SdNotify notify_;
  MainMailbox mailbox_;
  StatusLog status_log_;
  Heartbeat heartbeat_;
  MetricsDesk metrics_;
  // Made by start().
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<StatusBuilder> builder_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<ControlDesk> desk_;

  std::int64_t tick_ns_ = 0;
  std::int64_t second_ns_ = 0;
  std::int64_t watchdog_ns_ = 0;
  std::uint64_t evicted_rows_ = 0;
  std::int64_t evicted_ns_ = 0;  // when the last eviction of unsent rows was seen
  bool is_stuck_ = false;
};

}  // namespace agent
