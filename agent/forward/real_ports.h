// SPDX-License-Identifier: Apache-2.0
// The seams of delivery_ports.h for real: a Kafka cluster, and the spool of this process.
#pragma once

#include <functional>
#include <memory>

#include "agent/forward/delivery_ports.h"
#include "agent/forward/forwarder.h"

namespace agent {

// `cancelled` ends the reading of the progress; it is asked often and may count as a heartbeat.
std::unique_ptr<BrokerPort> make_kafka_broker(const ForwarderOptions& options,
                                              std::function<bool()> cancelled);
// Reads on a connection of its own, writes through the writer, which outlives it.
proto::Result<std::unique_ptr<SpoolPort>> open_spool_port(const std::string& path,
                                                          SpoolWriter& writer);

}  // namespace agent
