// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/instrument_worker.h"

#include <algorithm>

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

std::string_view to_string(InstrumentState state) {
  switch (state) {
    case InstrumentState::kAbsent:
      return "absent";
    case InstrumentState::kOpening:
      return "opening";
    case InstrumentState::kStreaming:
      return "streaming";
    case InstrumentState::kLost:
      return "lost";
    case InstrumentState::kStopped:
      return "stopped";
  }
  return "unknown";
}

InstrumentWorker::InstrumentWorker(proto::InstrumentId id,
                                   std::unique_ptr<drivers::InstrumentDriver> driver,
                                   std::unique_ptr<Pipeline> pipeline, const proto::Clock& clock,
                                   InstrumentListener listener)
    : id_(std::move(id)),
      driver_(std::move(driver)),
      pipeline_(std::move(pipeline)),
      clock_(clock),
      listener_(std::move(listener)) {
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
  auto delay = delays_.first;
  while (!stop_) {
    if (!open()) {
      wait_and_serve(delay);
      delay = std::min(delay * 2, delays_.max);
      continue;
    }
    delay = delays_.first;
    stream();
    // A device that comes and goes at once must not keep the processor busy.
    if (!stop_) wait_and_serve(delay);
  }
  pipeline_->finish();
  set_state(InstrumentState::kStopped, "");
  serve_requests();
}

bool InstrumentWorker::wait_stopped(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline,
                             [this] { return status_.state == InstrumentState::kStopped; });
}

bool InstrumentWorker::open() {
  const auto info = driver_->open();
  if (!info) {
    driver_->close();
    set_state(InstrumentState::kAbsent, info.error().message());
    return false;
  }
  if (const auto accepted = pipeline_->on_opened(*info); !accepted) {
    driver_->close();
    set_state(InstrumentState::kAbsent, accepted.error().message());
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    status_.info = *info;
    ++status_.opens_total;
  }
  set_state(InstrumentState::kStreaming, "");
  return true;
}

void InstrumentWorker::stream() {
  while (!stop_) {
    const auto polled = driver_->poll(kPollMs, *pipeline_);
    if (!polled && !is_cancelled(polled.error())) {
      driver_->flush(*pipeline_);
      driver_->close();
      pipeline_->on_lost(polled.error(), proto::GapReason::kDisconnect);
      {
        const std::lock_guard lock(mutex_);
        ++status_.losses_total;
      }
      set_state(InstrumentState::kLost, polled.error().message());
      return;
    }
    serve_requests();
    pipeline_->on_tick();
    publish();
  }
  driver_->flush(*pipeline_);
  driver_->close();
}

// Between two openings the pipeline still seals by age and answers people.
void InstrumentWorker::wait_and_serve(std::chrono::milliseconds delay) {
  const auto deadline = std::chrono::steady_clock::now() + delay;
  while (!stop_ && std::chrono::steady_clock::now() < deadline) {
    serve_requests();
    pipeline_->on_tick();
    publish();
    std::unique_lock lock(mutex_);
    const auto turn = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPollMs);
    changed_.wait_until(lock, std::min(turn, deadline),
                        [this] { return stop_ || !requests_.empty(); });
  }
}

void InstrumentWorker::serve_requests() {
  while (true) {
    Request request;
    {
      const std::lock_guard lock(mutex_);
      if (requests_.empty()) return;
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    auto reply = stop_ ? stopping() : pipeline_->execute(request.command);
    // Whoever has the answer finds it in the status.
    published_ns_ = 0;
    publish();
    request.done(std::move(reply));
  }
}

proto::Result<RunReply> InstrumentWorker::stopping() const {
  return proto::fail(DaemonErrc::kStopping, "command to " + id_.to_string());
}

void InstrumentWorker::submit(RunCommand command, Done done) {
  bool is_stopped = false;
  {
    const std::lock_guard lock(mutex_);
    is_stopped = status_.state == InstrumentState::kStopped;
    if (!is_stopped) requests_.push_back({std::move(command), std::move(done)});
  }
  if (is_stopped) {
    done(stopping());
  } else {
    changed_.notify_all();
  }
}

void InstrumentWorker::set_state(InstrumentState state, const std::string& explanation) {
  InstrumentWorkerStatus copy;
  {
    const std::lock_guard lock(mutex_);
    ++status_.heartbeat;
    if (status_.state == state && status_.explanation == explanation) return;
    if (status_.state != state) status_.state_since_utc_us = clock_.utc_ns() / 1'000;
    status_.state = state;
    status_.explanation = explanation;
    status_.pipeline = pipeline_->status();
    copy = status_;
  }
  changed_.notify_all();
  if (listener_) listener_(id_, copy);
}

void InstrumentWorker::publish() {
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (published_ns_ != 0 && now_ns - published_ns_ < kPublishNs) return;
  published_ns_ = now_ns;
  PipelineStatus pipeline = pipeline_->status();
  const std::lock_guard lock(mutex_);
  ++status_.heartbeat;
  status_.pipeline = std::move(pipeline);
}

InstrumentWorkerStatus InstrumentWorker::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace agent
