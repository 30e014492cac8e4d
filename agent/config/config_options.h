// SPDX-License-Identifier: Apache-2.0
// From the configuration to the small options struct that each part takes.
#pragma once

#include <string>

#include "agent/config/config_load.h"
#include "agent/forward/forwarder.h"
#include "agent/kafka/settings.h"
#include "agent/pipeline/pipeline.h"
#include "agent/spool/spool_writer.h"
#include "buffer/spool.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace agent {

// Room in the quota beside the rings: indexes, state, the free pages of a turning ring.
inline constexpr std::uint64_t kSpoolReserveBytes = 8ull << 20;

proto::InstrumentId instrument_id(const Settings& instrument);
std::string instrument_socket(const Settings& instrument);  // the path of port = "unix:<path>"

// Of an instrument that no [[instrument]] names: defaults, and what the top of the file says.
Settings discovered_instrument(const Config& config, const proto::InstrumentId& id);
// For so many instruments more the quota is large enough.
std::size_t rings_to_spare(const Config& config);

PipelineOptions pipeline_options(const Config& config, const Settings& instrument);
buffer::SpoolOptions spool_options(const Config& config);
SpoolWriterOptions spool_writer_options(const Config& config);
// What librdkafka is given; bare names of secret files in [kafka.settings] are credentials, too.
// Reads the secret files; their text ends up here and nowhere else.
proto::Result<KafkaSettings> kafka_settings(const Config& config, const Credentials& credentials);
proto::Result<ForwarderOptions> forwarder_options(const Config& config,
                                                  const Credentials& credentials);

}  // namespace agent
