// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/metrics_desk.h"

#include <utility>

#include "agent/metrics/metrics.h"

namespace agent {

MetricsDesk::MetricsDesk(std::string listen, Log& log) : listen_(std::move(listen)), log_(log) {}

void MetricsDesk::open(std::int64_t now_ns) {
  if (endpoint_ || listen_ == "off") return;
  if (!error_.empty() && now_ns - tried_ns_ < kRetryNs) return;
  tried_ns_ = now_ns;
  auto opened = MetricsEndpoint::open(listen_);
  if (opened) {
    endpoint_ = std::move(*opened);
    error_.clear();
    log_.info("metrics are served", {{"address", endpoint_->address()}});
    return;
  }
  const std::string error = opened.error().code.message();
  if (error == error_) return;
  error_ = error;
  log_.warning(
      "metrics are not served, all else goes on; free the address or change metrics.listen",
      {{"address", listen_}, {"reason", error}});
}

void MetricsDesk::publish(const AgentStatus& status) {
  if (endpoint_) endpoint_->publish(metric_families(status));
}

MetricsStatus MetricsDesk::status() const {
  return {endpoint_ ? endpoint_->address() : listen_, error_};
}

}  // namespace agent
