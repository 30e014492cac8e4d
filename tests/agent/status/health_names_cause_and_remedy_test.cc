// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "agent/status/health.h"

namespace agent {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNowUs = 1'795'000'000'000'000;

// Nothing is wrong with it.
AgentStatus well() {
  AgentStatus status;
  status.updated_utc_us = kNowUs;
  status.uptime_s = 86'400;
  InstrumentStatus instrument;
  instrument.id = {"js220", "001234"};
  instrument.state = "streaming";
  status.instruments = {instrument};
  status.spool.writer.totals.quota_bytes = 1'000'000;
  status.kafka.state = "delivering";
  status.kafka.brokers = "kafka1:9092";
  return status;
}

AgentStatus judged(AgentStatus status) {
  judge_health(status);
  return status;
}

void fill_spool(AgentStatus& status, std::uint64_t bytes, double age_s) {
  buffer::LaneTotals& lane = status.spool.writer.totals.lanes[proto::Lane::kTelemetry];
  lane.unacked_bytes = bytes;
  lane.oldest_unacked_us = kNowUs - static_cast<std::int64_t>(age_s * 1e6);
}

void fill_disk(AgentStatus& status) {
  status.spool.path = "/var/lib/wattspool/spool.db";
  status.spool.writer.totals.file_bytes = 12 << 20;
  status.spool.writer.totals.quota_bytes = 10ull << 30;
  status.spool.writer.totals.disk_full = true;
}

TEST(Health, NothingWrongIsHealthy) {
  const AgentStatus status = judged(well());
  EXPECT_EQ(status.health, Health::kHealthy);
  EXPECT_TRUE(status.reasons.empty());
}

struct Cause {
  const char* code;
  Health severity;
  const char* object;
  const char* message;
  void (*make)(AgentStatus&);
};
void PrintTo(const Cause& cause, std::ostream* out) { *out << cause.code; }

class EachCause : public testing::TestWithParam<Cause> {};

TEST_P(EachCause, HasItsCodeObjectAndRemedy) {
  AgentStatus status = well();
  GetParam().make(status);
  judge_health(status);
  EXPECT_EQ(status.health, GetParam().severity);
  ASSERT_EQ(status.reasons.size(), 1u);
  const HealthReason& reason = status.reasons[0];
  EXPECT_EQ(reason.code, GetParam().code);
  EXPECT_THAT(reason.object, HasSubstr(GetParam().object));
  EXPECT_THAT(reason.message, HasSubstr(GetParam().message));
  EXPECT_NE(reason.remedy, "");
}

INSTANTIATE_TEST_SUITE_P(
    Health, EachCause,
    testing::Values(
        Cause{"no_instrument_configured", Health::kDegraded, "instrument",
              "No instrument is configured.", [](AgentStatus& it) { it.instruments.clear(); }},
        Cause{"instrument_absent", Health::kDegraded, "js220/001234",
              "js220/001234 has been absent for 2 h",
              [](AgentStatus& it) {
                it.instruments[0].state = "absent";
                it.instruments[0].state_since_utc_us = kNowUs - 7'200'000'000;
              }},
        Cause{"instrument_busy", Health::kDegraded, "js220/001234",
              "js220/001234 has been in use by another program for 12 min",
              [](AgentStatus& it) {
                it.instruments[0].state = "busy";
                it.instruments[0].state_since_utc_us = kNowUs - 720'000'000;
              }},
        Cause{"instrument_released", Health::kDegraded, "js220/001234",
              "has been released to other programs",
              [](AgentStatus& it) { it.instruments[0].state = "released"; }},
        Cause{"instrument_uncalibrated", Health::kDegraded, "js220/001234", "has been uncalibrated",
              [](AgentStatus& it) { it.instruments[0].state = "uncalibrated"; }},
        Cause{"time_unsynchronised", Health::kDegraded, "js220/001234", "is unsynchronised",
              [](AgentStatus& it) { it.instruments[0].pipeline.time_source = "unsynchronised"; }},
        Cause{"recent_gap", Health::kDegraded, "js220/001234", "has a gap (usb_loss)",
              [](AgentStatus& it) {
                it.instruments[0].pipeline.last_gap_utc_us = kNowUs - 60'000'000;
                it.instruments[0].pipeline.last_gap_reason = "usb_loss";
              }},
        Cause{"losing_data", Health::kCritical, "js220/001234", "has a gap (overrun)",
              [](AgentStatus& it) {
                it.instruments[0].pipeline.last_gap_utc_us = kNowUs - 1'000'000;
                it.instruments[0].pipeline.last_gap_reason = "overrun";
              }},
        Cause{"spool_not_writable", Health::kCritical, "spool.db",
              "The spool cannot be written: no space left.",
              [](AgentStatus& it) {
                it.spool.path = "spool.db";
                it.spool.writer.last_error = "no space left";
              }},
        Cause{"spool_filling", Health::kDegraded, "", "The spool is 90 % full, full in 3 h 10 min",
              [](AgentStatus& it) {
                fill_spool(it, 900'000, 1);
                it.spool.time_to_full_s = 11'400;
              }},
        Cause{"spool_full", Health::kCritical, "",
              "The spool is full: the oldest unsent data is being evicted.",
              [](AgentStatus& it) { fill_spool(it, 990'000, 1); }},
        Cause{"spool_full", Health::kCritical, "",
              "The spool is full: the oldest unsent data is being evicted.",
              [](AgentStatus& it) {  // small rows fill a file with less than its size of payload
                fill_spool(it, 700'000, 1);
                it.spool.last_evicted_unacked_utc_us = kNowUs - 200'000'000;
              }},
        Cause{"spool_disk_full", Health::kDegraded, "/var/lib/wattspool/spool.db",
              "The disk of the spool is full: the file stays at 12 MiB, its quota is 10 GiB; new "
              "data takes the place of the oldest.",
              [](AgentStatus& it) { fill_disk(it); }},
        Cause{"spool_disk_full", Health::kCritical, "/var/lib/wattspool/spool.db",
              "the oldest unsent data is being evicted",
              [](AgentStatus& it) {
                fill_disk(it);
                fill_spool(it, 9 << 20, 1);
                it.spool.last_evicted_unacked_utc_us = kNowUs - 200'000'000;
              }},
        Cause{"no_broker_configured", Health::kDegraded, "kafka.brokers",
              "No broker is configured: data is kept on disk and not sent.",
              [](AgentStatus& it) { it.kafka.state = "no broker configured"; }},
        Cause{"broker_unreachable", Health::kDegraded, "kafka1:9092",
              "Brokers do not take data: no broker can be reached.",
              [](AgentStatus& it) {
                it.kafka.state = "backing off";
                it.kafka.last_error = "no broker can be reached";
              }},
        Cause{"broker_unreachable", Health::kDegraded, "kafka1:9092",
              "Brokers do not take data: connection refused.",
              [](AgentStatus& it) {
                it.kafka.state = "unreachable";
                it.kafka.last_error = "connection refused";
              }},
        Cause{"forwarder_held", Health::kDegraded, "kafka1:9092", "Sending is held: look there.",
              [](AgentStatus& it) {
                it.kafka.state = "held";
                it.kafka.explanation = "look there";
              }},
        Cause{"backlog", Health::kDegraded, "kafka1:9092", "The oldest unsent data is 5 min old.",
              [](AgentStatus& it) { fill_spool(it, 1'000, 300); }},
        Cause{"thread_stuck", Health::kCritical, "forwarder", "Thread forwarder makes no progress.",
              [](AgentStatus& it) { it.stuck_threads = {"forwarder"}; }},
        Cause{"metrics_not_served", Health::kDegraded, "127.0.0.1:19220",
              "Metrics cannot be served at 127.0.0.1:19220: Address already in use.",
              [](AgentStatus& it) {
                it.metrics = {"127.0.0.1:19220", "Address already in use"};
              }},
        Cause{"reload_refused", Health::kDegraded, "configuration",
              "The last reload is not in use, what was before it is: no such key.",
              [](AgentStatus& it) { it.reload_error = "no such key"; }},
        Cause{"restart_needed", Health::kDegraded, "spool.path", "spool.path was changed.",
              [](AgentStatus& it) { it.restart_needed = {"spool.path"}; }}));

TEST(Health, ForgetsAnEvictionOnceTheBacklogIsSent) {
  AgentStatus status = well();
  status.spool.last_evicted_unacked_utc_us = kNowUs - 1'000'000;
  fill_spool(status, 100'000, 1);
  EXPECT_EQ(judged(status).health, Health::kHealthy);
  fill_disk(status);
  EXPECT_EQ(judged(status).health, Health::kDegraded) << "nothing unsent goes any more";
  EXPECT_THAT(judged(status).reasons.at(0).remedy, HasSubstr("df -h /var/lib/wattspool)"));
}

TEST(Health, IsTheWorstOfItsReasonsWhichComesFirst) {
  AgentStatus status = well();
  status.kafka.state = "no broker configured";
  status.spool.writer.last_error = "no space left";
  judge_health(status);
  EXPECT_EQ(status.health, Health::kCritical);
  ASSERT_EQ(status.reasons.size(), 2u);
  EXPECT_EQ(status.reasons[0].code, "spool_not_writable");
}

}  // namespace
}  // namespace agent
