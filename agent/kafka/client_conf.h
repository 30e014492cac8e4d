// SPDX-License-Identifier: Apache-2.0
// Private to this folder: a librdkafka configuration out of our defaults and the operator's checked
// settings; owning pointers for its handles.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/kafka/rdkafka_c.h"
#include "agent/kafka/settings.h"
#include "proto/result.h"

namespace agent {

template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, FreeWith<rd_kafka_conf_destroy>>;
using ClientPtr = std::unique_ptr<rd_kafka_t, FreeWith<rd_kafka_destroy>>;
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, FreeWith<rd_kafka_topic_destroy>>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, FreeWith<rd_kafka_queue_destroy>>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, FreeWith<rd_kafka_error_destroy>>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, FreeWith<rd_kafka_event_destroy>>;

// Settings of the connection, then ours (`own`), then the operator's; those of the other role (a
// producer's linger on a consumer) are left out.
proto::Result<ConfPtr> make_conf(rd_kafka_type_t role, const KafkaSettings& own,
                                 const KafkaSettings& checked);

// Takes the configuration. The error's context names the client's role.
proto::Result<ClientPtr> make_client(rd_kafka_type_t role, ConfPtr conf);

// What make_conf() does with a line of the library's; for a callback that hears them, too.
void log_library_line(int level, const char* facility, const char* text);

// What an operator reads about a connection that does not come about: sentence, detail, remedy.
std::string describe_connection_error(int code, std::string_view detail,
                                      const KafkaSettings& checked);

}  // namespace agent
