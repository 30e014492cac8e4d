// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/client_conf.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "agent/kafka/advice.h"
#include "agent/kafka/error_table.h"
#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

// Reconnect 50..1000 ms: first ack 0.4 s after a broker is back, against 2.8 to 9.4 s with the
// library's defaults (measured with 2.0.2). socket.timeout.ms 4 s bounds the wait for a hung
// broker: an open transaction of ours hides other benches' records meanwhile.
const KafkaSettings kConnection = {
    {"socket.timeout.ms", "4000"},       {"socket.connection.setup.timeout.ms", "5000"},
    {"socket.keepalive.enable", "true"}, {"socket.nagle.disable", "true"},
    {"reconnect.backoff.ms", "50"},      {"reconnect.backoff.max.ms", "1000"},
    {"log.connection.close", "false"}};

constexpr std::array<std::string_view, 6> kProducerOnly = {
    "linger.ms",  "compression.codec", "compression.level",
    "batch.size", "message.max.bytes", "request.timeout.ms"};

const char* role_name(rd_kafka_type_t role) {
  return role == RD_KAFKA_PRODUCER ? "producer" : "consumer";
}

// Called on librdkafka's threads.
void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  log_library_line(level, facility, text);
}

proto::Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char text[512] = "";
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) == RD_KAFKA_CONF_OK) {
    return {};
  }
  // The library's text may quote the value.
  const std::string detail = is_secret_setting(name) ? "the value is not accepted" : text;
  return proto::fail(KafkaErrc::kClient, "set kafka." + name + ": " + detail);
}

// librdkafka 2.5 and newer: a client that may push metrics to its brokers asks its own thread for a
// last push as it ends, and then waits for a signal. One that came first is missed: it waits a full
// second, in which nothing is acquired (by its rdkafka_telemetry.c; stops of 1.03 s with 2.8.0).
proto::Result<void> push_no_metrics(rd_kafka_conf_t* conf) {
  const std::string name = "enable.metrics.push";
  std::size_t size = 0;
  const bool is_known = rd_kafka_conf_get(conf, name.c_str(), nullptr, &size) == RD_KAFKA_CONF_OK;
  return is_known ? set(conf, name, "false") : proto::Result<void>();
}

}  // namespace

// Errors reach the operator through the status; the library's own lines are for whoever set
// `debug`.
void log_library_line(int level, const char* facility, const char* text) {
  if (level >= 7) {
    spdlog::info("librdkafka {} {}", facility, text);
  } else {
    spdlog::debug("librdkafka {} {}", facility, text);
  }
}

proto::Result<ConfPtr> make_conf(rd_kafka_type_t role, const KafkaSettings& own,
                                 const KafkaSettings& checked) {
  ConfPtr conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  if (auto done = push_no_metrics(conf.get()); !done) return tl::unexpected(done.error());
  for (const KafkaSettings* settings : {&kConnection, &own, &checked}) {
    for (const auto& [name, value] : *settings) {
      const bool foreign = role == RD_KAFKA_CONSUMER &&
                           std::ranges::find(kProducerOnly, name) != kProducerOnly.end();
      // Per topic: set where the topic's handle is made.
      if (foreign || name == "compression.codec" || name == "compression.level") continue;
      if (auto done = set(conf.get(), name, value); !done) return tl::unexpected(done.error());
    }
  }
  return conf;
}

proto::Result<ClientPtr> make_client(rd_kafka_type_t role, ConfPtr conf) {
  char text[512] = "";
  rd_kafka_t* client = rd_kafka_new(role, conf.get(), text, sizeof text);
  if (client == nullptr) {
    return proto::fail(KafkaErrc::kClient, std::string("make ") + role_name(role) + ": " + text);
  }
  static_cast<void>(conf.release());  // the client owns it now
  return ClientPtr(client);
}

std::string describe_connection_error(int code, std::string_view detail,
                                      const KafkaSettings& checked) {
  std::string text(kafka_error(code).sentence);
  if (!detail.empty()) text += " (" + std::string(detail) + ")";
  const std::string advice = kafka_advice(code, detail, checked);
  if (!advice.empty()) text += "; " + advice;
  return text;
}

}  // namespace agent
