// SPDX-License-Identifier: Apache-2.0
// The codes that librdkafka raises itself.
#include "agent/kafka/error_table.h"
#include "agent/kafka/rdkafka_c.h"

namespace agent {
namespace {

using enum KafkaAction;

constexpr std::string_view kNetwork =
    "check network, firewall and kafka.brokers; the spool keeps everything meanwhile";
constexpr std::string_view kTopics = "run `wattspool topics create`";
constexpr std::string_view kReplicas = "look at the cluster: brokers down or replicas out of sync";
constexpr std::string_view kTls =
    "check ssl.ca.location, the names in the broker's certificate and the dates of ours";
constexpr std::string_view kReport = "not expected from a producer: please report it with the log";
constexpr std::string_view kSasl =
    "check sasl.mechanism, sasl.username and sasl.password_file; SCRAM with brokers 4.x needs "
    "librdkafka 2.6.1 or newer";
constexpr std::string_view kFeature = "use a broker that has it, or delivery = \"at_least_once\"";
constexpr std::string_view kQuarantineRemedy =
    "see `wattspool status`; the record is kept in the spool's quarantine";
constexpr std::string_view kFenced = "make sure that no second agent has this agent.id";
constexpr std::string_view kHeals;

constexpr KafkaErrorEntry kTable[] = {
    {RD_KAFKA_RESP_ERR__BAD_MSG, kRetry, "the broker's answer could not be read", kHeals},
    {RD_KAFKA_RESP_ERR__BAD_COMPRESSION, kRetry, "a batch could not be decompressed", kHeals},
    {RD_KAFKA_RESP_ERR__DESTROY, kRebuild, "the client is shutting down", kHeals},
    {RD_KAFKA_RESP_ERR__FAIL, kRebuild, "the client library failed without a reason", kHeals},
    {RD_KAFKA_RESP_ERR__TRANSPORT, kRetry, "the connection to the broker broke", kNetwork},
    {RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, kRebuild,
     "the system refused a thread, memory or a socket",
     "check memory and descriptor limits of the service"},
    {RD_KAFKA_RESP_ERR__RESOLVE, kRetry, "the broker's host name could not be resolved",
     "check kafka.brokers and the DNS of this bench"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, kRetry, "a record was not acknowledged in time", kNetwork},
    {RD_KAFKA_RESP_ERR__PARTITION_EOF, kRetry, "the end of the partition was reached", kHeals},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, kHold, "the partition does not exist", kTopics},
    {RD_KAFKA_RESP_ERR__FS, kRebuild, "the client library could not use a file",
     "check the files named in [kafka]"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, kHold, "the topic does not exist", kTopics},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, kRetry, "no broker can be reached", kNetwork},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, kHold, "the client library refused an argument or setting",
     "check the [kafka] settings with `wattspool config check`"},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, kRetry, "the broker did not answer in time", kNetwork},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, kRetry, "the client's queue is full", kHeals},
    {RD_KAFKA_RESP_ERR__ISR_INSUFF, kRetry, "too few replicas are in sync", kReplicas},
    {RD_KAFKA_RESP_ERR__NODE_UPDATE, kRetry, "a broker changed its address", kHeals},
    {RD_KAFKA_RESP_ERR__SSL, kHold,
     "TLS failed: the broker's certificate, its host name or our own certificate was not accepted",
     kTls},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, kRetry, "waiting for a coordinator", kHeals},
    {RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, kRebuild, "the consumer group is unknown", kReport},
    {RD_KAFKA_RESP_ERR__IN_PROGRESS, kRetry, "the operation is in progress", kHeals},
    {RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, kRetry, "the previous operation is in progress", kHeals},
    {RD_KAFKA_RESP_ERR__EXISTING_SUBSCRIPTION, kRebuild, "a subscription is in the way", kReport},
    {RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, kRetry, "partitions were assigned", kHeals},
    {RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, kRetry, "partitions were revoked", kHeals},
    {RD_KAFKA_RESP_ERR__CONFLICT, kRebuild, "two operations of the producer collided", kReport},
    {RD_KAFKA_RESP_ERR__STATE, kRebuild, "the producer is in the wrong state", kHeals},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL, kHold, "the peer does not speak Kafka",
     "check the port in kafka.brokers"},
    {RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, kHold, "the client library lacks a function",
     "install the librdkafka of Debian 12 or newer"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, kHold, "the broker refused our credentials", kSasl},
    {RD_KAFKA_RESP_ERR__NO_OFFSET, kRetry, "no offset is stored", kHeals},
    {RD_KAFKA_RESP_ERR__OUTDATED, kRetry, "the answer is outdated", kHeals},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, kRetry, "a request waited too long in the queue",
     kNetwork},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, kHold, "the broker lacks a feature that is needed",
     kFeature},
    {RD_KAFKA_RESP_ERR__WAIT_CACHE, kRetry, "waiting for metadata", kHeals},
    {RD_KAFKA_RESP_ERR__INTR, kRetry, "a call was interrupted", kHeals},
    {RD_KAFKA_RESP_ERR__KEY_SERIALIZATION, kQuarantine, "the key could not be serialized",
     kQuarantineRemedy},
    {RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION, kQuarantine, "the value could not be serialized",
     kQuarantineRemedy},
    {RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION, kRetry, "a key could not be read", kHeals},
    {RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION, kRetry, "a value could not be read", kHeals},
    {RD_KAFKA_RESP_ERR__PARTIAL, kRetry, "the answer is incomplete", kHeals},
    {RD_KAFKA_RESP_ERR__READ_ONLY, kRebuild, "a read-only object was to be changed", kReport},
    {RD_KAFKA_RESP_ERR__NOENT, kRetry, "no such entry", kHeals},
    {RD_KAFKA_RESP_ERR__UNDERFLOW, kRetry, "the broker's answer ends too early", kHeals},
    {RD_KAFKA_RESP_ERR__INVALID_TYPE, kHold, "a setting has the wrong type",
     "check the [kafka] settings with `wattspool config check`"},
    {RD_KAFKA_RESP_ERR__RETRY, kRetry, "the library asks to try again", kHeals},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, kRetry, "a record was taken back before it was sent", kHeals},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, kRetry, "a record was taken back while it was on its way",
     kHeals},
    {RD_KAFKA_RESP_ERR__FATAL, kRebuild, "the producer met a fatal error", kHeals},
    {RD_KAFKA_RESP_ERR__INCONSISTENT, kRetry, "a record of the transaction failed", kHeals},
    {RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, kRebuild, "going on would break the order", kHeals},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, kRebuild, "the client was not polled in time", kHeals},
    {RD_KAFKA_RESP_ERR__UNKNOWN_BROKER, kRetry, "the broker is unknown", kHeals},
    {RD_KAFKA_RESP_ERR__NOT_CONFIGURED, kHold, "a function is not configured",
     "check the [kafka] settings with `wattspool config check`"},
    {RD_KAFKA_RESP_ERR__FENCED, kRebuild, "another producer took our transactional id", kFenced},
    {RD_KAFKA_RESP_ERR__APPLICATION, kRebuild, "the application raised an error", kReport},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, kRetry, "the assignment was lost", kHeals},
    {RD_KAFKA_RESP_ERR__NOOP, kRetry, "nothing was done", kHeals},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, kRetry, "the offset to read from no longer exists",
     kHeals},
};

}  // namespace

std::span<const KafkaErrorEntry> client_error_table() { return kTable; }

}  // namespace agent
