// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/rd_producer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "agent/kafka/client_conf.h"
#include "agent/kafka/denied_topic.h"
#include "agent/kafka/error_kinds.h"
#include "agent/kafka/kafka_errc.h"
#include "proto/check.h"

namespace agent {
namespace {

// message.timeout.ms 0: nothing is dropped by time. retry.backoff.ms 5: with the default of 100 a
// transaction that follows the last one at once waits 100 ms for its markers (measured, 2.0.2).
// A record for a topic that is absent fails after 5 s, not after the library's 30: its transaction
// would hide other benches' records for all of transaction.timeout.ms.
// The queue limits lie above the forwarder's window, so _QUEUE_FULL is the exception.
// zstd's own level 3 fills tables of 1 MB anew for each batch of 2 kB: 0.4 % of a core at five
// batches a second, for bytes that level 1 saves as well.
const KafkaSettings kOwn = {{"enable.idempotence", "true"},
                            {"acks", "all"},
                            {"message.timeout.ms", "0"},
                            {"retry.backoff.ms", "5"},
                            {"topic.metadata.propagation.max.ms", "5000"},
                            {"queue.buffering.max.kbytes", "65536"},
                            {"queue.buffering.max.messages", "20000"},
                            {"linger.ms", "5"},
                            {"batch.size", "1000000"},
                            {"partitioner", "murmur2_random"}};

std::string value_of(const KafkaSettings& settings, std::string_view name,
                     const std::string& fallback) {
  const auto at = std::ranges::find(settings, name, &KafkaSettings::value_type::first);
  return at == settings.end() ? fallback : at->second;
}

class RdKafkaProducer final : public Producer {
 public:
  explicit RdKafkaProducer(const RdProducerOptions& options)
      : settings_(options.settings),
        codec_(value_of(options.settings, "compression.codec", "zstd")),
        level_(value_of(options.settings, "compression.level", codec_ == "zstd" ? "1" : "-1")),
        uncompressed_(options.uncompressed_topics) {}

  ~RdKafkaProducer() override {
    // Borrowed bytes go back to their owner only when the library has let go of them.
    if (client_) {
      purge();
      rd_kafka_flush(client_.get(), 1000);
    }
    topics_.clear();
  }

  proto::Result<void> open(const RdProducerOptions& options) {
    KafkaSettings own = kOwn;
    own.emplace_back("client.id", options.agent_id);
    if (options.transactional) {
      own.emplace_back("transactional.id", options.agent_id);
      // A dead bench's open transaction hides other benches' records of the partition that long.
      own.emplace_back("transaction.timeout.ms", "10000");
    }
    auto conf = make_conf(RD_KAFKA_PRODUCER, own, options.settings);
    if (!conf) return tl::unexpected(conf.error());
    rd_kafka_conf_set_opaque(conf->get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf->get(), on_report);
    rd_kafka_conf_set_error_cb(conf->get(), on_error);
    rd_kafka_conf_set_log_cb(conf->get(), on_log);
    auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!client) return tl::unexpected(client.error());
    client_ = std::move(*client);
    return {};
  }

  KafkaOutcome init_transactions(std::chrono::milliseconds timeout) override {
    KafkaOutcome result =
        finished(rd_kafka_init_transactions(client_.get(), static_cast<int>(timeout.count())));
    // Unlike the others it cannot succeed without a broker.
    if (result.ok()) forget_connection_error();
    return result;
  }
  KafkaOutcome begin_transaction() override {
    return outcome(rd_kafka_begin_transaction(client_.get()));
  }
  KafkaOutcome commit_transaction(std::chrono::milliseconds timeout) override {
    return finished(rd_kafka_commit_transaction(client_.get(), static_cast<int>(timeout.count())));
  }
  KafkaOutcome abort_transaction(std::chrono::milliseconds timeout) override {
    return finished(rd_kafka_abort_transaction(client_.get(), static_cast<int>(timeout.count())));
  }

  KafkaOutcome produce(const OutgoingRecord& record) override;

  std::vector<DeliveryReport> poll(std::chrono::milliseconds timeout) override {
    if (reports_.empty()) rd_kafka_poll(client_.get(), static_cast<int>(timeout.count()));
    return std::exchange(reports_, {});
  }

  KafkaOutcome flush(std::chrono::milliseconds timeout) override {
    const auto code = rd_kafka_flush(client_.get(), static_cast<int>(timeout.count()));
    KafkaOutcome result;
    result.code = code;
    result.retriable = code == RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) result.text = rd_kafka_err2str(code);
    return result;
  }

  void purge() override {
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }

  std::string connection_error() const override { return connection_error_; }
  bool access_refused() const override { return access_refused_; }

 private:
  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<RdKafkaProducer*>(opaque);
    DeliveryReport report;
    report.tag = reinterpret_cast<std::uintptr_t>(message->_private);
    report.error = message->err;
    switch (rd_kafka_message_status(message)) {
      case RD_KAFKA_MSG_STATUS_PERSISTED:
        report.persistence = Persistence::kPersisted;
        break;
      case RD_KAFKA_MSG_STATUS_NOT_PERSISTED:
        report.persistence = Persistence::kNotPersisted;
        break;
      case RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED:
        report.persistence = Persistence::kPossiblyPersisted;
        break;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      report.error_text = rd_kafka_message_errstr(message);
      report.error_text += message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                               ? ": it needs the ACL Write on topic "
                               : ": topic ";
      report.error_text += rd_kafka_topic_name(message->rkt);
    } else {
      self.forget_connection_error();
    }
    self.reports_.push_back(std::move(report));
  }

  // On the library's threads.
  static void on_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
    log_library_line(level, facility, text);
    auto* const self = static_cast<RdKafkaProducer*>(rd_kafka_opaque(client));
    self->denied_topic_.hear(text);
  }

  static void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<RdKafkaProducer*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
      char text[512] = "";
      code = rd_kafka_fatal_error(client, text, sizeof text);
      self.connection_error_ = describe_connection_error(code, text, self.settings_);
      return;
    }
    // "All brokers down" says less than the reason that came just before it.
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self.connection_error_.empty()) return;
    self.connection_error_ = describe_connection_error(code, reason, self.settings_);
    self.access_refused_ = is_refused_access(code, reason);
  }

  void forget_connection_error() {
    connection_error_.clear();
    access_refused_ = false;
  }

  KafkaOutcome outcome(rd_kafka_error_t* raw) const {
    KafkaOutcome result;
    if (raw == nullptr) return result;
    const ErrorPtr error(raw);
    result.code = rd_kafka_error_code(raw);
    result.text = rd_kafka_error_string(raw);
    result.fatal = rd_kafka_error_is_fatal(raw) != 0;
    result.retriable = rd_kafka_error_is_retriable(raw) != 0;
    result.abortable = rd_kafka_error_txn_requires_abort(raw) != 0;
    const std::string denied = denied_topic_.name();
    if (result.code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && !denied.empty()) {
      result.text += ": it needs the ACL Write on topic " + denied;
    }
    return with_fatal_cause(std::move(result));
  }

  // What the connection said meanwhile waits to be served. Reports are kept for the next poll.
  KafkaOutcome finished(rd_kafka_error_t* raw) {
    rd_kafka_poll(client_.get(), 0);
    return outcome(raw);
  }

  // _FATAL only says that there is a fatal error; the cause is asked for apart.
  KafkaOutcome with_fatal_cause(KafkaOutcome result) const {
    char text[512] = "";
    const int cause = rd_kafka_fatal_error(client_.get(), text, sizeof text);
    if (cause != RD_KAFKA_RESP_ERR_NO_ERROR) {
      result.fatal = true;
      if (result.code == RD_KAFKA_RESP_ERR__FATAL) {
        result.code = cause;
        result.text = text;
      }
    }
    return result;
  }

  rd_kafka_topic_t* topic(std::string_view name);

  const KafkaSettings settings_;
  const std::string codec_;
  const std::string level_;
  const std::vector<std::string> uncompressed_;
  DeniedTopic denied_topic_;
  ClientPtr client_;  // its threads use what stands above
  std::map<std::string, TopicPtr, std::less<>> topics_;
  std::vector<DeliveryReport> reports_;
  std::string connection_error_;
  bool access_refused_ = false;
};

// With a handle made beforehand the library asks for the topic's leaders at once; by name alone the
// first record would wait up to a second (librdkafka issue 5032).
rd_kafka_topic_t* RdKafkaProducer::topic(std::string_view name) {
  const auto at = topics_.find(name);
  if (at != topics_.end()) return at->second.get();
  const bool plain = std::ranges::find(uncompressed_, name) != uncompressed_.end();
  rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(client_.get());
  for (const auto& [key, value] :
       {std::pair<const char*, const std::string&>{"compression.level", level_},
        {"compression.codec", codec_}}) {
    if (plain) continue;
    const auto set = rd_kafka_topic_conf_set(conf, key, value.c_str(), nullptr, 0);
    WS_CHECK(set == RD_KAFKA_CONF_OK);  // the table of settings allows no other values
  }
  std::string text(name);
  rd_kafka_topic_t* made = rd_kafka_topic_new(client_.get(), text.c_str(), conf);
  if (made == nullptr) return nullptr;
  topics_.emplace(std::move(text), TopicPtr(made));
  return made;
}

KafkaOutcome RdKafkaProducer::produce(const OutgoingRecord& record) {
  rd_kafka_topic_t* const handle = topic(record.topic);
  KafkaOutcome result;
  if (handle == nullptr) {
    result.code = rd_kafka_last_error();
    result.text = rd_kafka_err2str(rd_kafka_last_error());
    return result;
  }
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  if (record.partition_count > 0 && !record.key.empty()) {
    partition = rd_kafka_msg_partitioner_murmur2_random(
        handle, record.key.data(), record.key.size(), record.partition_count, nullptr, nullptr);
  }
  // Without COPY and FREE the bytes stay ours and are read in place until the report.
  auto* const value = const_cast<std::byte*>(record.value.data());
  // A number in an opaque pointer, never followed. NOLINTNEXTLINE(performance-no-int-to-ptr)
  auto* const tag = reinterpret_cast<void*>(static_cast<std::uintptr_t>(record.tag));
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      client_.get(), RD_KAFKA_V_RKT(handle), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_KEY(record.key.data(), record.key.size()),
      RD_KAFKA_V_VALUE(value, record.value.size()), RD_KAFKA_V_TIMESTAMP(record.timestamp_ms),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return result;
  rd_kafka_headers_destroy(headers);
  result.code = code;
  result.text = rd_kafka_err2str(code);
  result.retriable = code == RD_KAFKA_RESP_ERR__QUEUE_FULL;
  return with_fatal_cause(std::move(result));
}

}  // namespace

proto::Result<std::unique_ptr<Producer>> make_rd_producer(const RdProducerOptions& options) {
  auto producer = std::make_unique<RdKafkaProducer>(options);
  if (auto opened = producer->open(options); !opened) return tl::unexpected(opened.error());
  return producer;
}

}  // namespace agent
