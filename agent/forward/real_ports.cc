// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/real_ports.h"

#include <chrono>
#include <utility>

#include "agent/kafka/file_digest.h"
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
      : options_(options), cancelled_(std::move(cancelled)), kafka_(options.kafka) {}

  proto::Result<bool> renew() override {
    if (options_.read_kafka) {
      auto read = options_.read_kafka();
      if (!read) return tl::unexpected(read.error());
      kafka_ = std::move(*read);
    }
    return kafka_ != made_of_ || digest_of_files(kafka_) != made_digest_;
  }
  const KafkaSettings& settings() const override { return kafka_; }

  proto::Result<TopicCheck> check_topics() override {
    return agent::check_topics(kafka_, options_.agent_id, options_.topic_prefix, kTopicsTimeout);
  }

  proto::Result<std::unique_ptr<Producer>> make_producer() override {
    RdProducerOptions options;
    options.settings = kafka_;
    options.agent_id = options_.agent_id;
    options.transactional = options_.delivery == Delivery::kExactlyOnce;
    options.uncompressed_topics = {
        proto::topic_name(options_.topic_prefix, proto::Topic::kWaveform)};
    // Before it reads them: what changes in between is a change the next time.
    const std::size_t digest = digest_of_files(kafka_);
    auto producer = make_rd_producer(options);
    if (!producer) return producer;
    made_of_ = kafka_;
    made_digest_ = digest;
    return producer;
  }

  proto::Result<FoundProgress> read_progress(const ProgressOffsets& from) override {
    ProgressQuery query;
    query.kafka = kafka_;
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
  KafkaSettings kafka_;
  KafkaSettings made_of_;  // the last producer
  std::size_t made_digest_ = 0;
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
