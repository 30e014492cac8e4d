// SPDX-License-Identifier: Apache-2.0
// The shared real broker, for one test: topics of its own, and what an administrator may do to
// them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "agent/kafka/settings.h"

namespace agent {

class RealBroker {
 public:
  static constexpr int kPatienceMs = 60'000;

  RealBroker();
  const KafkaSettings& settings() const { return settings_; }
  // Where a password is asked for: PLAIN, user bench, password right.
  const std::string& sasl_servers() const { return sasl_servers_; }
  // A name that no other test has, also not in a second run.
  static std::string unique(const std::string& base);

  // All wait until the broker shows the change, and fail the test when it does not.
  void create_topic(const std::string& name, int partitions,
                    const std::map<std::string, std::string>& config = {});
  void delete_topic(const std::string& name);
  void add_partitions(const std::string& name, int total);
  // Offsets below are gone, as retention does it.
  void delete_records(const std::string& name, int partition, std::int64_t before);
  // Read uncommitted, markers not counted.
  std::uint64_t record_count(const std::string& name, int partition);

 private:
  void wait_for_partitions(const std::string& name, int partitions);
  KafkaSettings settings_;
  std::string sasl_servers_;
};

}  // namespace agent
