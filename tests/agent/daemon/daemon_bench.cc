// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/daemon/daemon_bench.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "agent/control/control_client.h"
#include "proto/record_group.h"

namespace agent {

namespace {

// Tests that run side by side would fight for the port.
constexpr const char* kNoMetrics = "metrics.listen = \"off\"\n";

// Tests see nothing of the host's bus.
class EmptyBus final : public drivers::UsbBus {
 public:
  proto::Result<std::vector<drivers::UsbFound>> scan() override {
    return std::vector<drivers::UsbFound>();
  }
  // Its instruments are behind sockets.
  std::unique_ptr<drivers::UsbPort> make_port(const proto::InstrumentId&) override {
    ADD_FAILURE() << "no instrument of this bench is on a bus";
    std::abort();
  }
  bool wait_change(std::chrono::milliseconds timeout) override {
    std::this_thread::sleep_for(timeout);
    return false;
  }
};

}  // namespace

EmulatedInstruments::EmulatedInstruments(const std::string& socket,
                                         const std::vector<std::string>& serials,
                                         double time_scale) {
  std::vector<drivers::ServedDevice> served;
  for (const std::string& serial : serials) {
    One& one = instruments_.emplace_back();
    one.source = std::move(*drivers::make_source({.load = "ble"}));
    one.device = std::make_unique<drivers::Js220Device>(
        *one.source, clock_, drivers::Js220DeviceOptions{.time_scale = time_scale});
    served.push_back({serial, one.device.get()});
  }
  auto server = drivers::SocketServer::open(socket, std::move(served));
  EXPECT_TRUE(server.has_value());
  server_ = std::move(*server);
  loop_ = std::move(*drivers::ServeLoop::make(clock_));
  loop_->add(*server_);
  thread_ = std::thread([this] { EXPECT_TRUE(loop_->run().has_value()); });
}

EmulatedInstruments::~EmulatedInstruments() {
  loop_->stop();
  thread_.join();
}

void DaemonBench::SetUp() {
  std::string pattern = testing::TempDir() + "wsd_XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  directory_ = pattern;
  log_ = std::make_unique<Log>(
      LogForm::kTerminal, LogLevel::kDebug, clock_,
      std::make_shared<spdlog::sinks::basic_file_sink_mt>(path("daemon.log")));
}

void DaemonBench::TearDown() {
  if (daemon_) stop();
  instruments_.reset();
  if (HasFailure()) std::cerr << log_text();
  std::filesystem::remove_all(directory_);
}

void DaemonBench::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name)) << text;
}

void DaemonBench::plug_in(const std::vector<std::string>& serials, double time_scale) {
  instruments_ = std::make_unique<EmulatedInstruments>(path("usb.sock"), serials, time_scale);
}

void DaemonBench::configure(const std::vector<std::string>& serials, const std::string& more) {
  std::string text = "agent.id = \"bench-1\"\nspool.path = \"" + path("spool.db") +
                     "\"\ncontrol.socket = \"" + path("control.sock") + "\"\n" +
                     (more.find("metrics.listen") == std::string::npos ? kNoMetrics : "") + more +
                     "\n";
  for (const std::string& serial : serials) {
    text +=
        "[[instrument]]\nid = \"js220/" + serial + "\"\nport = \"unix:" + path("usb.sock") + "\"\n";
  }
  write("conf.toml", text);
}

DaemonSetup DaemonBench::setup() const {
  DaemonSetup setup;
  setup.sources.file = path("conf.toml");
  setup.loaded = load_config(setup.sources);
  setup.make_usb = [](const proto::Clock&) { return std::make_unique<EmptyBus>(); };
  for (const ConfigIssue& issue : setup.loaded.issues) ADD_FAILURE() << issue.to_string();
  return setup;
}

void DaemonBench::start(DaemonSetup setup) {
  auto daemon = Daemon::start(std::move(setup), clock_, *log_);
  ASSERT_TRUE(daemon.has_value()) << daemon.error().text();
  daemon_ = std::move(*daemon);
  thread_ = std::thread([this] { clean_ = daemon_->run(); });
}

bool DaemonBench::stop() {
  daemon_->request_stop();
  thread_.join();
  daemon_.reset();
  return clean_;
}

nlohmann::json DaemonBench::ask(const ControlRequest& request) const {
  const auto answer = control_call(path("control.sock"), request, std::chrono::seconds(10));
  EXPECT_TRUE(answer.has_value()) << answer.error().message();
  return answer ? nlohmann::json::parse(*answer) : nlohmann::json();
}

bool DaemonBench::wait_for(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

bool DaemonBench::wait_for_values(std::uint64_t values) const {
  return wait_for([&] {
    const auto instruments = status()["instruments"];
    return std::all_of(instruments.begin(), instruments.end(), [&](const auto& instrument) {
      return instrument["values_total"] >= values;
    });
  });
}

bool DaemonBench::wait_for_more_values() const {
  std::uint64_t most = 0;
  const auto instruments = status()["instruments"];
  for (const auto& instrument : instruments) {
    most = std::max(most, instrument["values_total"].get<std::uint64_t>());
  }
  return wait_for_values(most + 1);
}

std::vector<buffer::Row> DaemonBench::rows(proto::Lane lane) const {
  std::vector<buffer::Row> all;
  const auto reader = buffer::SpoolReader::open(path("spool.db"));
  EXPECT_TRUE(reader.has_value());
  buffer::Position after;
  while (reader) {
    auto some = (*reader)->read(lane, after, {});
    EXPECT_TRUE(some.has_value()) << some.error().message();
    if (!some || some->empty()) break;
    after = some->back().meta.position;
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  return all;
}

std::vector<nlohmann::json> DaemonBench::events() const {
  std::vector<nlohmann::json> all;
  for (const buffer::Row& row : rows(proto::Lane::kEvent)) {
    const auto records = proto::decode_record_group(row.payload);
    EXPECT_TRUE(records.has_value());
    for (const auto& record : *records) all.push_back(nlohmann::json::parse(record.value));
  }
  return all;
}

std::vector<nlohmann::json> DaemonBench::events(const std::string& type) const {
  std::vector<nlohmann::json> some = events();
  std::erase_if(some, [&](const auto& event) { return event["event_type"] != type; });
  return some;
}

std::string DaemonBench::log_text() const {
  std::ostringstream text;
  text << std::ifstream(path("daemon.log")).rdbuf();
  return text.str();
}

}  // namespace agent
