// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>

#include "agent/config/config_show.h"
#include "agent/config/kafka_profile.h"
#include "agent/daemon/life_events.h"
#include "agent/daemon/stop_guard.h"
#include "agent/status/status_file.h"
#include "agent/status/status_json.h"
#include "agent/status/status_text.h"
#include "agent/version.h"

namespace agent {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr int kTickMs = 100;
constexpr std::int64_t kSecondNs = 1'000 * kNsPerMs;
// Evictions with shorter pauses are one overflow, told once.
constexpr std::int64_t kOverflowPauseNs = 600 * kSecondNs;
// What is left of the stop's limit when its steps are over: closing the spool.
constexpr std::chrono::milliseconds kCloseReserve{300};

}  // namespace

Daemon::Daemon(DaemonSetup setup, const proto::Clock& clock, Log& log)
    : setup_(std::move(setup)),
      clock_(clock),
      log_(log),
      status_log_(log),
      heartbeat_(setup_.loaded.config.settings.text("topics.prefix")),
      metrics_(setup_.loaded.config.settings.text("metrics.listen"), log) {}

Daemon::~Daemon() = default;

tl::expected<std::unique_ptr<Daemon>, StartFailure> Daemon::start(DaemonSetup setup,
                                                                  const proto::Clock& clock,
                                                                  Log& log) {
  auto daemon = std::unique_ptr<Daemon>(new Daemon(std::move(setup), clock, log));
  const Config& config = daemon->setup_.loaded.config;
  log.info("wattspoold starts", {{"version", std::string(version())},
                                 {"agent_id", config.settings.text("agent.id")},
                                 {"pid", std::to_string(getpid())}});
  const PartsSetup parts_setup{
      .loaded = daemon->setup_.loaded,
      .clock = clock,
      .log = log,
      .make_driver = daemon->setup_.make_driver,
      .on_instrument =
          [&status_log = daemon->status_log_](const proto::InstrumentId& id,
                                              const InstrumentWorkerStatus& status) {
            status_log.on_instrument(id, status);
          },
      .make_usb = daemon->setup_.make_usb};
  auto parts = build_parts(parts_setup);
  if (!parts) return tl::unexpected(parts.error());
  daemon->parts_ = std::move(*parts);
  daemon->status_log_.on_spool_opened(config.settings.text("spool.path"),
                                      daemon->parts_->open_report);
  daemon->builder_ = std::make_unique<StatusBuilder>(*daemon->parts_, config, clock,
                                                     daemon->setup_.progress_limits);
  daemon->supervisor_ =
      std::make_unique<Supervisor>(*daemon->parts_, parts_setup, daemon->mailbox_);
  // Before any thread runs: a socket that another program serves is found while nothing has to be
  // undone.
  if (const auto opened = daemon->open_control(); !opened) {
    return tl::unexpected(socket_failure(opened.error(), config));
  }
  daemon->serve_metrics(clock.monotonic_ns());
  daemon->metrics_.publish(daemon->builder_->build());
  agent::start(*daemon->parts_);
  daemon->supervisor_->start();
  if (config.instruments.empty() && config.settings.text("usb.discover") == "off") {
    log.warning("no instrument is configured, nothing is acquired; add an [[instrument]]");
  }
  if (const std::string note = kafka_profile_note(config); !note.empty()) log.info(note);
  if (!daemon->parts_->forwarder) {
    log.warning("no broker is configured, data is kept on disk; set kafka.brokers");
  }
  return daemon;
}

proto::Result<void> Daemon::open_control() {
  desk_ = std::make_unique<ControlDesk>(
      setup_.loaded.config.settings.text("control.socket"), *parts_, mailbox_,
      [this] { return status_to_json(builder_->build()); }, log_);
  return desk_->open(clock_.monotonic_ns());
}

bool Daemon::run(int signal_fd) {
  // The first look is a second away: instruments need a moment to open.
  second_ns_ = clock_.monotonic_ns();
  notify_.ready(systemd_line(builder_->build()));
  while (!mailbox_.stop_requested()) {
    std::array<pollfd, 3> fds = {
        {{mailbox_.poll_fd(), POLLIN, 0}, {signal_fd, POLLIN, 0}, {desk_->poll_fd(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), kTickMs);
    if (signal_fd >= 0) on_signals(signal_fd);
    const std::int64_t now_ns = clock_.monotonic_ns();
    desk_->serve(now_ns);
    if (supervisor_->serve()) builder_->set_bus_findings(supervisor_->findings());
    if (now_ns - tick_ns_ >= kTickMs * kNsPerMs) on_tick(now_ns);
  }
  return stop();
}

void Daemon::on_signals(int signal_fd) {
  signalfd_siginfo info{};
  while (::read(signal_fd, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGHUP) {
      reload();
    } else {
      log_.info("stop requested", {{"signal", info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM"}});
      mailbox_.request_stop();
    }
  }
}

void Daemon::reload() {
  notify_.reloading();
  const LoadedConfig loaded = load_config(setup_.sources);
  for (const ConfigIssue& issue : loaded.issues) {
    log_.error("reload refused, nothing changed: " + issue.to_string());
  }
  builder_->set_reload_error(loaded.ok() ? "" : loaded.issues.front().to_string());
  if (loaded.ok()) {
    const Settings& settings = loaded.config.settings;
    log_.configure(log_form(settings.text("log.format") == "json"),
                   setup_.log_level.value_or(log_level_from(settings.text("log.level"))));
    const ConfigChanges changes = compare_config(setup_.loaded.config, loaded.config);
    log_.info("configuration reloaded");
    for (const std::string& key : changes.restart) {
      log_.warning("restart needed for a changed key: systemctl restart wattspoold",
                   {{"key", key}});
    }
    builder_->set_restart_needed(changes.restart);
    if (parts_->forwarder && !kafka_waits(changes)) {
      parts_->kafka.use(loaded.config);
      parts_->forwarder->reload();
    }
  }
  notify_.ready(systemd_line(builder_->build()));
}

void Daemon::on_tick(std::int64_t now_ns) {
  tick_ns_ = now_ns;
  desk_->on_tick(now_ns);
  if (now_ns - second_ns_ >= kSecondNs) on_second(now_ns);
  const auto interval = notify_.watchdog_interval();
  if (interval && !is_stuck_ && std::chrono::nanoseconds(now_ns - watchdog_ns_) >= *interval) {
    watchdog_ns_ = now_ns;
    notify_.watchdog();
  }
}

void Daemon::serve_metrics(std::int64_t now_ns) {
  metrics_.open(now_ns);
  builder_->set_metrics(metrics_.status());
}

void Daemon::on_second(std::int64_t now_ns) {
  second_ns_ = now_ns;
  serve_metrics(now_ns);
  builder_->sample(supervisor_->heartbeat());
  const AgentStatus status = builder_->build();
  metrics_.publish(status);
  is_stuck_ = !status.stuck_threads.empty();
  const LossTotals evicted = parts_->losses.totals();
  const std::string& path = setup_.loaded.config.settings.text("status.file");
  if (const auto written = write_status_file(path, status_to_json(status) + "\n"); !written) {
    log_.warning("status file cannot be written; make its directory writable or set status.file",
                 {{"file", path}, {"reason", written.error().message()}});
  }
  notify_.status(systemd_line(status));
  status_log_.on_status(status, evicted, now_ns);
  tell_overflow(now_ns);
  if (status.spool.writer.condemned) end_for_new_spool();
  if (auto entry = heartbeat_.due(status, evicted.values, now_ns)) {
    parts_->queue.push(std::move(*entry));
  }
  log_.on_tick();
}

// Whoever starts us again gets a fresh spool; what is in memory becomes a gap.
void Daemon::end_for_new_spool() {
  if (mailbox_.stop_requested()) return;
  log_.error(
      "the spool is malformed; ending, and the next start sets it aside: wattspoold must be "
      "started again unless a service manager does that",
      {{"spool", setup_.loaded.config.settings.text("spool.path")}});
  mailbox_.request_stop();
}

void Daemon::tell_overflow(std::int64_t now_ns) {
  const std::uint64_t rows = parts_->losses.totals().rows;
  if (rows == evicted_rows_) return;
  const bool begins = evicted_rows_ == 0 || now_ns - evicted_ns_ >= kOverflowPauseNs;
  evicted_rows_ = rows;
  evicted_ns_ = now_ns;
  if (!begins) return;
  SpoolEntry entry;
  entry.rows = parts_->events.rows(
      {overflow_event(setup_.loaded.config.settings.bytes("spool.quota"), clock_.utc_ns() / 1000)});
  parts_->queue.push(std::move(entry));
}

bool Daemon::stop() {
  const std::int64_t begin_ns = clock_.monotonic_ns();
  notify_.stopping();
  std::optional<StopGuard> guard;
  if (setup_.exit_when_stop_hangs) guard.emplace(setup_.stop_limit, log_);
  desk_->close();
  metrics_.close();
  supervisor_->request_stop();
  const auto hung = agent::stop(*parts_, clock_, setup_.stop_limit - kCloseReserve,
                                [&guard](const std::string& step) {
                                  if (guard) guard->enter(step);
                                });
  status_log_.flush(builder_->build(), parts_->losses.totals());
  for (const std::string& thread : hung) {
    log_.error("thread did not end; what it held in memory is a gap", {{"thread", thread}});
  }
  std::remove(setup_.loaded.config.settings.text("status.file").c_str());
  const std::string error = parts_->writer->status().last_error;
  if (!error.empty()) log_.error("the last commit failed", {{"reason", error}});
  if (hung.empty()) {
    // Closes the spool, within the guard's time.
    parts_->forwarder.reset();
    parts_->writer.reset();
  }
  const auto took_ms = (clock_.monotonic_ns() - begin_ns) / kNsPerMs;
  log_.info("wattspoold stopped", {{"took_ms", std::to_string(took_ms)}});
  return hung.empty() && error.empty();
}

}  // namespace agent
