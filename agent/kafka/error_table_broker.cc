// SPDX-License-Identifier: Apache-2.0
// The codes that brokers answer with.
#include "agent/kafka/error_table.h"
#include "agent/kafka/rdkafka_c.h"

namespace agent {
namespace {

using enum KafkaAction;

constexpr std::string_view kQuarantineRemedy =
    "see `wattspool status`; the record is kept in the spool's quarantine";
constexpr std::string_view kTopics = "run `wattspool topics create`";
constexpr std::string_view kReplicas = "look at the cluster: brokers down or replicas out of sync";
constexpr std::string_view kTooLarge =
    "raise max.message.bytes of the topic to 1048588 or more, then retry the quarantined record";
constexpr std::string_view kReport = "not expected from a producer: please report it with the log";
constexpr std::string_view kFeature = "use a broker that has it, or delivery = \"at_least_once\"";
constexpr std::string_view kAcl =
    "grant the agent's principal Write on the topics and on its transactional id, and Read on the "
    "progress topic";
constexpr std::string_view kClock =
    "set the clocks, or let `wattspool topics create` lift message.timestamp.after.max.ms";
constexpr std::string_view kSasl =
    "check sasl.mechanism, sasl.username and sasl.password_file; SCRAM with brokers 4.x needs "
    "librdkafka 2.6.1 or newer";
constexpr std::string_view kFenced = "make sure that no second agent has this agent.id";
constexpr std::string_view kNetwork =
    "check network, firewall and kafka.brokers; the spool keeps everything meanwhile";
constexpr std::string_view kHeals;

constexpr KafkaErrorEntry kTable[] = {
    {RD_KAFKA_RESP_ERR_UNKNOWN, kRetry, "the broker met an unexpected error",
     "look at the broker's log"},
    {RD_KAFKA_RESP_ERR_NO_ERROR, kRetry, "no error", kHeals},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, kRetry, "the offset is out of range", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, kQuarantine, "the broker found the batch corrupt",
     kQuarantineRemedy},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, kHold, "the topic or partition does not exist",
     kTopics},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, kQuarantine, "the record's size is invalid",
     kQuarantineRemedy},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, kRetry, "the partition has no leader", kReplicas},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, kRetry, "the partition's leader moved", kHeals},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, kRetry, "the broker's replicas did not answer in time",
     kReplicas},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, kRetry, "the broker is not available", kHeals},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, kRetry, "a replica is not available", kHeals},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, kQuarantine,
     "the record is larger than the topic allows", kTooLarge},
    {RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH, kRetry, "the cluster's controller moved", kHeals},
    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, kRetry, "the offset metadata is too large",
     kReport},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, kRetry, "the broker lost its connection", kHeals},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, kRetry, "the coordinator is loading", kHeals},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, kRetry, "the coordinator is not available",
     kReplicas},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, kRetry, "the coordinator moved", kHeals},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, kHold, "the topic's name is not allowed",
     "check kafka.topic_prefix"},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, kQuarantine,
     "the batch is larger than a segment of the topic", kTooLarge},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, kRetry, "too few replicas are in sync", kReplicas},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, kRetry,
     "written, but too few replicas have it yet", kReplicas},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, kHold, "the broker does not accept acks=all",
     kFeature},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, kRetry, "the group generation is not valid", kReport},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, kRetry, "the group protocol is inconsistent",
     kReport},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, kRetry, "the group id is invalid", kReport},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, kRetry, "the group member is unknown", kReport},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, kRetry, "the session timeout is invalid", kReport},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, kRetry, "a group is rebalancing", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE, kRetry, "the offset commit is too large",
     kReport},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, kHold,
     "the broker does not allow us to use the topic", kAcl},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, kHold,
     "the broker does not allow us to use the group", kAcl},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, kHold,
     "the broker does not allow us to do this on the cluster", kAcl},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, kHold,
     "the broker refused a record's timestamp: its clock is behind ours by more than the topic "
     "allows",
     kClock},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, kHold,
     "the broker does not offer the SASL mechanism", kSasl},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, kHold, "the broker did not expect SASL now", kSasl},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, kHold, "the broker is too old or too new for a request",
     kFeature},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, kRetry, "the topic exists", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, kHold, "the number of partitions is invalid",
     "give `topics create` another --partitions"},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, kHold,
     "the cluster has fewer brokers than the replication asks for",
     "give `topics create` a smaller --replication"},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, kHold, "the replica assignment is invalid",
     kReport},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, kHold, "the broker refused a topic setting",
     "see the broker's text"},
    {RD_KAFKA_RESP_ERR_NOT_CONTROLLER, kRetry, "the cluster's controller moved", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_REQUEST, kHold, "the broker calls the request invalid", kFeature},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, kHold,
     "the topic's message format is too old", "raise message.format.version of the topic"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, kHold, "a policy of the broker forbids it",
     "ask the broker's administrator"},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, kRebuild,
     "the broker lost track of our sequence", kHeals},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, kRetry, "the broker has the batch already",
     kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, kRebuild, "a newer producer took over", kFenced},
    {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, kRebuild,
     "the broker's transaction is in another state than ours", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, kRetry,
     "the broker forgot our transactional id after a long silence", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, kHold,
     "the broker does not allow our transaction timeout of 10 s",
     "raise transaction.max.timeout.ms of the broker to 10000 or more"},
    {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, kRetry, "the last transaction is being completed",
     kHeals},
    {RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, kRetry, "the transaction coordinator moved",
     kHeals},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, kHold,
     "the broker does not allow us to use our transactional id (the agent id)", kAcl},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED, kHold, "the broker has security switched off", kFeature},
    {RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED, kRetry, "the broker did not attempt the operation",
     kHeals},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, kRetry, "the broker cannot use its disk",
     "look at the broker's disk and log"},
    {RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND, kRetry, "the broker cannot find its log directory",
     "look at the broker's disk and log"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, kHold, "the broker refused our credentials",
     kSasl},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, kRebuild, "the broker forgot our producer", kHeals},
    {RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS, kRetry, "partitions are being moved", kHeals},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED, kHold, "delegation tokens are switched off",
     kSasl},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND, kHold, "the delegation token is unknown", kSasl},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH, kHold, "the delegation token is another's",
     kSasl},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, kHold,
     "delegation tokens are not allowed here", kSasl},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, kHold,
     "the delegation token is not allowed to do this", kAcl},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED, kHold, "the delegation token has expired", kSasl},
    {RD_KAFKA_RESP_ERR_INVALID_PRINCIPAL_TYPE, kHold, "the kind of principal is not supported",
     kSasl},
    {RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, kRetry, "the group is not empty", kReport},
    {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, kRetry, "the group is unknown", kReport},
    {RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND, kRetry, "the fetch session is unknown", kHeals},
    {RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH, kRetry, "the fetch session's epoch is invalid",
     kHeals},
    {RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND, kRetry, "a broker has no listener that we can reach",
     kNetwork},
    {RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, kRetry, "topics cannot be deleted", kHeals},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, kRetry, "the partition's leader moved", kHeals},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, kRetry, "the partition's leader is moving", kHeals},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, kHold, "the broker does not know zstd",
     "set kafka.compression.codec to lz4"},
    {RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH, kRetry, "the broker restarted", kHeals},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, kRetry, "the leader is catching up", kHeals},
    {RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED, kRetry, "a member id is needed", kReport},
    {RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE, kRetry,
     "the preferred leader is not available", kHeals},
    {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, kRetry, "the group is full", kReport},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, kRetry, "a static group member was replaced", kReport},
    {RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE, kRetry, "no replica can lead", kReplicas},
    {RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED, kRetry, "no election is needed", kHeals},
    {RD_KAFKA_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS, kRetry, "no partitions are being moved",
     kHeals},
    {RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC, kRetry, "the group is subscribed", kReport},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, kQuarantine, "the broker's validation refused the record",
     kQuarantineRemedy},
    {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, kRetry, "an offset is not stable yet", kHeals},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, kRetry, "the broker throttles us", kHeals},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, kRebuild, "a newer producer took over", kFenced},
    {RD_KAFKA_RESP_ERR_RESOURCE_NOT_FOUND, kHold, "the broker does not know what was asked for",
     kTopics},
    {RD_KAFKA_RESP_ERR_DUPLICATE_RESOURCE, kRetry, "the same thing was asked for twice", kReport},
    {RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL, kHold, "the credential is not acceptable", kSasl},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_VOTER_SET, kRetry, "the controllers disagree",
     "look at the broker's log"},
    {RD_KAFKA_RESP_ERR_INVALID_UPDATE_VERSION, kRetry, "the update's version is invalid", kHeals},
    {RD_KAFKA_RESP_ERR_FEATURE_UPDATE_FAILED, kRetry, "the cluster could not update a feature",
     "look at the broker's log"},
    {RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE, kRetry,
     "the controller could not read our principal", "look at the broker's log"},
};

}  // namespace

std::span<const KafkaErrorEntry> broker_error_table() { return kTable; }

}  // namespace agent
