// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/forwarder.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "agent/forward/delivery_engine.h"
#include "agent/forward/real_ports.h"

namespace agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kNsPerUs = 1000;
constexpr std::chrono::milliseconds kTick{500};  // the longest wait without a heartbeat

bool has_brokers(const ForwarderOptions& options) {
  return std::ranges::any_of(options.kafka, [](const auto& setting) {
    return setting.first == "bootstrap.servers" && !setting.second.empty();
  });
}

}  // namespace

struct Forwarder::Impl {
  Impl(ForwarderOptions wanted, SpoolWriter& writer, const proto::Clock& time)
      : options(std::move(wanted)), spool(writer), clock(time) {
    // Until the first answer, which may take as long as a broker is silent.
    current.state = "connecting";
    current.delivery =
        options.delivery == Delivery::kExactlyOnce ? "exactly_once" : "at_least_once";
  }

  void run();
  void run_engine(SpoolPort& port);
  void finish(DeliveryEngine& engine);
  std::unique_ptr<SpoolPort> open_spool();
  void wait(const Turn& turn);
  void sleep(std::chrono::nanoseconds delay);
  void publish(ForwarderStatus status);
  void publish_state(const std::string& state, const std::string& explanation);

  const ForwarderOptions options;
  SpoolWriter& spool;
  const proto::Clock& clock;
  std::thread thread;
  std::atomic<bool> stopping{false};
  std::atomic<bool> reload_wanted{false};
  std::atomic<std::uint64_t> beats{0};
  std::uint64_t commits_seen = 0;  // of the thread

  mutable std::mutex mutex;
  std::condition_variable changed;
  SteadyClock::time_point give_up_at;  // guarded by mutex
  ForwarderStatus current;             // guarded by mutex
};

void Forwarder::Impl::run() {
  if (!has_brokers(options)) {
    publish_state("no broker configured",
                  "the spool keeps everything; set kafka.brokers to send it");
    while (!stopping) {
      sleep(kTick);
      ++beats;
    }
  } else if (const auto port = open_spool()) {
    run_engine(*port);
  }
  publish_state("stopped", "");
}

// The writer has the spool open, so this fails only when descriptors or memory are short.
std::unique_ptr<SpoolPort> Forwarder::Impl::open_spool() {
  while (!stopping) {
    auto port = open_spool_port(options.spool_path, spool);
    if (port) return std::move(*port);
    publish_state("held", port.error().message());
    ++beats;
    sleep(kTick);
  }
  return nullptr;
}

void Forwarder::Impl::run_engine(SpoolPort& port) {
  const auto broker = make_kafka_broker(options, [this] {
    ++beats;
    return stopping.load();
  });
  DeliveryEngine engine(options,
                        {port, *broker, clock, make_unit_random(),
                         make_agent_instance(options.agent_id, clock.utc_ns() / kNsPerUs)});
  while (!stopping) {
    if (reload_wanted.exchange(false)) engine.renew();
    const Turn turn = engine.turn();
    ++beats;
    publish(engine.status());
    wait(turn);
  }
  finish(engine);
  publish(engine.status());
}

void Forwarder::Impl::finish(DeliveryEngine& engine) {
  engine.finish();
  while (engine.in_hand()) {
    {
      const std::lock_guard lock(mutex);
      if (SteadyClock::now() >= give_up_at) return;
    }
    engine.turn();
    ++beats;
  }
}

void Forwarder::Impl::wait(const Turn& turn) {
  if (turn.kind == Turn::Kind::kAgain) return;
  const std::chrono::nanoseconds delay(
      std::max<std::int64_t>(0, turn.until_ns - clock.monotonic_ns()));
  if (turn.kind == Turn::Kind::kWait) {
    sleep(delay);
    return;
  }
  const auto longest = std::min<std::chrono::nanoseconds>(delay, kTick);
  commits_seen = spool.wait_commit(commits_seen, SteadyClock::now() + longest);
}

void Forwarder::Impl::sleep(std::chrono::nanoseconds delay) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, std::min<std::chrono::nanoseconds>(delay, kTick),
                   [this] { return stopping.load() || reload_wanted.load(); });
}

void Forwarder::Impl::publish(ForwarderStatus status) {
  const std::lock_guard lock(mutex);
  current = std::move(status);
}

void Forwarder::Impl::publish_state(const std::string& state, const std::string& explanation) {
  const std::lock_guard lock(mutex);
  current.state = state;
  current.explanation = explanation;
}

Forwarder::Forwarder(ForwarderOptions options, SpoolWriter& spool, const proto::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), spool, clock)) {}

Forwarder::~Forwarder() { stop(std::chrono::milliseconds(0)); }

void Forwarder::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
}

void Forwarder::stop(std::chrono::milliseconds grace) {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->give_up_at = SteadyClock::now() + grace;
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->spool.notify();
  impl_->thread.join();
}

void Forwarder::reload() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->reload_wanted = true;
  }
  impl_->changed.notify_all();
  impl_->spool.notify();
}

ForwarderStatus Forwarder::status() const {
  const std::lock_guard lock(impl_->mutex);
  ForwarderStatus status = impl_->current;
  status.heartbeat = impl_->beats;
  return status;
}

}  // namespace agent
