// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/settings_table.h"

namespace agent {
namespace {

using enum SettingType;

constexpr SettingSpec kSpecs[] = {
    {"brokers", kBrokers, "", "bootstrap.servers", "the brokers to begin with: host:port, ..."},
    {"bootstrap.servers", kBrokers, "", "", "the same under librdkafka's name"},
    {"client.id", kText, "", "", "name in the broker's logs; default: the agent id"},
    {"client.rack", kText, "", "", "rack of this bench"},
    {"broker.address.family", kChoice, "any|v4|v6", "", "IP version"},
    {"security.protocol", kChoice, "plaintext|ssl|sasl_plaintext|sasl_ssl", "",
     "how to talk to the brokers"},
    {"sasl.mechanism", kChoice, "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|GSSAPI|OAUTHBEARER", "",
     "SCRAM against brokers 4.x needs librdkafka 2.6.1"},
    {"sasl.username", kText, "", "", "user name"},
    {"sasl.password_file", kSecretFile, "", "sasl.password",
     "file or credential with the password"},
    {"sasl.kerberos.service.name", kText, "", "", "Kerberos principal of the brokers"},
    {"sasl.kerberos.principal", kText, "", "", "our Kerberos principal"},
    {"sasl.kerberos.keytab", kPath, "", "", "our keytab"},
    {"sasl.oauthbearer.method", kChoice, "default|oidc", "", "how tokens are obtained"},
    {"sasl.oauthbearer.client.id", kText, "", "", "OIDC client id"},
    {"sasl.oauthbearer.client.secret_file", kSecretFile, "", "sasl.oauthbearer.client.secret",
     "file or credential with the OIDC client secret"},
    {"sasl.oauthbearer.scope", kText, "", "", "OIDC scope"},
    {"sasl.oauthbearer.extensions", kText, "", "", "SASL extensions, key=value, ..."},
    {"sasl.oauthbearer.token.endpoint.url", kText, "", "", "OIDC token endpoint"},
    {"ssl.ca.location", kPath, "", "", "certificates of the authorities that we trust"},
    {"ssl.certificate.location", kPath, "", "", "our certificate"},
    {"ssl.key.location", kPath, "", "", "our private key"},
    {"ssl.key.password_file", kSecretFile, "", "ssl.key.password", "file or credential"},
    {"ssl.crl.location", kPath, "", "", "revocation list"},
    {"ssl.cipher.suites", kText, "", "", "allowed ciphers"},
    {"ssl.curves.list", kText, "", "", "allowed curves"},
    {"ssl.sigalgs.list", kText, "", "", "allowed signature algorithms"},
    {"ssl.endpoint.identification.algorithm", kChoice, "https|none", "",
     "none: the broker's host name is not checked"},
    {"enable.ssl.certificate.verification", kBool, "", "",
     "false: the broker's certificate is not checked"},
    // librdkafka takes no more than transaction.timeout.ms.
    {"socket.timeout.ms", kInteger, "1000..10000", "", "default 4000"},
    {"socket.connection.setup.timeout.ms", kInteger, "1000..300000", "", "default 5000"},
    {"socket.send.buffer.bytes", kInteger, "0..100000000", "", "0: the system's"},
    {"socket.keepalive.enable", kBool, "", "", "default true"},
    {"connections.max.idle.ms", kInteger, "0..2147483647", "", "0: never closed"},
    // librdkafka wants the first no larger than the second; so any two of these are.
    {"reconnect.backoff.ms", kInteger, "0..1000", "", "default 50"},
    {"reconnect.backoff.max.ms", kInteger, "1000..3600000", "", "default 1000"},
    {"metadata.max.age.ms", kInteger, "1..86400000", "", "age of the oldest usable metadata"},
    {"topic.metadata.refresh.interval.ms", kInteger, "-1..3600000", "", "default 300000"},
    {"linger.ms", kInteger, "0..1000", "", "default 5"},
    {"compression.codec", kChoice, "none|gzip|snappy|lz4|zstd", "",
     "of the JSON topics; default zstd. Waveforms are compressed already"},
    {"compression.level", kInteger, "-1..12", "", "default 1 with zstd; -1: the codec's own"},
    {"message.max.bytes", kInteger, "1000000..1000000000", "", "largest request"},
    {"batch.size", kInteger, "1..2147483647", "", "largest batch of one partition"},
    {"debug", kText, "", "", "librdkafka's debug contexts: they go to the log"},
    {kInsecureKey, kText, "", "", "the explicit word that switching a certificate check off needs"},
};

constexpr std::string_view kOnce = "exactly-once delivery depends on it";
constexpr std::string_view kSecret = "a secret must not stand in a configuration file";

constexpr RefusedSetting kRefused[] = {
    {"enable.idempotence", kOnce},
    {"acks", kOnce},
    {"request.required.acks", kOnce},
    {"max.in.flight", kOnce},
    {"max.in.flight.requests.per.connection", kOnce},
    {"message.send.max.retries", kOnce},
    {"retries", kOnce},
    {"retry.backoff.ms", "transactions would wait for it; retries are the forwarder's"},
    {"message.timeout.ms", "the spool drops nothing by time"},
    {"delivery.timeout.ms", "the spool drops nothing by time"},
    {"transactional.id", "it is the agent.id"},
    {"transaction.timeout.ms", "it is 10 s: longer ones hide other benches' records"},
    {"enable.gapless.guarantee", kOnce},
    {"partitioner", "it is murmur2, as Java's, so that other writers co-partition"},
    {"queue.buffering.max.messages", "the window bounds it; see forward.window"},
    {"queue.buffering.max.kbytes", "the window bounds it; see forward.window"},
    {"queue.buffering.max.ms", "use linger.ms"},
    {"statistics.interval.ms", "the agent's own metrics decide it"},
    {"isolation.level", "readers of this product read committed"},
    {"group.id", "the agent joins no group"},
    {"plugin.library.paths", "foreign code is not loaded into the agent"},
    {"ssl.ca.pem", "use ssl.ca.location"},
    {"ssl.certificate.pem", "use ssl.certificate.location"},
    {"ssl.key.pem", kSecret},
    {"sasl.password", kSecret},
    {"sasl.oauthbearer.client.secret", kSecret},
    {"sasl.oauthbearer.config", kSecret},
    {"enable.sasl.oauthbearer.unsecure.jwt", "unsigned tokens protect nothing"},
    {"ssl.key.password", kSecret},
    {"ssl.keystore.password", kSecret},
    {"ssl.keystore.location", "use ssl.certificate.location and ssl.key.location"},
    {"sasl.kerberos.kinit.cmd", "the agent runs no commands"},
};

}  // namespace

std::span<const SettingSpec> kafka_setting_specs() { return kSpecs; }
std::span<const RefusedSetting> refused_kafka_settings() { return kRefused; }

}  // namespace agent
