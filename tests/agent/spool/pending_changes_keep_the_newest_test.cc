// SPDX-License-Identifier: Apache-2.0
// Acks and state changes wait as one value each, the newest; what a failed commit gives back never
// replaces a newer one.
#include <gtest/gtest.h>

#include "agent/spool/pending_changes.h"

namespace agent {
namespace {

using buffer::Position;
using proto::Lane;

TEST(PendingChanges, TheHighestAckOfALaneCounts) {
  PendingChanges pending;
  EXPECT_TRUE(pending.empty());
  pending.ack({Lane::kEvent, Position(5)});
  pending.ack({Lane::kEvent, Position(3)});
  pending.ack({Lane::kWaveform, Position(1)});
  ASSERT_EQ(pending.acks().size(), 2u);
  EXPECT_EQ(pending.acks()[0].through, Position(5));
  pending.ack_latest({"t", "k", 9});
  pending.ack_latest({"t", "k", 8});
  ASSERT_EQ(pending.latest_acks().size(), 1u);
  EXPECT_EQ(pending.latest_acks()[0].version, 9u);
  EXPECT_FALSE(pending.empty());
}

TEST(PendingChanges, WhatIsGivenBackIsOlder) {
  PendingChanges failed;
  failed.ack({Lane::kEvent, Position(7)});
  failed.ack({Lane::kArchive, Position(2)});
  failed.set_state({"a", "old"});
  failed.set_state({"b", "only"});
  PendingChanges pending;
  pending.ack({Lane::kEvent, Position(6)});
  pending.set_state({"a", std::nullopt});
  pending.give_back(std::move(failed));
  ASSERT_EQ(pending.acks().size(), 2u);
  EXPECT_EQ(pending.acks()[0].through, Position(7));
  const auto state = pending.state();
  ASSERT_EQ(state.size(), 2u);
  EXPECT_EQ(state[0].value, std::nullopt) << "the removal came later";
  EXPECT_EQ(state[1].value, "only");
}

}  // namespace
}  // namespace agent
