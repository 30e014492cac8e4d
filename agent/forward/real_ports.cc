// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/real_ports.h"

#include <chrono>
#include <utility>

#include "agent/kafka/rd_producer.h"
#include "proto/topics.h"

namespace agent {
namespace {

// An absent broker is found out within that; the daemon must be able to stop meanwhile.
constexpr std::chrono::milliseconds kTopicsTimeout{3'000};
constexpr std::chrono::milliseconds kProgressTimeout{30'000};

class KafkaBroker final : public BrokerPort {
 public:
  KafkaBroker(const ForwarderOptions& options, std::function<bool()> cancelled)
      : options_(options), cancelled_(std::move(cancelled)) {}

  proto::Result<TopicCheck> check_topics() override {
    return agent::check_topics(options_.kafka, options_.agent_id, options_.topic_prefix,
                               kTopicsTimeout);
  }

  proto::Result<std::unique_ptr<Producer>> make_producer() override {
    RdProducerOptions options;
    options.settings = options_.kafka;
    options.agent_id = options_.agent_id;
    options.transactional = options_.delivery == Delivery::kExactlyOnce;
    options.uncompressed_topics = {
        proto::topic_name(options_.topic_prefix, proto::Topic::kWaveform)};
    return make_rd_producer(options);
  }

  proto::Result<FoundProgress> read_progress(const ProgressOffsets& from) override {
    ProgressQuery query;
    query.kafka = options_.kafka;
    query.topic = proto::topic_name(options_.topic_prefix, proto::Topic::kProgress);
    query.agent_id = options_.agent_id;
    query.from = from;
    query.timeout = kProgressTimeout;
    query.cancelled = cancelled_;
    return agent::read_progress(query);
  }

 private:
  const ForwarderOptions options_;
  const std::function<bool()> cancelled_;
};

class ProcessSpool final : public SpoolPort {
 public:
  ProcessSpool(std::unique_ptr<buffer::SpoolReader> reader, SpoolWriter& writer)
      : reader_(std::move(reader)), writer_(writer) {}

  proto::Result<std::vector<buffer::Row>> read(proto::Lane lane, buffer::Position after,
                                               const buffer::ReadLimits& limits) override {
    return reader_->read(lane, after, limits);
  }
  proto::Result<std::vector<buffer::RowMeta>> read_meta(proto::Lane lane, buffer::Position after,
                                                        std::uint32_t rows_max) override {
    return reader_->read_meta(lane, after, rows_max);
  }
  proto::Result<std::vector<buffer::LatestValue>> unsent_latest(std::uint32_t values_max) override {
    return reader_->unsent_latest(values_max);
  }
  proto::Result<buffer::Position> watermark(proto::Lane lane) override {
    return reader_->watermark(lane);
  }
  proto::Result<std::optional<std::string>> state(const std::string& key) override {
    return reader_->state(key);
  }
  proto::Result<std::map<std::string, std::string>> state_with_prefix(
      const std::string& prefix) override {
    return reader_->state_with_prefix(prefix);
  }
  void ack(const buffer::LaneAck& ack) override { writer_.ack(ack); }
  void ack_latest(const buffer::LatestAck& ack) override { writer_.ack_latest(ack); }
  void pin(proto::Lane lane, buffer::Position from, buffer::Position through) override {
    writer_.pin(lane, from, through);
  }
  void unpin(proto::Lane lane) override { writer_.unpin(lane); }
  void set_state(buffer::StateChange change) override { writer_.set_state(std::move(change)); }

 private:
  std::unique_ptr<buffer::SpoolReader> reader_;
  SpoolWriter& writer_;
};

}  // namespace

std::unique_ptr<BrokerPort> make_kafka_broker(const ForwarderOptions& options,
                                              std::function<bool()> cancelled) {
  return std::make_unique<KafkaBroker>(options, std::move(cancelled));
}

proto::Result<std::unique_ptr<SpoolPort>> open_spool_port(const std::string& path,
                                                          SpoolWriter& writer) {
  auto reader = buffer::SpoolReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  return std::make_unique<ProcessSpool>(std::move(*reader), writer);
}

}  // namespace agent
