// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_options.h"

#include <cmath>
#include <utility>

#include "agent/config/config_reader.h"
#include "agent/config/pass_through.h"
#include "agent/config/secret_file.h"
#include "agent/version.h"

namespace agent {
namespace {

std::optional<std::string> optional_text(const Settings& settings, std::string_view path) {
  const std::string& text = settings.text(path);
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

void add_text(KafkaSettings& out, const Settings& settings, std::string_view path,
              std::string_view name) {
  if (!settings.text(path).empty()) out.emplace_back(name, settings.text(path));
}

// A credential becomes the path of its file.
proto::Result<void> add_file(KafkaSettings& out, const std::string& file,
                             const Credentials& credentials, std::string_view name) {
  if (file.empty()) return {};
  auto path = secret_path(file, credentials);
  if (!path) return tl::unexpected(path.error());
  out.emplace_back(name, std::move(*path));
  return {};
}

}  // namespace

proto::InstrumentId instrument_id(const Settings& instrument) {
  const std::string& id = instrument.text("id");
  const auto slash = id.find('/');
  return {id.substr(0, slash), id.substr(slash + 1)};
}

std::string instrument_socket(const Settings& instrument) {
  constexpr std::string_view kScheme = "unix:";
  return instrument.text("port").substr(kScheme.size());
}

Settings discovered_instrument(const Config& config, const proto::InstrumentId& id) {
  Settings settings = instrument_defaults(config.settings, {"discovered", 0, 0});
  settings.set("id", {id.to_string(), 0, {}, {"discovered", 0, 0}, false});
  settings.set("port", {"usb", 0, {}, {"discovered", 0, 0}, false});
  return settings;
}

std::size_t rings_to_spare(const Config& config) {
  std::uint64_t taken = kSpoolReserveBytes;
  for (const Settings& instrument : config.instruments) taken += instrument.bytes("memory.ring");
  const std::uint64_t quota = config.settings.bytes("spool.quota");
  return quota <= taken ? 0 : (quota - taken) / config.settings.bytes("memory.ring");
}

PipelineOptions pipeline_options(const Config& config, const Settings& instrument) {
  const Settings& settings = config.settings;
  PipelineOptions options;
  options.topic_prefix = settings.text("topics.prefix");
  options.agent_id = settings.text("agent.id");
  options.version = std::string(version());
  options.site = optional_text(settings, "agent.site");
  options.bench = optional_text(settings, "agent.bench");
  options.bench_class = optional_text(settings, "agent.bench_class");
  options.telemetry_rate_hz = instrument.amount("telemetry.rate");
  const std::string& waveform = instrument.text("waveform.rate");
  options.waveform = waveform == "off"    ? WaveformMode::kOff
                     : waveform == "full" ? WaveformMode::kFull
                                          : WaveformMode::kDecimated;
  options.waveform_rate_hz = instrument.amount("waveform.rate");
  options.zstd_level = static_cast<int>(std::lround(instrument.amount("waveform.zstd_level")));
  options.current_inverted = instrument.text("current_sign") == "inverted";
  return options;
}

buffer::SpoolOptions spool_options(const Config& config) {
  buffer::SpoolOptions options;
  options.path = config.settings.text("spool.path");
  options.quota_bytes = config.settings.bytes("spool.quota");
  return options;
}

SpoolWriterOptions spool_writer_options(const Config& config) {
  return {.commit_interval = config.settings.milliseconds("spool.commit_interval")};
}

proto::Result<KafkaSettings> kafka_settings(const Config& config, const Credentials& credentials) {
  const Settings& settings = config.settings;
  KafkaSettings raw;
  if (!settings.list("kafka.brokers").empty()) {
    raw.emplace_back("bootstrap.servers", joined(settings.list("kafka.brokers")));
  }
  add_text(raw, settings, "kafka.security.protocol", "security.protocol");
  add_text(raw, settings, "kafka.security.ca_file", "ssl.ca.location");
  add_text(raw, settings, "kafka.security.certificate_file", "ssl.certificate.location");
  add_text(raw, settings, "kafka.security.sasl_mechanism", "sasl.mechanism");
  add_text(raw, settings, "kafka.security.username", "sasl.username");
  for (const auto& [path, name] :
       {std::pair{"kafka.security.key_file", "ssl.key.location"},
        std::pair{"kafka.security.key_password_file", "ssl.key.password_file"},
        std::pair{"kafka.security.password_file", "sasl.password_file"}}) {
    const auto added = add_file(raw, settings.text(path), credentials, name);
    if (!added) return tl::unexpected(added.error());
  }
  for (const PassThrough& entry : config.kafka) {
    auto value = pass_through_value(entry, credentials);
    if (!value) return tl::unexpected(value.error());
    raw.emplace_back(entry.name, std::move(*value));
  }
  auto checked = check_kafka_settings(raw);
  if (!checked) return checked;
  for (const PassThrough& entry : config.kafka_profile) {
    checked->emplace_back(entry.name, entry.value);
  }
  return checked;
}

proto::Result<ForwarderOptions> forwarder_options(const Config& config,
                                                  const Credentials& credentials) {
  const Settings& settings = config.settings;
  ForwarderOptions options;
  options.spool_path = settings.text("spool.path");
  options.agent_id = settings.text("agent.id");
  options.topic_prefix = settings.text("topics.prefix");
  options.delivery = settings.text("forward.delivery") == "exactly_once" ? Delivery::kExactlyOnce
                                                                         : Delivery::kAtLeastOnce;
  options.transaction_interval = settings.milliseconds("forward.transaction_interval");
  options.live_age = settings.milliseconds("forward.live_age");
  options.rate_max_bytes_per_s = settings.bytes("forward.rate_max");
  options.backoff.initial = settings.milliseconds("forward.backoff.initial");
  options.backoff.multiplier = settings.amount("forward.backoff.multiplier");
  options.backoff.max = settings.milliseconds("forward.backoff.max");
  auto kafka = kafka_settings(config, credentials);
  if (!kafka) return tl::unexpected(kafka.error());
  options.kafka = std::move(*kafka);
  return options;
}

}  // namespace agent
