// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/advice.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/kafka/error_kinds.h"
#include "agent/kafka/error_table.h"
#include "agent/kafka/library_version.h"
#include "agent/kafka/rdkafka_c.h"

namespace agent {
namespace {

constexpr std::array<int, 3> kScramMended = {2, 6, 1};

std::string value_of(const KafkaSettings& settings, std::string_view name) {
  const auto at = std::ranges::find(settings, name, &KafkaSettings::value_type::first);
  return at == settings.end() ? std::string() : at->second;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool has_broken_scram(std::string_view version) {
  std::array<int, 3> parts{};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (int& part : parts) {
    const auto parsed = std::from_chars(at, end, part);
    if (parsed.ec != std::errc()) return false;
    at = parsed.ptr == end ? end : parsed.ptr + 1;
  }
  return parts < kScramMended;
}

std::string about_credentials(const KafkaSettings& settings, std::string_view version) {
  const std::string mechanism = value_of(settings, "sasl.mechanism");
  std::string text =
      "check kafka.security.username (" + value_of(settings, "sasl.username") +
      ") and the file of kafka.security.password_file, then systemctl reload wattspoold";
  if (mechanism.starts_with("SCRAM") && has_broken_scram(version)) {
    text += ". If the brokers are Apache Kafka 4.0 or newer, they refuse the SCRAM of librdkafka " +
            std::string(version) +
            " with any password; three ways out: kafka.profile = \"mtls\"; kafka.profile = "
            "\"plain\", a user over TLS; or librdkafka 2.6.1 or newer, as Debian 13 has it";
  }
  return text;
}

std::string about_broker_certificate(const KafkaSettings& settings) {
  const std::string ca = value_of(settings, "ssl.ca.location");
  return "either the authority of the broker's certificate is not in kafka.security.ca_file (" +
         (ca.empty() ? "not set: the system's" : ca) +
         "), or the certificate has expired, or the host in kafka.brokers (" +
         value_of(settings, "bootstrap.servers") +
         ") is not among its names; `openssl s_client -connect HOST:PORT` shows it";
}

std::string about_our_certificate(const KafkaSettings& settings) {
  const std::string file = value_of(settings, "ssl.certificate.location");
  if (file.empty()) {
    return "the broker wants a certificate of ours: set kafka.profile = \"mtls\" with "
           "kafka.security.certificate_file and key_file";
  }
  return "the broker refuses our certificate: it has expired, or its authority is not one that the "
         "broker trusts; look with `openssl x509 -noout -subject -issuer -enddate -in " +
         file + "`, replace it, then systemctl reload wattspoold";
}

bool is_acl(int code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

}  // namespace

std::string kafka_advice(int code, std::string_view detail, const KafkaSettings& checked,
                         std::string_view library_version) {
  if (is_acl(code)) {
    return "an administrator of the cluster must grant it; `wattspool topics create --print-acls` "
           "prints all that the agent needs";
  }
  const bool has_user = !value_of(checked, "sasl.username").empty();
  const bool refused = code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                       code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
  if (refused && has_user) return about_credentials(checked, library_version);
  // The last: a listener without TLS hangs up; so does one that ends at that moment.
  if (contains(detail, "wrong version number") || contains(detail, "packet length too long") ||
      contains(detail, "unexpected eof while reading")) {
    return "what answers there does not speak TLS: check the port in kafka.brokers, or "
           "kafka.security.protocol";
  }
  if (is_about_our_certificate(detail)) return about_our_certificate(checked);
  if (is_about_broker_certificate(detail)) return about_broker_certificate(checked);
  return std::string(kafka_error(code).remedy);
}

std::string kafka_advice(int code, std::string_view detail, const KafkaSettings& checked) {
  return kafka_advice(code, detail, checked, librdkafka_version());
}

}  // namespace agent
