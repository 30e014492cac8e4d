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

proto::InstrumentId instrument_id(const Settings& instrument);
std::string instrument_socket(const Settings& instrument);  // the path of port = "unix:<path>"

PipelineOptions pipeline_options(const Config& config, const Settings& instrument);
buffer::SpoolOptions spool_options(const Config& config);
SpoolWriterOptions spool_writer_options(const Config& config);
// What librdkafka is given. Reads the secret files; their text ends up here and nowhere else.
proto::Result<KafkaSettings> kafka_settings(const Config& config,
                                            const std::string& credentials_directory);
proto::Result<ForwarderOptions> forwarder_options(const Config& config,
                                                  const std::string& credentials_directory);

}  // namespace agent
