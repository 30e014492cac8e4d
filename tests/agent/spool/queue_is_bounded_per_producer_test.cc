// SPDX-License-Identifier: Apache-2.0
// Each producer has its own share of the queue: a full one is told so and takes nothing from the
// others.
#include <gtest/gtest.h>

#include <thread>

#include "agent/spool/spool_queue.h"

namespace agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

SpoolEntry entry(const std::string& producer, std::size_t bytes) {
  SpoolEntry made;
  made.producer = producer;
  made.rows.resize(1);
  made.rows[0].payload.resize(bytes);
  return made;
}
const auto kNow = SteadyClock::time_point::min();

TEST(SpoolQueue, AFullShareIsRefusedAndTheOthersAreNot) {
  SpoolQueue queue(1000);
  EXPECT_TRUE(queue.try_push(entry("a", 600)));
  EXPECT_TRUE(queue.try_push(entry("a", 400)));
  EXPECT_FALSE(queue.try_push(entry("a", 1)));
  EXPECT_TRUE(queue.try_push(entry("b", 1000)));
  queue.push(entry("a", 50));  // what must not be refused
  EXPECT_EQ(queue.bytes_of("a"), 1050u);
  EXPECT_EQ(queue.take_all(kNow).size(), 4u);
}

TEST(SpoolQueue, TakenIsNotFreeUntilItsCommitReturned) {
  SpoolQueue queue(1000);
  EXPECT_TRUE(queue.try_push(entry("a", 1000)));
  EXPECT_EQ(queue.take_all(kNow).size(), 1u);
  EXPECT_FALSE(queue.try_push(entry("a", 1)));
  queue.release("a", 1000);
  EXPECT_TRUE(queue.try_push(entry("a", 1)));
}

TEST(SpoolQueue, AnEmptyShareTakesAnyEntry) {
  SpoolQueue queue(10);
  EXPECT_TRUE(queue.try_push(entry("a", 500)));
  EXPECT_FALSE(queue.try_push(entry("a", 1)));
}

TEST(SpoolQueue, EntriesKeepTheirOrder) {
  SpoolQueue queue(1000);
  for (const std::size_t bytes : {1, 2, 3}) EXPECT_TRUE(queue.try_push(entry("a", bytes)));
  const auto taken = queue.take_all(kNow);
  ASSERT_EQ(taken.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(taken[i].rows[0].payload.size(), i + 1);
}

TEST(SpoolQueue, AWaitEndsWithAnEntryOrAStop) {
  SpoolQueue queue(1000);
  std::vector<SpoolEntry> taken;
  std::thread first([&] { taken = queue.take_all(SteadyClock::time_point::max()); });
  queue.push(entry("a", 1));
  first.join();
  EXPECT_EQ(taken.size(), 1u);
  std::thread second([&] { taken = queue.take_all(SteadyClock::time_point::max()); });
  queue.stop();
  second.join();
  EXPECT_TRUE(taken.empty());
}

}  // namespace
}  // namespace agent
