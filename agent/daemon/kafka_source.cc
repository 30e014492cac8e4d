// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/kafka_source.h"

#include <utility>

namespace agent {

KafkaSource::KafkaSource(Config config, Credentials credentials)
    : credentials_(std::move(credentials)), config_(std::move(config)) {}

void KafkaSource::use(const Config& config) {
  const std::lock_guard lock(mutex_);
  config_ = config;
}

proto::Result<KafkaSettings> KafkaSource::read() const {
  const std::lock_guard lock(mutex_);
  return kafka_settings(config_, credentials_);
}

}  // namespace agent
