// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/instrument_worker.h"

#include <utility>

#include "agent/control/control_errc.h"
#include "agent/daemon/daemon_errc.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

// Short enough that a marker, a seal by age and a stop wait no longer than a person notices.
constexpr int kPollMs = 20;
// Status is a copy under a lock: ten a second are enough for any reader.
constexpr std::int64_t kPublishNs = 100'000'000;

bool is_cancelled(const proto::Error& error) { return error.code == drivers::UsbErrc::kCancelled; }

}  // namespace

InstrumentWorker::InstrumentWorker(proto::InstrumentId id,
                                   std::unique_ptr<drivers::InstrumentDriver> driver,
                                   std::unique_ptr<Pipeline> pipeline, const proto::Clock& clock,
                                   InstrumentListener listener)
    : id_(std::move(id)),
      driver_(std::move(driver)),
      pipeline_(std::move(pipeline)),
      clock_(clock),
      listener_(std::move(listener)),
      life_(kReopenDelays, make_unit_random()) {
  status_.state_since_utc_us = clock_.utc_ns() / 1'000;
}

InstrumentWorker::~InstrumentWorker() {
  request_stop();
  join();
}

void InstrumentWorker::start() {
  thread_ = std::thread([this] { run(); });
}

void InstrumentWorker::request_stop() {
  stop_ = true;
  driver_->cancel();
  changed_.notify_all();
}

void InstrumentWorker::join() {
  if (thread_.joinable()) thread_.join();
}

void InstrumentWorker::run() {
  while (!stop_) {
    if (arrived_.exchange(false)) life_.on_arrived();
    life_.on_time(clock_.monotonic_ns());
    tell_state();
    if (life_.should_open(clock_.monotonic_ns())) open();
    if (has_samples(life_.state())) {
      stream();
    } else {
      wait_a_turn();
    }
  }
  pipeline_->finish();
  life_.stop();
  tell_state();
  serve_tasks();
}

bool InstrumentWorker::wait_stopped(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline,
                             [this] { return status_.state == InstrumentState::kStopped; });
}

void InstrumentWorker::open() {
  life_.on_try();
  tell_state();
  auto info = driver_->open();
  if (info) {
    if (auto accepted = pipeline_->on_opened(*info); !accepted) {
      info = tl::unexpected(std::move(accepted.error()));
    }
  }
  if (!info) {
    driver_->close();
    life_.on_open_failed(info.error(), clock_.monotonic_ns());
  } else {
    life_.on_opened(clock_.monotonic_ns(), info->uncalibrated);
    const std::lock_guard lock(mutex_);
    status_.info = *info;
    ++status_.opens_total;
  }
  tell_state();
}

void InstrumentWorker::stream() {
  while (!stop_) {
    const auto polled = driver_->poll(kPollMs, *pipeline_);
    if (!polled && !is_cancelled(polled.error())) {
      close_device(polled.error(), proto::GapReason::kDisconnect);
      life_.on_lost(polled.error(), clock_.monotonic_ns());
      {
        const std::lock_guard lock(mutex_);
        ++status_.losses_total;
      }
      tell_state();
      return;
    }
    serve_tasks();
    if (!has_samples(life_.state())) return;
    pipeline_->on_tick();
    publish();
  }
  driver_->flush(*pipeline_);
  driver_->close();
}

void InstrumentWorker::close_device(const proto::Error& error, proto::GapReason reason) {
  driver_->flush(*pipeline_);
  driver_->close();
  pipeline_->on_lost(error, reason);
}

// Between two openings the pipeline still seals by age and answers people.
void InstrumentWorker::wait_a_turn() {
  serve_tasks();
  pipeline_->on_tick();
  publish();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(kPollMs),
                    [this] { return stop_ || arrived_ || !tasks_.empty(); });
}

void InstrumentWorker::serve_tasks() {
  while (true) {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task(stop_);
  }
}

tl::unexpected<proto::Error> InstrumentWorker::stopping() const {
  return proto::fail(DaemonErrc::kStopping, "command to " + id_.to_string());
}

void InstrumentWorker::post(Task task) {
  std::unique_lock lock(mutex_);
  if (status_.state == InstrumentState::kStopped) {
    lock.unlock();
    task(true);
    return;
  }
  tasks_.push_back(std::move(task));
  lock.unlock();
  changed_.notify_all();
}

void InstrumentWorker::submit(RunCommand command, Done done) {
  post([this, command = std::move(command), done = std::move(done)](bool is_stopping) {
    if (is_stopping) return done(stopping());
    auto reply = pipeline_->execute(command);
    // Whoever has the answer finds it in the status.
    published_ns_ = 0;
    publish();
    done(std::move(reply));
  });
}

void InstrumentWorker::hold(HoldCommand command, HoldDone done) {
  post([this, command, done = std::move(done)](bool is_stopping) {
    if (is_stopping) return done(stopping());
    auto reply = execute(command);
    tell_state();
    done(std::move(reply));
  });
}

proto::Result<HoldReply> InstrumentWorker::execute(const HoldCommand& command) {
  const bool is_released = life_.state() == InstrumentState::kReleased;
  HoldReply reply;
  reply.id = id_;
  if (const auto* release = std::get_if<ReleaseDevice>(&command)) {
    if (is_released) return proto::fail(ControlErrc::kAlreadyReleased, id_.to_string());
    if (has_samples(life_.state())) {
      const proto::Error released{make_error_code(DaemonErrc::kReleased), id_.to_string()};
      close_device(released, proto::GapReason::kReleased);
    }
    life_.release(release->duration, clock_.monotonic_ns());
    if (release->duration) {
      reply.released_until_utc_us =
          (clock_.utc_ns() + std::chrono::nanoseconds(*release->duration).count()) / 1'000;
    }
  } else {
    if (!is_released) return proto::fail(ControlErrc::kNotReleased, id_.to_string());
    life_.claim();
  }
  {
    const std::lock_guard lock(mutex_);
    status_.released_until_utc_us = reply.released_until_utc_us;
  }
  reply.state = to_string(life_.state());
  return reply;
}

void InstrumentWorker::arrived() {
  arrived_ = true;
  changed_.notify_all();
}

// The status follows the life; the listener hears of each change of state, not of each try.
void InstrumentWorker::tell_state() {
  InstrumentWorkerStatus copy;
  bool is_new_state = false;
  {
    const std::lock_guard lock(mutex_);
    ++status_.heartbeat;
    is_new_state = status_.state != life_.state();
    if (!is_new_state && status_.explanation == life_.explanation()) return;
    if (is_new_state) status_.state_since_utc_us = clock_.utc_ns() / 1'000;
    if (life_.state() != InstrumentState::kReleased) status_.released_until_utc_us.reset();
    status_.state = life_.state();
    status_.explanation = life_.explanation();
    status_.pipeline = pipeline_->status();
    copy = status_;
  }
  changed_.notify_all();
  if (is_new_state && listener_) listener_(id_, copy);
}

void InstrumentWorker::publish() {
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (published_ns_ != 0 && now_ns - published_ns_ < kPublishNs) return;
  published_ns_ = now_ns;
  PipelineStatus pipeline = pipeline_->status();
  const std::lock_guard lock(mutex_);
  ++status_.heartbeat;
  status_.bus = driver_->bus_counters();
  status_.pipeline = std::move(pipeline);
}

InstrumentWorkerStatus InstrumentWorker::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace agent
