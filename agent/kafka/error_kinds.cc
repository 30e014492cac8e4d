// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/error_kinds.h"

#include "agent/kafka/rdkafka_c.h"

namespace agent {

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

}  // namespace agent
