// SPDX-License-Identifier: Apache-2.0
#include "agent/config/kafka_profile.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "agent/kafka/settings.h"

namespace agent {
namespace {

constexpr std::string_view kProtocol = "kafka.security.protocol";
constexpr std::string_view kMechanism = "kafka.security.sasl_mechanism";
constexpr std::string_view kUsername = "kafka.security.username";
constexpr std::string_view kPassword = "kafka.security.password_file";
constexpr std::string_view kCertificate = "kafka.security.certificate_file";
constexpr std::string_view kKey = "kafka.security.key_file";
constexpr std::string_view kDelivery = "forward.delivery";
constexpr std::string_view kNoTransactions = "Event Hubs' standard tier has no transactions";

// Both are librdkafka's defaults since 2.0; written down, they cannot be switched off beside it.
constexpr std::pair<std::string_view, std::string_view> kTlsChecks[] = {
    {"enable.ssl.certificate.verification", "true"},
    {"ssl.endpoint.identification.algorithm", "https"},
};

// Event Hubs: request timeouts below 20 s are not answered in time, connections that are idle for
// 240 s are dropped without a word, a request above 1,046,528 bytes ends the connection, and
// compressed batches are not for every tier (learn.microsoft.com, "Recommended configurations for
// Apache Kafka clients"). The socket waits longer than the request, so that its answer is heard.
std::vector<KafkaProfile> make_profiles() {
  return {
      {"plain",
       {{kProtocol, {"sasl_ssl"}, ""}, {kMechanism, {"PLAIN"}, ""}},
       {kUsername, kPassword},
       {}},
      {"scram",
       {{kProtocol, {"sasl_ssl"}, ""}, {kMechanism, {"SCRAM-SHA-512", "SCRAM-SHA-256"}, ""}},
       {kUsername, kPassword},
       {}},
      {"mtls", {{kProtocol, {"ssl"}, ""}}, {kCertificate, kKey}, {}},
      {"confluent-cloud",
       {{kProtocol, {"sasl_ssl"}, ""}, {kMechanism, {"PLAIN"}, ""}},
       {kUsername, kPassword},
       {{"socket.keepalive.enable", "true"}}},
      {"event-hubs",
       {{kProtocol, {"sasl_ssl"}, ""},
        {kMechanism, {"PLAIN"}, ""},
        {kUsername, {"$ConnectionString"}, ""},
        {kDelivery, {"at_least_once"}, kNoTransactions}},
       {kPassword},
       {{"compression.codec", "none"},
        {"message.max.bytes", "1000000"},
        {"request.timeout.ms", "30000"},
        {"socket.timeout.ms", "60000"},
        {"socket.keepalive.enable", "true"},
        {"connections.max.idle.ms", "180000"},
        {"metadata.max.age.ms", "180000"},
        {"topic.metadata.refresh.interval.ms", "180000"}}},
      {"redpanda",
       {{kProtocol, {"sasl_ssl", "sasl_plaintext"}, ""},
        {kMechanism, {"SCRAM-SHA-256", "SCRAM-SHA-512"}, ""}},
       {kUsername, kPassword},
       {}},
  };
}

const KafkaProfile* find_profile(std::string_view name) {
  const auto profiles = kafka_profiles();
  const auto at = std::ranges::find(profiles, name, &KafkaProfile::name);
  return at == profiles.end() ? nullptr : &*at;
}

// Under librdkafka's own name and spelling; what the table refuses is told elsewhere.
KafkaSettings as_checked(const PassThrough& entry) {
  auto checked = check_kafka_settings({{entry.name, entry.value}});
  return checked ? std::move(*checked) : KafkaSettings{{entry.name, entry.value}};
}

class Application {
 public:
  Application(Config& config, const KafkaProfile& profile)
      : config_(config), profile_(profile), place_(config.settings.get("kafka.profile").origin) {}

  std::vector<ConfigIssue> run() {
    for (const ProfileKey& key : profile_.keys) decide(key);
    for (const std::string_view path : profile_.needs) demand(path);
    forbid_other_credentials();
    if (config_.settings.text(kProtocol).find("ssl") != std::string::npos) {
      for (const auto& [name, value] : kTlsChecks) give(name, value);
    }
    for (const auto& [name, value] : profile_.settings) give(name, value);
    return std::move(issues_);
  }

 private:
  std::string who() const {
    return fmt::format("kafka.profile \"{}\" at {}", profile_.name, place_.to_string());
  }
  Origin origin() const { return {who(), 0, 0}; }

  void decide(const ProfileKey& key) {
    const Setting& given = config_.settings.get(key.path);
    const bool fits = std::ranges::find(key.values, given.text) != key.values.end();
    if (given.is_set && fits) return;
    if (given.is_set) {
      issues_.push_back(
          {given.origin,
           fmt::format("{}: \"{}\" contradicts {}, which sets \"{}\"{}; leave one of them out",
                       key.path, given.text, who(), fmt::join(key.values, "\" or \""),
                       key.reason.empty() ? "" : fmt::format(" ({})", key.reason))});
    }
    config_.settings.set(key.path, {std::string(key.values.front()), 0, {}, origin(), false});
  }

  void demand(std::string_view path) {
    if (!config_.settings.text(path).empty()) return;
    issues_.push_back(
        {place_, fmt::format("{}: missing; kafka.profile \"{}\" needs it", path, profile_.name)});
  }

  // Of the profile without SASL: a user beside it would be ignored.
  void forbid_other_credentials() {
    if (profile_.name != "mtls") return;
    for (const std::string_view path : {kMechanism, kUsername, kPassword}) {
      const Setting& given = config_.settings.get(path);
      if (given.text.empty()) continue;
      issues_.push_back({given.origin, fmt::format("{}: contradicts {}, which has no user; leave "
                                                   "one of them out",
                                                   path, who())});
      config_.settings.set(path, {"", 0, {}, origin(), false});
    }
  }

  void give(std::string_view name, std::string_view value) {
    for (const PassThrough& entry : config_.kafka) {
      for (const auto& [other_name, other_value] : as_checked(entry)) {
        if (other_name != name) continue;
        if (other_value == value) return;
        issues_.push_back(
            {entry.origin, fmt::format("[kafka.settings] {}: \"{}\" contradicts {}, which sets "
                                       "\"{}\"; leave one of them out",
                                       name, other_value, who(), value)});
      }
    }
    config_.kafka_profile.push_back({std::string(name), std::string(value), origin()});
  }

  Config& config_;
  const KafkaProfile& profile_;
  const Origin place_;
  std::vector<ConfigIssue> issues_;
};

}  // namespace

std::span<const KafkaProfile> kafka_profiles() {
  static const std::vector<KafkaProfile> kProfiles = make_profiles();
  return kProfiles;
}

std::vector<ConfigIssue> apply_kafka_profile(Config& config) {
  const KafkaProfile* const profile = find_profile(config.settings.text("kafka.profile"));
  if (profile == nullptr) return {};
  return Application(config, *profile).run();
}

std::string kafka_profile_note(const Config& config) {
  const KafkaProfile* const profile = find_profile(config.settings.text("kafka.profile"));
  if (profile == nullptr) return {};
  const auto at = std::ranges::find(profile->keys, kDelivery, &ProfileKey::path);
  if (at == profile->keys.end()) return {};
  return fmt::format(
      "kafka.profile {}: delivery is {}, because {}; what was in flight at a crash may come twice",
      profile->name, at->values.front(), at->reason);
}

}  // namespace agent
