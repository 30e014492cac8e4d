// SPDX-License-Identifier: Apache-2.0
// One agent of a test: an engine on a model spool, against a model cluster, on a virtual clock.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "agent/forward/delivery_engine.h"
#include "tests/agent/forward/model_cluster.h"
#include "tests/agent/forward/model_spool.h"

namespace agent {

class BenchAgent {
 public:
  BenchAgent(TestClock& clock, ModelCluster& cluster, ForwarderOptions options = {})
      : clock_(clock), cluster_(cluster), options_(std::move(options)) {
    options_.agent_id = "bench-07";
    options_.kafka = {{"bootstrap.servers", "model:9092"}};
    start();
  }

  void start(const std::string& host = "bench-07") {
    engine_.reset();
    options_.stream = spool.stream();
    port_ = cluster_.port(options_.delivery == Delivery::kExactlyOnce);
    const AgentInstance instance{"bench-07", "instance-" + std::to_string(++lives()), host,
                                 clock_.utc_ns() / 1000};
    engine_ = std::make_unique<DeliveryEngine>(
        options_,
        EngineParts{spool, *port_, clock_,
                    [this] { return std::uniform_real_distribution<>()(random_); }, instance});
  }
  void crash() {
    engine_.reset();
    spool.crash();
    start();
  }
  void kill() { engine_.reset(); }

  Turn turn() { return engine_->turn(); }
  // Turns and commits of the spool, waiting as told, until `done` or `turns_max`.
  bool run_until(const std::function<bool()>& done, int turns_max = 20'000) {
    for (int i = 0; i < turns_max; ++i) {
      if (done()) return true;
      const Turn turn = engine_->turn();
      if (turn.kind == Turn::Kind::kWaitCommit) {
        spool.commit();
        clock_.advance(std::chrono::milliseconds(100));
      } else if (turn.kind == Turn::Kind::kWait) {
        spool.commit();
        clock_.advance_to(turn.until_ns);
      }
    }
    return done();
  }
  bool drain(int turns_max = 20'000) {
    return run_until([this] { return spool.all_acked() && !engine_->in_hand(); }, turns_max);
  }
  std::int64_t now_us() const { return clock_.utc_ns() / 1000; }

  DeliveryEngine& engine() { return *engine_; }
  ForwarderStatus status() const { return engine_->status(); }
  ForwarderOptions& options() { return options_; }  // used by the next start()

  ModelSpool spool;

 private:
  static int& lives() {
    static int count = 0;
    return count;
  }
  TestClock& clock_;
  ModelCluster& cluster_;
  ForwarderOptions options_;
  std::mt19937 random_{7};
  std::unique_ptr<BrokerPort> port_;
  std::unique_ptr<DeliveryEngine> engine_;
};

}  // namespace agent
