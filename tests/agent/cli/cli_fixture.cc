// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/cli/cli_fixture.h"

#include <poll.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace agent {

FakeDaemon::FakeDaemon(const std::string& socket, Answer answer) : answer_(std::move(answer)) {
  auto server = ControlServer::listen(socket, [this](ClientId id, const ControlRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    std::string document = answer_(request);
    if (!document.empty()) server_->reply(id, std::move(document));
  });
  EXPECT_TRUE(server) << server.error().message();
  server_ = std::move(*server);
  thread_ = std::thread([this] { run(); });
}

FakeDaemon::~FakeDaemon() {
  stop_ = true;
  thread_.join();
}

std::vector<ControlRequest> FakeDaemon::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeDaemon::run() {
  const proto::SystemClock clock;
  while (!stop_) {
    pollfd entry{server_->poll_fd(), POLLIN, 0};
    ::poll(&entry, 1, 20);
    server_->serve(clock.monotonic_ns());
  }
}

void CliTest::SetUp() {
  std::string name = (std::filesystem::temp_directory_path() / "wattspool-cli-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  folder = name;
  socket = folder + "/control.sock";
}

void CliTest::TearDown() { std::filesystem::remove_all(folder); }

int CliTest::run(const std::vector<std::string>& arguments) {
  std::ostringstream out_stream;
  std::ostringstream err_stream;
  CliContext cli{.out = out_stream, .err = err_stream, .clock = clock};
  cli.out_is_terminal = out_is_terminal;
  cli.colour = colour;
  // Nothing of the machine that the test runs on.
  cli.sources.file = folder + "/wattspool.toml";
  cli.sources.host_name = "bench-1";
  const int code = run_cli(arguments, std::move(cli));
  out = out_stream.str();
  err = err_stream.str();
  return code;
}

int CliTest::ask(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--socket", socket});
  return run(arguments);
}

std::string CliTest::write_file(const std::string& name, const std::string& text) {
  const std::string path = folder + "/" + name;
  std::ofstream(path) << text;
  return path;
}

AgentStatus healthy_status(const proto::Clock& clock, double age_s) {
  AgentStatus status;
  status.agent_id = "bench-1";
  status.version = "0.1.0";
  status.pid = 4711;
  status.updated_utc_us = clock.utc_ns() / 1000 - static_cast<std::int64_t>(age_s * 1e6);
  status.uptime_s = 3600;
  status.started_utc_us = status.updated_utc_us - 3'600'000'000;
  InstrumentStatus instrument;
  instrument.id = {"js220", "001234"};
  instrument.state = "streaming";
  instrument.state_since_utc_us = status.started_utc_us;
  instrument.value_rate_hz = 1e6;
  instrument.float_signals = 2;
  instrument.pipeline.last_sample_utc_us = status.updated_utc_us;
  instrument.pipeline.test_id = "t-0001";
  instrument.pipeline.run_state = "running";
  status.instruments = {instrument};
  instrument.id.serial = "001377";
  status.instruments.push_back(instrument);
  status.kafka.state = "delivering";
  status.kafka.brokers = "kafka1:9092";
  status.kafka.last_ack_utc_us = status.updated_utc_us;
  return status;
}

}  // namespace agent
