// SPDX-License-Identifier: Apache-2.0
// The program in process, and a daemon that answers what a test tells it to.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "agent/cli/cli.h"
#include "agent/control/control_server.h"
#include "agent/status/agent_status.h"

namespace agent {

// Answers on a socket, from a thread of its own.
class FakeDaemon {
 public:
  // The document; empty: never an answer.
  using Answer = std::function<std::string(const ControlRequest&)>;

  FakeDaemon(const std::string& socket, Answer answer);
  ~FakeDaemon();

  std::vector<ControlRequest> requests() const;

 private:
  void run();

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<ControlRequest> requests_;
  std::unique_ptr<ControlServer> server_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class CliTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Exit code; what was printed is in out and err.
  int run(const std::vector<std::string>& arguments);
  // With --socket.
  int ask(std::vector<std::string> arguments);
  std::string write_file(const std::string& name, const std::string& text);

  std::string folder;
  std::string socket;
  std::string out;
  std::string err;
  bool out_is_terminal = false;
  bool colour = false;
  proto::SystemClock clock;
};

// One that a healthy daemon would give, `age_s` ago; started an hour before.
AgentStatus healthy_status(const proto::Clock& clock, double age_s = 0);

}  // namespace agent
