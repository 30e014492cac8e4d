// SPDX-License-Identifier: Apache-2.0
// The printed rights are those that the agent needs, each once, as a shell takes them. That they
// are enough and none too much is tried with a broker: tests/system/secured_brokers_test.py.
#include <gtest/gtest.h>

#include "agent/kafka/acl_plan.h"

namespace agent {
namespace {

constexpr const char* kBegin =
    "kafka-acls.sh --bootstrap-server 'kafka1:9093' --add --allow-principal 'User:bench-07' "
    "--operation ";

AclNeeds needs(bool exactly_once) {
  return {"User:bench-07", "kafka1:9093", "bench.", "bench-07", exactly_once};
}

TEST(Acls, OfExactlyOnceAreTopicsProgressAndTheTransactionalId) {
  const std::string begin = kBegin;
  EXPECT_EQ(acl_commands(needs(true)),
            (std::vector<std::string>{
                begin + "Write --topic 'bench.telemetry.v1' --topic 'bench.waveform.v1' --topic "
                        "'bench.event.v1' --topic 'bench.run.v1' --topic 'bench.device.v1' "
                        "--topic 'bench.agent.v1' --topic 'bench.progress.v1'",
                begin + "Read --topic 'bench.run.v1' --topic 'bench.progress.v1'",
                begin + "Write --transactional-id 'bench-07'"}));
}

TEST(Acls, OfAtLeastOnceHaveNoTransactionalId) {
  const std::string begin = kBegin;
  EXPECT_EQ(
      acl_commands(needs(false)),
      (std::vector<std::string>{
          begin + "Write --topic 'bench.telemetry.v1' --topic 'bench.waveform.v1' --topic "
                  "'bench.event.v1' --topic 'bench.run.v1' --topic 'bench.device.v1' "
                  "--topic 'bench.agent.v1'",
          begin + "Read --topic 'bench.run.v1'", begin + "Describe --topic 'bench.progress.v1'"}));
}

TEST(Acls, AreQuotedForAShell) {
  AclNeeds odd = needs(true);
  odd.principal = "User:CN=o'hara,OU=lab 2";
  EXPECT_NE(acl_commands(odd)[2].find("'User:CN=o'\\''hara,OU=lab 2'"), std::string::npos);
}

TEST(Principals, AreTheUserOrNobodyAndOfACertificateUnknown) {
  EXPECT_EQ(principal_of({{"security.protocol", "sasl_ssl"}, {"sasl.username", "bench"}}),
            "User:bench");
  EXPECT_EQ(principal_of({{"security.protocol", "plaintext"}}), "User:ANONYMOUS");
  EXPECT_EQ(principal_of({{"security.protocol", "ssl"}}), "User:ANONYMOUS");
  EXPECT_EQ(principal_of({{"security.protocol", "ssl"}, {"ssl.certificate.location", "/a"}}), "");
}

}  // namespace
}  // namespace agent
