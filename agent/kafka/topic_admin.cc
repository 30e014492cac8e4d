// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/topic_admin.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/kafka/client_conf.h"
#include "agent/kafka/error_table.h"
#include "agent/kafka/kafka_errc.h"

namespace agent {
namespace {

using OptionsPtr =
    std::unique_ptr<rd_kafka_AdminOptions_t, FreeWith<rd_kafka_AdminOptions_destroy>>;
using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, FreeWith<rd_kafka_NewTopic_destroy>>;
using ResourcePtr =
    std::unique_ptr<rd_kafka_ConfigResource_t, FreeWith<rd_kafka_ConfigResource_destroy>>;

using SteadyClock = std::chrono::steady_clock;

std::chrono::milliseconds until(SteadyClock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

// The library ends the request itself at its timeout; that answer is waited for.
int wait_ms(std::chrono::milliseconds timeout) { return static_cast<int>(timeout.count()) + 1000; }

}  // namespace

struct TopicAdmin::Impl {
  ClientPtr client;
  int connection_code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string connection_reason;

  static void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<Impl*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !self.connection_reason.empty()) return;
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

  OptionsPtr options(rd_kafka_admin_op_t operation, std::chrono::milliseconds timeout) {
    OptionsPtr made(rd_kafka_AdminOptions_new(client.get(), operation));
    char text[256];
    rd_kafka_AdminOptions_set_request_timeout(made.get(), static_cast<int>(timeout.count()), text,
                                              sizeof text);
    return made;
  }

  // A queue of its own for each request: the answer to one that was given up is nobody else's.
  QueuePtr queue() const { return QueuePtr(rd_kafka_queue_new(client.get())); }

  proto::Result<TopicState> look(const std::string& name, std::chrono::milliseconds timeout);
  void read_configs(std::vector<TopicState>& states, std::chrono::milliseconds timeout);
  void take_configs(rd_kafka_event_t* event, std::vector<TopicState>& states);
};

proto::Result<std::unique_ptr<TopicAdmin>> TopicAdmin::open(const KafkaSettings& checked,
                                                            const std::string& client_id) {
  // A consumer's metadata requests never create a topic; a producer's may.
  auto conf = make_conf(RD_KAFKA_CONSUMER, {{"client.id", client_id}}, checked);
  if (!conf) return tl::unexpected(conf.error());
  auto impl = std::make_unique<Impl>();
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_error_cb(conf->get(), Impl::on_error);
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  impl->client = std::move(*client);
  return std::unique_ptr<TopicAdmin>(new TopicAdmin(std::move(impl)));
}

TopicAdmin::TopicAdmin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TopicAdmin::~TopicAdmin() = default;

proto::Result<std::int32_t> TopicAdmin::broker_count(std::chrono::milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(impl_->client.get(), 0, nullptr, &metadata,
                                      static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return impl_->failed(code, "ask for the brokers");
  const std::int32_t count = metadata->broker_cnt;
  rd_kafka_metadata_destroy(metadata);
  return count;
}

proto::Result<TopicState> TopicAdmin::Impl::look(const std::string& name,
                                                 std::chrono::milliseconds timeout) {
  const TopicPtr handle(rd_kafka_topic_new(client.get(), name.c_str(), nullptr));
  if (!handle) return failed(rd_kafka_last_error(), "look for topic " + name);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto code = rd_kafka_metadata(client.get(), 0, handle.get(), &metadata,
                                      static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed(code, "look for topic " + name);
  TopicState state;
  state.name = name;
  auto topic_error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (metadata->topic_cnt == 1) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[0];
    topic_error = topic.err;
    state.exists = topic.partition_cnt > 0;
    state.partitions = topic.partition_cnt;
    if (state.exists) state.replication = topic.partitions[0].replica_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  const bool absent = topic_error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                      topic_error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  // Without an answer nothing is claimed: a topic whose leaders are being chosen is not missing.
  if (!state.exists && !absent) {
    const bool denied = topic_error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    return broker_fail(topic_error, "look for topic " + name,
                       denied ? "it needs the ACL Write on topic " + name : "");
  }
  return state;
}

void TopicAdmin::Impl::take_configs(rd_kafka_event_t* event, std::vector<TopicState>& states) {
  const auto* result = rd_kafka_event_DescribeConfigs_result(event);
  if (result == nullptr) return;
  std::size_t count = 0;
  rd_kafka_ConfigResource_t** resources = const_cast<rd_kafka_ConfigResource_t**>(
      rd_kafka_DescribeConfigs_result_resources(result, &count));
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigResource_error(resources[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const std::string name = rd_kafka_ConfigResource_name(resources[i]);
    std::size_t entries_count = 0;
    const auto* entries = rd_kafka_ConfigResource_configs(resources[i], &entries_count);
    for (TopicState& state : states) {
      if (state.name != name) continue;
      for (std::size_t k = 0; k < entries_count; ++k) {
        const char* value = rd_kafka_ConfigEntry_value(entries[k]);
        if (value != nullptr) state.config[rd_kafka_ConfigEntry_name(entries[k])] = value;
      }
    }
  }
}

void TopicAdmin::Impl::read_configs(std::vector<TopicState>& states,
                                    std::chrono::milliseconds timeout) {
  std::vector<ResourcePtr> owned;
  std::vector<rd_kafka_ConfigResource_t*> resources;
  for (const TopicState& state : states) {
    if (!state.exists) continue;
    owned.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, state.name.c_str()));
    resources.push_back(owned.back().get());
  }
  if (resources.empty()) return;
  const OptionsPtr chosen = options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  const QueuePtr answers = queue();
  rd_kafka_DescribeConfigs(client.get(), resources.data(), resources.size(), chosen.get(),
                           answers.get());
  const EventPtr event(rd_kafka_queue_poll(answers.get(), wait_ms(timeout)));
  if (event) take_configs(event.get(), states);
}

proto::Result<std::vector<TopicState>> TopicAdmin::describe(const std::vector<std::string>& names,
                                                            std::chrono::milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  std::vector<TopicState> states;
  for (const std::string& name : names) {
    auto state = impl_->look(name, until(deadline));
    if (!state) return tl::unexpected(state.error());
    states.push_back(std::move(*state));
  }
  impl_->read_configs(states, until(deadline));
  return states;
}

proto::Result<CreateOutcome> TopicAdmin::create(TopicPlan plan, std::chrono::milliseconds timeout) {
  char text[512] = "";
  NewTopicPtr topic(rd_kafka_NewTopic_new(plan.name.c_str(), plan.partitions, plan.replication,
                                          text, sizeof text));
  if (!topic) {
    return broker_fail(RD_KAFKA_RESP_ERR__INVALID_ARG, "create topic " + plan.name, text);
  }
  for (const auto& [name, value] : plan.config) {
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  }
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  const OptionsPtr chosen = impl_->options(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  const QueuePtr answers = impl_->queue();
  rd_kafka_CreateTopics(impl_->client.get(), topics, 1, chosen.get(), answers.get());
  const EventPtr event(rd_kafka_queue_poll(answers.get(), wait_ms(timeout)));
  if (!event) return impl_->failed(RD_KAFKA_RESP_ERR__TIMED_OUT, "create topic " + plan.name);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return impl_->failed(code, "create topic " + plan.name);
  }
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  std::size_t count = 0;
  const auto* created = rd_kafka_CreateTopics_result_topics(result, &count);
  if (count != 1) return impl_->failed(RD_KAFKA_RESP_ERR__BAD_MSG, "create topic " + plan.name);
  const auto code = rd_kafka_topic_result_error(created[0]);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return CreateOutcome::kCreated;
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return CreateOutcome::kExists;
  if (code == RD_KAFKA_RESP_ERR_INVALID_CONFIG && plan.config.erase(kTimestampAfterMax) > 0) {
    return create(std::move(plan), timeout);
  }
  const char* const why = rd_kafka_topic_result_error_string(created[0]);
  return broker_fail(code, "create topic " + plan.name, why == nullptr ? "" : why);
}

}  // namespace agent
