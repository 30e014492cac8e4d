// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_keys.h"

#include <algorithm>
#include <array>

namespace agent {
namespace {

constexpr double kMs = 1;
constexpr double kS = 1'000;
constexpr double kMin = 60 * kS;
constexpr double kHour = 60 * kMin;
constexpr double kDay = 24 * kHour;
constexpr double kKiB = 1024;
constexpr double kMiB = 1024 * kKiB;
constexpr double kGiB = 1024 * kMiB;
constexpr double kTiB = 1024 * kGiB;

using enum KeyType;
using enum Apply;

constexpr std::array kKeys = {
    KeySpec{"agent.id", kWireId, "", 0, 0, "", kRestart,
            "name of this agent on the wire; default: the host's name"},
    KeySpec{"agent.site", kText, "", 0, 0, "", kRestart, "where the bench stands"},
    KeySpec{"agent.bench", kText, "", 0, 0, "", kRestart, "name of the bench"},
    KeySpec{"agent.bench_class", kText, "", 0, 0, "", kRestart, "kind of bench, to group by"},
    KeySpec{"spool.path", kPath, "/var/lib/wattspool/spool.db", 0, 0, "", kRestart,
            "the spool's file"},
    KeySpec{"spool.quota", kSize, "10GiB", 16 * kMiB, 64 * kTiB, "", kRestart,
            "size that the spool's file may reach; then the oldest rows are evicted"},
    KeySpec{"spool.commit_interval", kDuration, "100ms", 10 * kMs, 10 * kS, "", kRestart,
            "time between two commits (fsync each)"},
    KeySpec{"memory.ring", kSize, "8MiB", 1 * kMiB, 1 * kGiB, "", kRestart,
            "sealed bytes that one instrument may hold in memory while the disk stalls"},
    KeySpec{"telemetry.rate", kRate, "10Hz", 0.1, 1000, "", kRestart, "telemetry records a second"},
    KeySpec{"waveform.rate", kWaveformRate, "1kHz", 1, 100'000, "", kRestart,
            "off, the rate after decimation, or full"},
    KeySpec{"waveform.zstd_level", kInteger, "1", 1, 19, "", kRestart,
            "compression level of waveform batches"},
    KeySpec{"waveform.words", kChoice, "raw", 0, 0, "raw calibrated", kRestart,
            "full-rate rows of a JS110: its raw words, or current, voltage and range"},
    KeySpec{"current_sign", kChoice, "measured", 0, 0, "measured inverted", kRestart,
            "inverted flips the sign of current in telemetry and run sums"},
    KeySpec{"usb.discover", kChoice, "auto", 0, 0, "auto off", kRestart,
            "auto: instruments on the bus are read though no [[instrument]] names them"},
    KeySpec{"usb.serials", kTextList, "", 0, 0, "", kRestart,
            "serials of those that are discovered; none: all"},
    KeySpec{"kafka.brokers", kTextList, "", 0, 0, "", kRestart,
            "bootstrap brokers, host:port; none: acquire and keep"},
    KeySpec{"kafka.profile", kChoice, "", 0, 0,
            "plain scram mtls confluent-cloud event-hubs redpanda", kRestart,
            "kind of broker: decides how it is spoken to and with which settings"},
    KeySpec{"kafka.security.protocol", kChoice, "plaintext", 0, 0,
            "plaintext ssl sasl_plaintext sasl_ssl", kReload, "how brokers are spoken to"},
    KeySpec{"kafka.security.ca_file", kPath, "", 0, 0, "", kReload,
            "certificates that a broker's is checked against; default: the system's"},
    KeySpec{"kafka.security.certificate_file", kPath, "", 0, 0, "", kReload,
            "the client's certificate (mutual TLS)"},
    KeySpec{"kafka.security.key_file", kSecretFile, "", 0, 0, "", kReload,
            "the client's private key (mutual TLS)"},
    KeySpec{"kafka.security.key_password_file", kSecretFile, "", 0, 0, "", kReload,
            "file that holds the password of key_file"},
    KeySpec{"kafka.security.sasl_mechanism", kChoice, "", 0, 0, "PLAIN SCRAM-SHA-256 SCRAM-SHA-512",
            kReload, "needed with sasl_plaintext and sasl_ssl"},
    KeySpec{"kafka.security.username", kText, "", 0, 0, "", kReload, "SASL user name"},
    KeySpec{"kafka.security.password_file", kSecretFile, "", 0, 0, "", kReload,
            "file that holds the SASL password"},
    KeySpec{"kafka.settings", kAnyTable, "", 0, 0, "", kRestart,
            "further librdkafka settings, from a checked list"},
    KeySpec{"forward.delivery", kChoice, "exactly_once", 0, 0, "exactly_once at_least_once",
            kRestart, "exactly_once needs a broker with transactions"},
    KeySpec{"forward.transaction_interval", kDuration, "200ms", 10 * kMs, 1 * kMin, "", kRestart,
            "age at which a transaction is committed"},
    KeySpec{"forward.live_age", kDuration, "10s", 1 * kS, 1 * kHour, "", kRestart,
            "records older than this are marked backfill"},
    KeySpec{"forward.rate_max", kByteRate, "off", 10 * kKiB, 10 * kGiB, "", kRestart,
            "cap on bytes a second to the brokers, or off"},
    KeySpec{"forward.backoff.initial", kDuration, "100ms", 10 * kMs, 1 * kMin, "", kRestart,
            "upper bound of the first delay after a failure"},
    KeySpec{"forward.backoff.multiplier", kNumber, "2.0", 1, 10, "", kRestart,
            "growth of that bound from failure to failure"},
    KeySpec{"forward.backoff.max", kDuration, "30s", 100 * kMs, 1 * kDay, "", kRestart,
            "upper bound of any delay"},
    KeySpec{"topics.prefix", kPrefix, "bench.", 0, 0, "", kRestart, "what topic names begin with"},
    KeySpec{"control.socket", kPath, "/run/wattspool/control.sock", 0, 0, "", kRestart,
            "the socket that wattspool talks to"},
    KeySpec{"status.file", kPath, "", 0, 0, "", kRestart,
            "status, written once a second; default: status.json beside control.socket"},
    KeySpec{"metrics.listen", kListen, "127.0.0.1:19220", 0, 0, "", kRestart,
            "address and port where Prometheus gets metrics, without a password; or off"},
    KeySpec{"log.level", kChoice, "info", 0, 0, "debug info warning error", kReload,
            "least severity that is logged"},
    KeySpec{"log.format", kChoice, "text", 0, 0, "text json", kReload, "form of a log line"},
};

constexpr std::array kInstrumentKeys = {
    KeySpec{"id", kInstrumentId, "", 0, 0, "", kRestart, "model/serial, for example js220/001234"},
    KeySpec{"port", kPort, "", 0, 0, "", kRestart,
            "usb; or unix:/path, the socket of an emulated instrument"},
    KeySpec{"memory.ring", kSize, "", 1 * kMiB, 1 * kGiB, "", kRestart, "overrides memory.ring"},
    KeySpec{"telemetry.rate", kRate, "", 0.1, 1000, "", kRestart, "overrides telemetry.rate"},
    KeySpec{"waveform.rate", kWaveformRate, "", 1, 100'000, "", kRestart,
            "overrides waveform.rate"},
    KeySpec{"waveform.zstd_level", kInteger, "", 1, 19, "", kRestart,
            "overrides waveform.zstd_level"},
    KeySpec{"waveform.words", kChoice, "", 0, 0, "raw calibrated", kRestart,
            "overrides waveform.words"},
    KeySpec{"current_sign", kChoice, "", 0, 0, "measured inverted", kRestart,
            "overrides current_sign"},
};

}  // namespace

std::span<const KeySpec> config_keys() { return kKeys; }
std::span<const KeySpec> instrument_keys() { return kInstrumentKeys; }

const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view path) {
  const auto at =
      std::find_if(keys.begin(), keys.end(), [&](const KeySpec& key) { return key.path == path; });
  return at == keys.end() ? nullptr : &*at;
}

}  // namespace agent
