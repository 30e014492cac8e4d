// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_checks.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>

#include "agent/config/config_options.h"
#include "agent/config/pass_through.h"
#include "agent/config/secret_file.h"
#include "agent/config/units.h"
#include "agent/kafka/kafka_errc.h"
#include "agent/kafka/settings_table.h"
#include "proto/ids.h"

namespace agent {
namespace {

constexpr std::size_t kSocketPathMax = 107;  // sockaddr_un

class Checks {
 public:
  Checks(const Config& config, const Credentials& credentials)
      : config_(config), credentials_(credentials) {}

  std::vector<ConfigIssue> run() {
    instruments();
    usb();
    quota();
    brokers();
    security();
    pass_through();
    backoff();
    sockets();
    return std::move(issues_);
  }

 private:
  using Kind = ConfigIssue::Kind;

  static Kind kind_of(const proto::Error& error) {
    return error.code == std::errc::permission_denied ? Kind::kSecretDenied : Kind::kSecret;
  }

  const Settings& top() const { return config_.settings; }

  void issue(const Settings& settings, std::string_view path, std::string message) {
    issues_.push_back({settings.get(path).origin, fmt::format("{}: {}", path, std::move(message))});
  }

  void instruments() {
    std::map<std::string, Origin> seen;
    for (const Settings& instrument : config_.instruments) {
      const std::string& id = instrument.text("id");
      if (id.empty()) {
        issue(instrument, "id", "missing; write id = \"js220/<serial>\"");
        continue;
      }
      const auto [at, is_new] = seen.emplace(id, instrument.get("id").origin);
      if (!is_new) {
        issue(instrument, "id",
              fmt::format("instrument {} is already configured at {}", id, at->second.to_string()));
      }
      if (instrument.text("port").empty()) {
        issue(instrument, "port",
              fmt::format("missing for {}; write port = \"usb\", or \"unix:/path\", the socket "
                          "of `wattspool emulate`",
                          id));
      }
      rates(instrument, id);
    }
  }

  void rates(const Settings& instrument, const std::string& id) {
    const double full_hz = model_value_rate_hz(id.substr(0, id.find('/')));
    if (full_hz == 0) {
      issue(instrument, "id",
            fmt::format("unknown instrument model in \"{}\"; known: js220, js110", id));
      return;
    }
    for (const std::string_view path : {"telemetry.rate", "waveform.rate"}) {
      const double rate_hz = instrument.amount(path);
      if (rate_hz == 0) continue;  // off, full
      const double values = full_hz / rate_hz;
      if (std::fabs(values - std::round(values)) > 1e-9 * values) {
        issue(instrument, path,
              fmt::format("{} does not divide the {} of {} into whole values; near: {}",
                          instrument.text(path), format_quantity(full_hz, UnitKind::kRate), id,
                          format_quantity(full_hz / std::round(values), UnitKind::kRate)));
      }
    }
  }

  void usb() {
    if (top().text("usb.discover") == "off" && !top().list("usb.serials").empty()) {
      issue(top(), "usb.serials", "has no effect with usb.discover = \"off\"");
    }
    for (const std::string& serial : top().list("usb.serials")) {
      if (!proto::is_wire_id(serial)) {
        issue(top(), "usb.serials",
              fmt::format("\"{}\" cannot be the serial of an instrument; write \"001234\", "
                          "without its model",
                          serial));
      }
    }
  }

  void quota() {
    std::uint64_t rings = 0;
    for (const Settings& instrument : config_.instruments) rings += instrument.bytes("memory.ring");
    const std::uint64_t least = rings + kSpoolReserveBytes;
    if (top().bytes("spool.quota") < least) {
      issue(top(), "spool.quota",
            fmt::format("{} is smaller than one commit can be ({}: memory.ring of {} instruments "
                        "and {} beside)",
                        top().text("spool.quota"),
                        format_quantity(static_cast<double>(least), UnitKind::kSize),
                        config_.instruments.size(),
                        format_quantity(kSpoolReserveBytes, UnitKind::kSize)));
    }
  }

  void brokers() {
    for (const std::string& broker : top().list("kafka.brokers")) {
      const auto colon = broker.rfind(':');
      const std::string port = colon == std::string::npos ? "" : broker.substr(colon + 1);
      const bool digits = !port.empty() && port.size() <= 5 &&
                          port.find_first_not_of("0123456789") == std::string::npos;
      if (colon == 0 || !digits || std::stoul(port) == 0 || std::stoul(port) > 65'535) {
        issue(top(), "kafka.brokers", fmt::format("\"{}\" is not host:port", broker));
      }
    }
  }

  void security() {
    const std::string& protocol = top().text("kafka.security.protocol");
    const bool sasl = protocol.rfind("sasl_", 0) == 0;
    const bool tls = protocol.find("ssl") != std::string::npos;
    for (const std::string_view path : {"kafka.security.sasl_mechanism", "kafka.security.username",
                                        "kafka.security.password_file"}) {
      if (sasl && !top().has("kafka.profile") && top().text(path).empty()) {
        issues_.push_back({top().get("kafka.security.protocol").origin,
                           fmt::format("{}: missing; protocol {} needs it", path, protocol)});
      } else if (!sasl && !top().text(path).empty()) {
        issue(top(), path, fmt::format("has no effect with protocol \"{}\"", protocol));
      }
    }
    for (const std::string_view path :
         {"kafka.security.ca_file", "kafka.security.certificate_file", "kafka.security.key_file",
          "kafka.security.key_password_file"}) {
      if (!tls && !top().text(path).empty()) {
        issue(top(), path, fmt::format("has no effect with protocol \"{}\"", protocol));
      }
    }
    if (top().text("kafka.profile") != "mtls" &&
        top().text("kafka.security.certificate_file").empty() !=
            top().text("kafka.security.key_file").empty()) {
      issue(top(), "kafka.security.certificate_file",
            "certificate_file and key_file belong together; set both or none");
    }
    readable("kafka.security.ca_file");
    readable("kafka.security.certificate_file");
    secret("kafka.security.key_file");
    secret("kafka.security.key_password_file");
    secret("kafka.security.password_file");
  }

  void readable(std::string_view path) {
    const std::string& file = top().text(path);
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
      issue(top(), path, fmt::format("cannot read {}: {}", file, std::strerror(errno)));
    }
  }

  void secret(std::string_view path) {
    if (top().text(path).empty()) return;
    const auto file = secret_path(top().text(path), credentials_);
    const auto text =
        file ? read_secret(*file) : proto::Result<std::string>(tl::unexpect, file.error());
    if (text) return;
    issues_.push_back({top().get(path).origin, fmt::format("{}: {}", path, text.error().message()),
                       kind_of(text.error())});
  }

  // One at a time, so that each mistake has its place; then all, for what depends on the others.
  void pass_through() {
    const std::size_t before = issues_.size();
    for (const PassThrough& entry : config_.kafka) {
      const auto value = pass_through_value(entry, credentials_);
      if (!value) {
        pass_through_issue(entry, value.error());
        continue;
      }
      KafkaSettings raw = {{entry.name, *value}};
      if (entry.name != kInsecureKey) raw.emplace_back(kInsecureKey, kInsecureWord);
      const auto checked = check_kafka_settings(raw);
      if (!checked) pass_through_issue(entry, checked.error());
    }
    if (issues_.size() != before || config_.kafka.empty()) return;
    const auto all = kafka_settings(config_, credentials_);
    if (all || all.error().code.category() != kafka_category()) return;
    pass_through_issue(config_.kafka.front(), all.error());
  }

  void pass_through_issue(const PassThrough& entry, const proto::Error& error) {
    issues_.push_back({entry.origin, "[kafka.settings] " + error.message(),
                       names_secret_file(entry.name) ? kind_of(error) : Kind::kMistake});
  }

  void backoff() {
    if (top().amount("forward.backoff.max") < top().amount("forward.backoff.initial")) {
      issue(top(), "forward.backoff.max",
            fmt::format("{} is less than forward.backoff.initial ({})",
                        top().text("forward.backoff.max"), top().text("forward.backoff.initial")));
    }
  }

  void sockets() {
    if (top().text("control.socket").size() > kSocketPathMax) {
      issue(top(), "control.socket",
            fmt::format("is longer than {} bytes, what a socket's path may have", kSocketPathMax));
    }
  }

  const Config& config_;
  const Credentials& credentials_;
  std::vector<ConfigIssue> issues_;
};

}  // namespace

double model_value_rate_hz(std::string_view model) {
  if (model == "js110") return 2e6;
  return model == "js220" ? 1e6 : 0;
}

std::vector<ConfigIssue> check_config(const Config& config, const Credentials& credentials) {
  return Checks(config, credentials).run();
}

}  // namespace agent
