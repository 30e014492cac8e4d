// SPDX-License-Identifier: Apache-2.0
// A bench in a temporary directory: emulated instruments behind a socket in a thread of their own,
// and a daemon in another, asked through its control socket and judged by its spool.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "agent/control/control_request.h"
#include "agent/daemon/daemon.h"
#include "buffer/spool_reader.h"
#include "drivers/js220_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/socket_server.h"

namespace agent {

// Instruments that go on counting whoever reads them.
class EmulatedInstruments {
 public:
  EmulatedInstruments(const std::string& socket, const std::vector<std::string>& serials,
                      double time_scale);
  ~EmulatedInstruments();

 private:
  struct One {
    std::unique_ptr<drivers::SampleSource> source;
    std::unique_ptr<drivers::Js220Device> device;
  };
  proto::SystemClock clock_;
  std::deque<One> instruments_;
  std::unique_ptr<drivers::SocketServer> server_;
  std::unique_ptr<drivers::ServeLoop> loop_;
  std::thread thread_;
};

class DaemonBench : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  // Slower than real time, so that a loaded machine does not lose frames.
  static constexpr double kTimeScale = 0.1;
  void plug_in(const std::vector<std::string>& serials, double time_scale = kTimeScale);
  void unplug() { instruments_.reset(); }

  // Of conf.toml: paths in the directory, the instruments given, then `more`.
  void configure(const std::vector<std::string>& serials, const std::string& more = "");
  DaemonSetup setup() const;
  // Loads conf.toml and runs the daemon in a thread.
  void start() { start(setup()); }
  void start(DaemonSetup setup);
  // What run() returned.
  bool stop();

  nlohmann::json ask(const ControlRequest& request) const;
  nlohmann::json status() const { return ask(StatusRequest{}); }
  nlohmann::json run(const std::string& instrument, RunCommand command) const {
    return ask(RunRequest{instrument, std::move(command)});
  }
  static RunCommand start_of(const std::string& test_id) {
    StartRun start;
    start.test_id = test_id;
    return start;
  }
  // False after half a minute.
  static bool wait_for(const std::function<bool()>& condition);
  // Until each instrument has handed over so many values.
  bool wait_for_values(std::uint64_t values) const;
  // Borders with no sample between them are one, so a test that counts borders waits in between.
  bool wait_for_more_values() const;

  std::vector<buffer::Row> rows(proto::Lane lane) const;
  std::vector<nlohmann::json> events() const;
  std::vector<nlohmann::json> events(const std::string& type) const;
  std::string log_text() const;  // so far

  std::string directory_;
  proto::SystemClock clock_;
  std::unique_ptr<EmulatedInstruments> instruments_;
  std::unique_ptr<Daemon> daemon_;

 private:
  std::unique_ptr<Log> log_;
  std::thread thread_;
  bool clean_ = false;
};

}  // namespace agent
