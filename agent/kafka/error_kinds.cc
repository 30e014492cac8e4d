// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/error_kinds.h"

#include "agent/kafka/rdkafka_c.h"

namespace agent {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

bool is_fenced(int code) {
  return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
         code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED;
}

bool is_purged(int code) {
  return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

bool is_queue_full(int code) { return code == RD_KAFKA_RESP_ERR__QUEUE_FULL; }

bool is_denied_transactional_id(int code) {
  return code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

bool is_about_broker_certificate(std::string_view detail) {
  return contains(detail, "certificate could not be verified") ||
         contains(detail, "certificate verify failed");
}

// An alert is what the broker says of us; all else is what we found.
bool is_about_our_certificate(std::string_view detail) {
  return contains(detail, "SSL alert number 4") || contains(detail, "alert certificate required");
}

bool is_refused_access(int code, std::string_view detail) {
  return code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
         code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
         is_about_broker_certificate(detail) || is_about_our_certificate(detail);
}

}  // namespace agent
