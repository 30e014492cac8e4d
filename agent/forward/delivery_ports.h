// SPDX-License-Identifier: Apache-2.0
// The two seams of the delivery engine: the spool as the forwarder sees it, and the cluster. Tests
// have models of both.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/forward/progress_reader.h"
#include "agent/forward/topic_check.h"
#include "agent/kafka/producer.h"
#include "buffer/spool_reader.h"
#include "proto/result.h"

namespace agent {

// One thread. Reads see what is durable; acks and state become durable with a later commit.
class SpoolPort {
 public:
  virtual ~SpoolPort() = default;

  // As in buffer::SpoolReader.
  virtual proto::Result<std::vector<buffer::Row>> read(proto::Lane lane, buffer::Position after,
                                                       const buffer::ReadLimits& limits) = 0;
  virtual proto::Result<std::vector<buffer::RowMeta>> read_meta(proto::Lane lane,
                                                                buffer::Position after,
                                                                std::uint32_t rows_max) = 0;
  virtual proto::Result<std::vector<buffer::LatestValue>> unsent_latest(
      std::uint32_t values_max) = 0;
  virtual proto::Result<buffer::Position> watermark(proto::Lane lane) = 0;
  virtual proto::Result<std::optional<std::string>> state(const std::string& key) = 0;
  virtual proto::Result<std::map<std::string, std::string>> state_with_prefix(
      const std::string& prefix) = 0;

  // As in SpoolWriter. Once pin() returned, no commit evicts the rows.
  virtual void ack(const buffer::LaneAck& ack) = 0;
  virtual void ack_latest(const buffer::LatestAck& ack) = 0;
  virtual void pin(proto::Lane lane, buffer::Position from, buffer::Position through) = 0;
  virtual void unpin(proto::Lane lane) = 0;
  virtual void set_state(buffer::StateChange change) = 0;
};

// One thread.
class BrokerPort {
 public:
  virtual ~BrokerPort() = default;
  // Reads settings, secrets and files anew; all calls below use them from then on. True: a producer
  // made of them would differ from the last one that was made. An error: they cannot be read, and
  // those of before stay.
  virtual proto::Result<bool> renew() = 0;
  virtual const KafkaSettings& settings() const = 0;
  virtual proto::Result<TopicCheck> check_topics() = 0;
  virtual proto::Result<std::unique_ptr<Producer>> make_producer() = 0;
  virtual proto::Result<FoundProgress> read_progress(const ProgressOffsets& from) = 0;
};

}  // namespace agent
