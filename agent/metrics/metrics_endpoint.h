// SPDX-License-Identifier: Apache-2.0
// http://ADDRESS/metrics. Serves what was published last, from threads of its own: a scrape waits
// for no part of the agent, and no part of the agent waits for a scrape.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/metrics/metric.h"
#include "proto/result.h"

namespace agent {

class MetricsEndpoint {
 public:
  // `listen`: IPv4 address and port; port 0 takes a free one. Error: the system's, of binding.
  static proto::Result<std::unique_ptr<MetricsEndpoint>> open(const std::string& listen);
  // A request in hand may hold it up for two seconds.
  ~MetricsEndpoint();

  void publish(const std::vector<MetricFamily>& families);  // from one thread
  const std::string& address() const { return address_; }   // "127.0.0.1:19220"

 private:
  struct Impl;
  MetricsEndpoint(std::unique_ptr<Impl> impl, std::string address);

  std::unique_ptr<Impl> impl_;
  const std::string address_;
};

}  // namespace agent
