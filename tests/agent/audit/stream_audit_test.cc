// SPDX-License-Identifier: Apache-2.0
#include "agent/audit/stream_audit.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

const std::string kA(32, 'a');
const std::string kB(32, 'b');

StreamAudit two_streams() {
  StreamAudit audit;
  audit.add_chain("bench-07", kB, std::nullopt, {});
  audit.add_chain("bench-07", kA, kB, {{proto::Lane::kTelemetry, proto::Sequence(3)}});
  for (std::uint64_t n = 1; n <= 3; ++n) {
    audit.add(kB, proto::Lane::kTelemetry, proto::Sequence(n));
    audit.add(kA, proto::Lane::kTelemetry, proto::Sequence(n));
  }
  return audit;
}

TEST(StreamAudit, DenseStreamsInAChainHold) {
  const StreamFindings found = two_streams().finish();
  EXPECT_TRUE(found.ok());
  EXPECT_EQ(found.streams, 2u);
  EXPECT_EQ(found.records, 6u);
  EXPECT_EQ(two_streams().order(), (std::map<std::string, std::uint64_t>{{kB, 0}, {kA, 1}}));
}

TEST(StreamAudit, ARepeatedSequenceIsADuplicate) {
  StreamAudit audit = two_streams();
  EXPECT_FALSE(audit.add(kB, proto::Lane::kTelemetry, proto::Sequence(2)));
  EXPECT_FALSE(audit.add(kB, proto::Lane::kTelemetry, proto::Sequence(3)));
  const StreamFindings found = audit.finish();
  EXPECT_EQ(found.duplicates, 2u);
  EXPECT_EQ(found.findings, std::vector<std::string>{"stream bbbbbbbb lane telemetry: sequences "
                                                     "2..3 came more than once"});
}

TEST(StreamAudit, ASkippedSequenceIsMissingAlsoTheFirst) {
  StreamAudit audit = two_streams();
  audit.add(kA, proto::Lane::kTelemetry, proto::Sequence(6));
  EXPECT_EQ(audit.finish().missing, 2u);
  audit.add(kA, proto::Lane::kEvent, proto::Sequence(2));
  EXPECT_EQ(audit.finish().missing, 3u);
}

TEST(StreamAudit, ALossAtTheEndOfAStreamShowsByItsSuccessor) {
  StreamAudit audit = two_streams();
  audit.add_chain("bench-07", kA, kB, {{proto::Lane::kTelemetry, proto::Sequence(5)}});
  EXPECT_EQ(audit.finish().missing, 2u);
  audit.add_named_loss(kB, proto::Lane::kTelemetry, {4, 5});
  EXPECT_TRUE(audit.finish().ok());
}

TEST(StreamAudit, AStreamWithoutItsFirstEventIsSuspect) {
  StreamAudit audit;
  audit.add(kA, proto::Lane::kTelemetry, proto::Sequence(1));
  EXPECT_FALSE(audit.finish().ok());
}

TEST(StreamAudit, ARestoredCopyOfASpoolShowsAsTwoSuccessors) {
  StreamAudit audit = two_streams();
  const std::string other(32, 'c');
  audit.add_chain("bench-07", other, kB, {});
  audit.add(other, proto::Lane::kTelemetry, proto::Sequence(1));
  ASSERT_EQ(audit.finish().findings.size(), 1u);
  EXPECT_NE(audit.finish().findings[0].find("two successors"), std::string::npos);
}

}  // namespace
}  // namespace agent
