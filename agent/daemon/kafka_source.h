// SPDX-License-Identifier: Apache-2.0
// What librdkafka is given, read from the files whenever somebody connects: the configuration of
// the start or of the last reload, and the secrets of the moment.
#pragma once

#include <mutex>

#include "agent/config/config_options.h"

namespace agent {

// From any thread.
class KafkaSource {
 public:
  KafkaSource(Config config, Credentials credentials);

  void use(const Config& config);
  // kafka_settings(); its errors.
  proto::Result<KafkaSettings> read() const;

 private:
  const Credentials credentials_;
  mutable std::mutex mutex_;
  Config config_;  // guarded by mutex_
};

}  // namespace agent
