// SPDX-License-Identifier: Apache-2.0
// What was delivered once stays delivered, whatever is merged or advanced later.
#include <gtest/gtest.h>

#include "agent/forward/progress.h"

namespace agent {
namespace {

using proto::Lane;
using proto::Sequence;
using proto::StreamId;

const StreamId kOld = *StreamId::from_hex(std::string(32, 'a'));
const StreamId kNew = *StreamId::from_hex(std::string(32, 'b'));

Progress progress() { return Progress({"bench-07", "life-2", "host", 5}); }

proto::ProgressRecord found(const StreamId& stream, Lane lane, std::uint64_t next) {
  proto::ProgressRecord record;
  record.instance_id = "life-1";
  record.next_sequence[stream][lane] = Sequence(next);
  return record;
}

TEST(ProgressNeverMovesBack, NothingKnownIsTheFirstSequence) {
  EXPECT_EQ(progress().next(kNew, Lane::kTelemetry), Sequence(1));
}

TEST(ProgressNeverMovesBack, NeitherByMergingNorByAdvancing) {
  Progress at = progress();
  at.advance(kOld, Lane::kTelemetry, Sequence(10));
  at.merge(found(kOld, Lane::kTelemetry, 7));
  EXPECT_EQ(at.next(kOld, Lane::kTelemetry), Sequence(10));
  at.advance(kOld, Lane::kTelemetry, Sequence(9));
  EXPECT_EQ(at.next(kOld, Lane::kTelemetry), Sequence(10));
  at.merge(found(kOld, Lane::kTelemetry, 12));
  EXPECT_EQ(at.next(kOld, Lane::kTelemetry), Sequence(12));
  EXPECT_EQ(at.next(kOld, Lane::kEvent), Sequence(1));
  EXPECT_EQ(at.next(kNew, Lane::kTelemetry), Sequence(1));
}

TEST(ProgressNeverMovesBack, ItsRecordIsOfThisLifeAndComesBackFromItsJson) {
  Progress at = progress();
  at.merge(found(kOld, Lane::kWaveform, 4));
  at.advance(kNew, Lane::kEvent, Sequence(2));
  const auto read = proto::progress_from_json(to_json(at.record()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->agent_id, "bench-07");
  EXPECT_EQ(read->instance_id, "life-2");
  EXPECT_EQ(read->host, "host");
  EXPECT_EQ(read->started_utc_us, 5);
  EXPECT_EQ(read->next_sequence.at(kOld).at(Lane::kWaveform), Sequence(4));
  EXPECT_EQ(read->next_sequence.at(kNew).at(Lane::kEvent), Sequence(2));
}

TEST(ProgressNeverMovesBack, OnlyStreamsThatMatterAreKept) {
  Progress at = progress();
  at.advance(kOld, Lane::kEvent, Sequence(3));
  at.advance(kNew, Lane::kEvent, Sequence(2));
  at.keep_only({kNew});
  EXPECT_EQ(at.record().next_sequence.size(), 1U);
  EXPECT_EQ(at.next(kNew, Lane::kEvent), Sequence(2));
}

TEST(ProgressNeverMovesBack, EachLifeHasANameOfItsOwn) {
  const AgentInstance first = make_agent_instance("bench-07", 1);
  const AgentInstance second = make_agent_instance("bench-07", 1);
  EXPECT_EQ(first.instance_id.size(), 32U);
  EXPECT_NE(first.instance_id, second.instance_id);
  EXPECT_FALSE(first.host.empty());
  EXPECT_EQ(first.agent_id, "bench-07");
}

}  // namespace
}  // namespace agent
