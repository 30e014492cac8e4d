// SPDX-License-Identifier: Apache-2.0
#include "agent/status/health.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>

#include "agent/status/instrument_words.h"
#include "agent/status/words.h"

namespace agent {
namespace {

// A gap stays a reason for this long, so that a check that runs every few minutes sees it.
constexpr double kRecentGapS = 600;
// A caught-up forwarder acks within a second; a backlog of this age is worth a look.
constexpr double kBacklogAgeS = 60;
constexpr double kSpoolFillingRatio = 0.8;
constexpr double kSpoolFullRatio = 0.98;
// Payloads of many small rows fill a file long before they are as large as it: what tells that it
// is full is that unsent data goes. A ring that evicts does so every few seconds to minutes.
constexpr double kEvictedLatelyS = 300;
constexpr double kStillFullRatio = 0.5;
constexpr double kDamageReportedS = 3600;

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

class Judge {
 public:
  explicit Judge(AgentStatus& status) : status_(status) {}

  void run() {
    status_.reasons.clear();
    threads();
    for (const HealthReason& finding : status_.bus_findings) status_.reasons.push_back(finding);
    if (status_.instruments.empty() && status_.discovers) {
      add(Health::kDegraded, "no_instrument", "usb",
          "No instrument is configured, and none is on the USB.",
          "plug one in; it is discovered. lsusb -d 16d0: shows what is there");
    } else if (status_.instruments.empty()) {
      add(Health::kDegraded, "no_instrument_configured", "instrument",
          "No instrument is configured.",
          "add an [[instrument]] to /etc/wattspool/conf.d/50-site.toml, then systemctl restart "
          "wattspoold");
    }
    for (const InstrumentStatus& instrument : status_.instruments) judge(instrument);
    spool();
    kafka();
    if (!status_.metrics.error.empty()) {
      add(Health::kDegraded, "metrics_not_served", status_.metrics.listen,
          fmt::format("Metrics cannot be served at {}: {}.", status_.metrics.listen,
                      status_.metrics.error),
          "ss -ltnp shows who listens there; free it, or change metrics.listen and restart");
    }
    if (!status_.reload_error.empty()) {
      add(Health::kDegraded, "reload_refused", "configuration",
          fmt::format("The last reload is not in use, what was before it is: {}.",
                      status_.reload_error),
          "mend it, then systemctl reload wattspoold");
    }
    for (const std::string& key : status_.restart_needed) {
      add(Health::kDegraded, "restart_needed", key, fmt::format("{} was changed.", key),
          "systemctl restart wattspoold");
    }
    std::stable_sort(status_.reasons.begin(), status_.reasons.end(),
                     [](const auto& a, const auto& b) { return a.severity > b.severity; });
    status_.health = status_.reasons.empty() ? Health::kHealthy : status_.reasons.front().severity;
  }

 private:
  void add(Health severity, std::string code, std::string object, std::string message,
           std::string remedy) {
    status_.reasons.push_back(
        {severity, std::move(code), std::move(object), std::move(message), std::move(remedy)});
  }

  double age_s(std::int64_t utc_us) const {
    return static_cast<double>(status_.updated_utc_us - utc_us) / 1e6;
  }

  void threads() {
    for (const std::string& thread : status_.stuck_threads) {
      add(Health::kCritical, "thread_stuck", thread,
          fmt::format("Thread {} makes no progress.", thread),
          "journalctl -u wattspoold; without progress systemd restarts it");
    }
  }

  void judge(const InstrumentStatus& instrument) {
    const std::string name = instrument.id.to_string();
    if (instrument.state != "streaming") {
      const std::string since = age_text(age_s(instrument.state_since_utc_us));
      std::string message = instrument_sentence(instrument.id, instrument.state, since);
      if (!instrument.explanation.empty()) message += " " + instrument.explanation + ".";
      add(Health::kDegraded, "instrument_" + instrument.state, name, std::move(message),
          instrument_remedy(instrument.id, instrument.state));
    } else {
      time(instrument, name);
    }
    const auto& gap_at = instrument.pipeline.last_gap_utc_us;
    if (gap_at && age_s(*gap_at) < kRecentGapS) {
      const bool overrun = instrument.pipeline.last_gap_reason == "overrun";
      const bool now = overrun && age_s(*gap_at) < 10;
      add(now ? Health::kCritical : Health::kDegraded, now ? "losing_data" : "recent_gap", name,
          fmt::format("{} has a gap ({}), {} ago.", name, instrument.pipeline.last_gap_reason,
                      age_text(age_s(*gap_at))),
          overrun ? "look at the disk: the spool could not be written fast enough"
                  : "wattspool status " + name);
    }
  }

  // It streams; what its times are worth.
  void time(const InstrumentStatus& instrument, const std::string& name) {
    if (instrument.pipeline.time_source == "unsynchronised") {
      add(Health::kDegraded, "time_unsynchronised", name,
          fmt::format("The time of {} is unsynchronised: the host's clock is not set.", name),
          "timedatectl status; set the clock or start a time service. Samples are kept; brokers "
          "delete those of 1970 when they clean up");
    }
  }

  void spool() {
    const SpoolStatus& spool = status_.spool;
    if (!spool.writer.last_error.empty()) {
      add(Health::kCritical, "spool_not_writable", spool.path,
          fmt::format("The spool cannot be written: {}.", spool.writer.last_error),
          "free space or make the disk writable; nothing is lost until memory is full");
    }
    room(spool);
    if (!spool.set_aside.empty() && status_.uptime_s < kDamageReportedS) {
      add(Health::kDegraded, "spool_set_aside", spool.set_aside,
          fmt::format("A damaged spool was set aside: {}.", spool.damage),
          "keep " + spool.set_aside + " and report it; acquisition goes on in a new one");
    }
  }

  // Of the quota, or of what the disk has given.
  void room(const SpoolStatus& spool) {
    const double capacity = static_cast<double>(capacity_bytes(spool));
    const double ratio = capacity == 0 ? 0 : static_cast<double>(unacked_bytes(spool)) / capacity;
    const auto& evicted_at = spool.last_evicted_unacked_utc_us;
    const bool evicts =
        evicted_at && age_s(*evicted_at) < kEvictedLatelyS && ratio >= kStillFullRatio;
    if (spool.writer.totals.disk_full) {
      add(evicts ? Health::kCritical : Health::kDegraded, "spool_disk_full", spool.path,
          fmt::format("The disk of the spool is full: the file stays at {}, its quota is {}; {}.",
                      bytes_text(spool.writer.totals.file_bytes),
                      bytes_text(spool.writer.totals.quota_bytes),
                      evicts ? "the oldest unsent data is being evicted"
                             : "new data takes the place of the oldest"),
          "free space on its file system (df -h " + folder_of(spool.path) + ")" +
              (evicts ? ", or bring the broker back" : ""));
    } else if (evicts || ratio >= kSpoolFullRatio) {
      add(Health::kCritical, "spool_full", spool.path,
          "The spool is full: the oldest unsent data is being evicted.",
          "bring the broker back, or raise spool.quota");
    } else if (ratio >= kSpoolFillingRatio) {
      add(Health::kDegraded, "spool_filling", spool.path,
          fmt::format("The spool is {:.0f} % full{}.", ratio * 100,
                      spool.time_to_full_s ? ", full in " + age_text(*spool.time_to_full_s) : ""),
          "bring the broker back, or raise spool.quota");
    }
  }

  void kafka() {
    const ForwarderStatus& kafka = status_.kafka;
    if (kafka.state == "no broker configured") {
      add(Health::kDegraded, "no_broker_configured", "kafka.brokers",
          "No broker is configured: data is kept on disk and not sent.",
          "set kafka.brokers in /etc/wattspool/conf.d/50-site.toml, then systemctl restart "
          "wattspoold");
    } else if (kafka.state == "held") {
      add(Health::kDegraded, "forwarder_held", kafka.brokers,
          fmt::format("Sending is held: {}.", kafka.explanation),
          kafka.topic_warnings.empty() ? "wattspool status --json" : "wattspool topics create");
    } else if (kafka.state == "backing off" || kafka.state == "unreachable") {
      add(Health::kDegraded, "broker_unreachable", kafka.brokers,
          fmt::format("Brokers do not take data: {}.", kafka.last_error),
          kafka.explanation.empty() ? "check kafka.brokers and the network; data is kept on disk"
                                    : kafka.explanation);
    } else if (const auto oldest = oldest_unacked_us(status_.spool);
               oldest && age_s(*oldest) > kBacklogAgeS) {
      add(Health::kDegraded, "backlog", kafka.brokers,
          fmt::format("The oldest unsent data is {} old.", age_text(age_s(*oldest))),
          "wait for the backlog to drain; wattspool status --watch");
    }
    if (!kafka.quarantined.empty()) {
      add(Health::kDegraded, "batches_quarantined", kafka.quarantined.front().ce_id,
          fmt::format("{} batches are quarantined: {}.", kafka.quarantined.size(),
                      kafka.quarantined.front().reason),
          "wattspool status --json");
    }
    // What holds the sending comes first; a line for each missing topic would bury it.
    if (kafka.state == "held") return;
    for (const std::string& warning : kafka.topic_warnings) {
      const bool says_it_itself = warning.find("`wattspool") != std::string::npos;
      add(Health::kDegraded, "topic_warning", kafka.brokers, warning,
          says_it_itself ? "" : "wattspool topics create");
    }
  }

  AgentStatus& status_;
};

}  // namespace

void judge_health(AgentStatus& status) { Judge(status).run(); }

}  // namespace agent
