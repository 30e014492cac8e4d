// SPDX-License-Identifier: Apache-2.0
// Keeps the metrics' endpoint open and fed. An address that cannot be had is said and tried again;
// the daemon acquires without it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/log/log.h"
#include "agent/metrics/metrics_endpoint.h"
#include "agent/status/agent_status.h"

namespace agent {

// One thread. The log outlives it.
class MetricsDesk {
 public:
  // An address that another program holds is tried again this often.
  static constexpr std::int64_t kRetryNs = 10'000'000'000;

  // `listen`: metrics.listen, an address or "off".
  MetricsDesk(std::string listen, Log& log);

  // When it is due; about once a second.
  void open(std::int64_t now_ns);
  void publish(const AgentStatus& status);
  MetricsStatus status() const;
  void close() { endpoint_.reset(); }

 private:
  const std::string listen_;
  Log& log_;
  std::unique_ptr<MetricsEndpoint> endpoint_;
  std::int64_t tried_ns_ = 0;
  std::string error_;  // of the last try; empty: it is open, or off
};

}  // namespace agent
