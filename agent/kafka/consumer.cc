// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/consumer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/kafka/client_conf.h"
#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

using PartitionKey = std::pair<std::string, std::int32_t>;

struct Reading {
  std::int64_t first = -1;   // offset of the first thing seen
  std::int64_t next = 0;     // one past the last thing seen
  std::int64_t target = -1;  // the high watermark at first contact; -1: no contact yet
  std::int64_t end = 0;      // known before
  bool done() const { return target >= 0 && next >= std::max(target, end); }
};

using MessagePtr = std::unique_ptr<rd_kafka_message_t, FreeWith<rd_kafka_message_destroy>>;

std::vector<proto::Header> headers_of(const rd_kafka_message_t* message) {
  std::vector<proto::Header> headers;
  rd_kafka_headers_t* raw = nullptr;
  if (rd_kafka_message_headers(message, &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(raw, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return headers;
}

std::string needed_acl(const std::string& topic) {
  return "it needs the ACL Read on topic " + topic;
}

}  // namespace

struct Consumer::Impl {
  KafkaSettings settings;  // for advice
  std::string connection_error;
  int connection_code = RD_KAFKA_RESP_ERR_NO_ERROR;  // and what librdkafka said of it
  std::string connection_reason;
  std::map<PartitionKey, Reading> readings;
  // Destroyed in this order from the bottom: topics stop, then the queue, then the client.
  ClientPtr client;
  QueuePtr queue;
  std::map<std::string, TopicPtr> topics;

  ~Impl() {
    for (const auto& [key, reading] : readings) {
      rd_kafka_consume_stop(topics.at(key.first).get(), key.second);
    }
  }

  static void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self.connection_error.empty()) return;
    self.connection_error = describe_connection_error(code, reason, self.settings);
    self.connection_code = code;
    self.connection_reason = reason;
  }

  // Errors of calls that only time out are explained by what the connection said.
  tl::unexpected<proto::Error> failed(int code, const std::string& context) {
    rd_kafka_poll(client.get(), 0);
    const bool says_nothing = code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                              code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                              code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    const bool explained = connection_code != RD_KAFKA_RESP_ERR_NO_ERROR;
    return broker_fail(says_nothing && explained ? connection_code : code, context,
                       connection_reason);
  }

  rd_kafka_topic_t* topic(const std::string& name) {
    TopicPtr& handle = topics[name];
    if (!handle) handle.reset(rd_kafka_topic_new(client.get(), name.c_str(), nullptr));
    return handle.get();
  }

  void contact(const std::string& topic_name, std::int32_t partition, Reading& reading,
               std::int64_t offset) {
    if (reading.first < 0) reading.first = offset;
    if (reading.target >= 0) return;
    std::int64_t low = 0;
    std::int64_t high = 0;
    const auto code =
        rd_kafka_get_watermark_offsets(client.get(), topic_name.c_str(), partition, &low, &high);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0) reading.target = high;
  }
};

proto::Result<std::unique_ptr<Consumer>> Consumer::open(const KafkaSettings& checked,
                                                        const ConsumerOptions& options) {
  const KafkaSettings own = {
      {"client.id", options.client_id},
      {"isolation.level", options.read_committed ? "read_committed" : "read_uncommitted"},
      {"enable.partition.eof", "true"},
      {"enable.auto.commit", "false"},
      {"auto.offset.reset", "earliest"},
      {"check.crcs", "true"},
      {"fetch.wait.max.ms", "50"},
      {"queued.max.messages.kbytes", std::to_string(options.queue_kbytes)}};
  auto conf = make_conf(RD_KAFKA_CONSUMER, own, checked);
  if (!conf) return tl::unexpected(conf.error());
  auto impl = std::make_unique<Impl>();
  impl->settings = checked;
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_error_cb(conf->get(), Impl::on_error);
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  impl->client = std::move(*client);
  impl->queue.reset(rd_kafka_queue_new(impl->client.get()));
  return std::unique_ptr<Consumer>(new Consumer(std::move(impl)));
}

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() = default;

proto::Result<std::int32_t> Consumer::partition_count(const std::string& topic,
                                                      std::chrono::milliseconds timeout) {
  rd_kafka_topic_t* const handle = impl_->topic(topic);
  if (handle == nullptr) return impl_->failed(rd_kafka_last_error(), "look for topic " + topic);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(impl_->client.get(), 0, handle, &metadata,
                                      static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return impl_->failed(code, "look for topic " + topic);
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  const auto topic_error = metadata->topic_cnt == 1 ? found.err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  const std::int32_t count = metadata->topic_cnt == 1 ? found.partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  switch (topic_error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return count;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return 0;
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      if (count > 0) return count;
      break;
    default:
      break;
  }
  const bool denied = topic_error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  return broker_fail(topic_error, "look for topic " + topic, denied ? needed_acl(topic) : "");
}

proto::Result<OffsetRange> Consumer::range(const std::string& topic, std::int32_t partition,
                                           std::chrono::milliseconds timeout) {
  OffsetRange range;
  const auto code =
      rd_kafka_query_watermark_offsets(impl_->client.get(), topic.c_str(), partition, &range.low,
                                       &range.high, static_cast<int>(timeout.count()));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
  return impl_->failed(code, "ask for the offsets of " + topic + "/" + std::to_string(partition));
}

proto::Result<void> Consumer::start(const std::string& topic, std::int32_t partition,
                                    std::int64_t offset, std::int64_t end) {
  rd_kafka_topic_t* const handle = impl_->topic(topic);
  const std::int64_t from = offset == kFromBeginning ? RD_KAFKA_OFFSET_BEGINNING : offset;
  if (handle == nullptr ||
      rd_kafka_consume_start_queue(handle, partition, from, impl_->queue.get()) != 0) {
    return broker_fail(rd_kafka_last_error(), "read " + topic + "/" + std::to_string(partition),
                       "");
  }
  Reading& reading = impl_->readings[{topic, partition}] = Reading{};
  reading.end = end;
  return {};
}

proto::Result<std::int32_t> Consumer::start_all(const std::string& topic,
                                                std::chrono::milliseconds timeout) {
  const auto count = partition_count(topic, timeout);
  if (!count) return count;
  for (std::int32_t partition = 0; partition < *count; ++partition) {
    if (auto done = start(topic, partition, kFromBeginning); !done) {
      return tl::unexpected(done.error());
    }
  }
  return count;
}

proto::Result<std::size_t> Consumer::poll(std::chrono::milliseconds timeout,
                                          std::size_t records_max,
                                          const std::function<void(const KafkaRecord&)>& visit) {
  rd_kafka_poll(impl_->client.get(), 0);
  std::size_t visited = 0;
  int wait_ms = static_cast<int>(timeout.count());
  while (visited < records_max) {
    const MessagePtr message(rd_kafka_consume_queue(impl_->queue.get(), wait_ms));
    wait_ms = 0;
    if (!message) break;
    if (message->rkt == nullptr) continue;
    const std::string topic = rd_kafka_topic_name(message->rkt);
    // An error may be of the whole topic: then no partition is named.
    Reading unknown;
    const auto started = impl_->readings.find({topic, message->partition});
    Reading& reading = started == impl_->readings.end() ? unknown : started->second;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      reading.next = std::max(reading.next, message->offset);
      impl_->contact(topic, message->partition, reading, message->offset);
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
          message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        const bool denied = message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        return broker_fail(message->err, "read " + topic,
                           denied ? needed_acl(topic) : rd_kafka_message_errstr(message.get()));
      }
      impl_->connection_error = describe_connection_error(
          message->err, rd_kafka_message_errstr(message.get()), impl_->settings);
      continue;
    }
    impl_->connection_error.clear();
    impl_->connection_code = RD_KAFKA_RESP_ERR_NO_ERROR;
    impl_->connection_reason.clear();
    impl_->contact(topic, message->partition, reading, message->offset);
    reading.next = message->offset + 1;
    rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const KafkaRecord record{topic,
                             message->partition,
                             message->offset,
                             rd_kafka_message_timestamp(message.get(), &kind),
                             {static_cast<const char*>(message->key), message->key_len},
                             {static_cast<const std::byte*>(message->payload), message->len},
                             headers_of(message.get())};
    visit(record);
    ++visited;
  }
  return visited;
}

bool Consumer::reached_ends() const {
  return std::ranges::all_of(impl_->readings, [](const auto& at) { return at.second.done(); });
}

std::string Consumer::unread() const {
  for (const auto& [key, reading] : impl_->readings) {
    if (reading.done()) continue;
    std::string text = key.first + "/" + std::to_string(key.second);
    if (reading.target < 0) return text + " has not answered";
    return text + " is read to " + std::to_string(reading.next) + " of " +
           std::to_string(std::max(reading.target, reading.end));
  }
  return {};
}

std::int64_t Consumer::next_offset(const std::string& topic, std::int32_t partition) const {
  const auto at = impl_->readings.find({topic, partition});
  return at == impl_->readings.end() ? 0 : at->second.next;
}

double Consumer::read_share() const {
  double read = 0;
  double all = 0;
  for (const auto& [key, reading] : impl_->readings) {
    if (reading.target < 0) return 0;
    read += static_cast<double>(std::min(reading.next, reading.target) - reading.first);
    all += static_cast<double>(reading.target - reading.first);
  }
  return all > 0 ? read / all : 1;
}

std::string Consumer::connection_error() const { return impl_->connection_error; }

}  // namespace agent
