// SPDX-License-Identifier: Apache-2.0
// Against a real broker: the agent finds its progress again, whatever was done to the topic, and
// never sees what was not committed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <span>
#include <thread>

#include "agent/forward/progress_reader.h"
#include "agent/kafka/kafka_errc.h"
#include "agent/kafka/rd_producer.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

using proto::Lane;
using proto::Sequence;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{RealBroker::kPatienceMs};
const proto::StreamId kStream = *proto::StreamId::from_hex(std::string(32, 'c'));

// One life of an agent, as far as the progress topic sees it.
class Writer {
 public:
  Writer(const RealBroker& broker, std::string topic, std::string agent_id)
      : topic_(std::move(topic)), agent_id_(std::move(agent_id)) {
    auto made = make_rd_producer({broker.settings(), agent_id_, true, {}});
    EXPECT_TRUE(made) << made.error().message();
    producer_ = std::move(*made);
    const auto ready = producer_->init_transactions(kPatience);
    EXPECT_TRUE(ready.ok()) << ready.text;
  }

  // In an open transaction, on the broker's disk.
  void write(std::uint64_t next) {
    proto::ProgressRecord record;
    record.agent_id = agent_id_;
    record.instance_id = "life";
    record.started_utc_us = 1'700'000'000'000'000;
    record.next_sequence[kStream][Lane::kTelemetry] = Sequence(next);
    value_ = to_json(record);
    if (!open_) {
      ASSERT_TRUE(producer_->begin_transaction().ok());
    }
    open_ = true;
    OutgoingRecord out;
    out.topic = topic_;
    out.key = agent_id_;
    out.value = std::as_bytes(std::span(value_));
    out.timestamp_ms = 1'700'000'000'000;
    ASSERT_TRUE(producer_->produce(out).ok());
    const auto flushed = producer_->flush(kPatience);
    ASSERT_TRUE(flushed.ok()) << flushed.text;
  }
  void commit() {
    const auto done = producer_->commit_transaction(kPatience);
    ASSERT_TRUE(done.ok()) << done.text;
    open_ = false;
  }
  void commit(std::uint64_t next) {
    write(next);
    commit();
  }

 private:
  std::string topic_;
  std::string agent_id_;
  std::string value_;
  bool open_ = false;
  std::unique_ptr<Producer> producer_;
};

class ProgressIsFoundAgain : public testing::Test {
 protected:
  void SetUp() override {
    query_.kafka = broker_.settings();
    query_.topic = RealBroker::unique("progress");
    query_.agent_id = RealBroker::unique("bench-07");
    query_.timeout = kPatience;
  }
  void create(int partitions) {
    broker_.create_topic(query_.topic, partitions, {{"cleanup.policy", "compact"}});
  }
  Writer life() { return {broker_, query_.topic, query_.agent_id}; }
  FoundProgress read() {
    auto found = read_progress(query_);
    EXPECT_TRUE(found) << found.error().message();
    return found ? *found : FoundProgress{};
  }
  // 0: nothing was found.
  static std::uint64_t next_of(const FoundProgress& found) {
    if (!found.progress) return 0;
    return found.progress->next_sequence.at(kStream).at(Lane::kTelemetry).value();
  }

  RealBroker broker_;
  ProgressQuery query_;
};

TEST_F(ProgressIsFoundAgain, NotInATopicThatIsAbsent) {
  const FoundProgress found = read();
  EXPECT_FALSE(found.topic_exists);
  EXPECT_FALSE(found.progress);
  EXPECT_TRUE(found.next_offsets.empty());
}

TEST_F(ProgressIsFoundAgain, NotInAnEmptyTopic) {
  create(3);
  const FoundProgress found = read();
  EXPECT_TRUE(found.topic_exists);
  EXPECT_FALSE(found.progress);
  EXPECT_EQ(found.next_offsets, (ProgressOffsets{{0, 0}, {1, 0}, {2, 0}}));
}

TEST_F(ProgressIsFoundAgain, AmongThoseOfOtherAgents) {
  create(3);
  Writer mine = life();
  Writer other(broker_, query_.topic, RealBroker::unique("bench-08"));
  mine.commit(5);
  other.commit(900);
  mine.commit(6);
  other.commit(901);
  const FoundProgress found = read();
  EXPECT_EQ(next_of(found), 6U);
  EXPECT_EQ(found.progress->agent_id, query_.agent_id);
  EXPECT_EQ(found.progress->instance_id, "life");
}

TEST_F(ProgressIsFoundAgain, AfterPartitionsWereAddedAndTheKeyMoved) {
  query_.agent_id = "bench-that-moves";  // by murmur2 not to partition 0 of 24
  create(1);
  life().commit(5);
  query_.from = read().next_offsets;
  broker_.add_partitions(query_.topic, 24);
  life().commit(9);
  FoundProgress found = read();
  EXPECT_EQ(next_of(found), 9U);
  EXPECT_EQ(found.next_offsets.size(), 24U);
  EXPECT_EQ(found.next_offsets.at(0), query_.from.at(0)) << "the key did not move";
  query_.from.clear();
  found = read();
  EXPECT_EQ(next_of(found), 9U);
}

TEST_F(ProgressIsFoundAgain, FromWhereTheLastReadingEnded) {
  create(2);
  Writer mine = life();
  mine.commit(5);
  query_.from = read().next_offsets;
  EXPECT_EQ(next_of(read()), 0U) << "read again from the start";
  mine.commit(6);
  const FoundProgress found = read();
  EXPECT_EQ(next_of(found), 6U);
  EXPECT_NE(found.next_offsets, query_.from);
}

TEST_F(ProgressIsFoundAgain, InATopicThatWasMadeAnew) {
  create(2);
  {
    Writer mine = life();
    for (std::uint64_t next = 1; next <= 20; ++next) mine.commit(next);
  }
  query_.from = read().next_offsets;
  broker_.delete_topic(query_.topic);
  create(1);
  EXPECT_EQ(next_of(read()), 0U);
  life().commit(3);
  const FoundProgress found = read();
  EXPECT_EQ(next_of(found), 3U) << "remembered offsets that no longer exist begin at the start";
  EXPECT_EQ(found.next_offsets.size(), 1U);
}

TEST_F(ProgressIsFoundAgain, AboveRecordsThatRetentionRemoved) {
  create(1);
  Writer mine = life();
  for (std::uint64_t next = 1; next <= 10; ++next) mine.commit(next);
  broker_.delete_records(query_.topic, 0, 15);
  query_.from = {{0, 3}};
  EXPECT_EQ(next_of(read()), 10U);
}

// Compaction leaves holes between offsets and, with transactions, batches without a record.
TEST_F(ProgressIsFoundAgain, BetweenTheHolesThatCompactionLeft) {
  broker_.create_topic(query_.topic, 1,
                       {{"cleanup.policy", "compact"},
                        {"segment.ms", "100"},
                        {"min.cleanable.dirty.ratio", "0.001"},
                        {"max.compaction.lag.ms", "100"}});
  Writer mine = life();
  Writer other(broker_, query_.topic, RealBroker::unique("bench-08"));
  std::uint64_t next = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool compacted = false;
  while (!compacted && std::chrono::steady_clock::now() < deadline) {
    mine.commit(++next);
    other.commit(next);
    std::this_thread::sleep_for(milliseconds(100));
    compacted = broker_.record_count(query_.topic, 0) < 2 * next;
  }
  ASSERT_TRUE(compacted);
  EXPECT_EQ(next_of(read()), next);
  query_.from = {{0, 1}};
  EXPECT_EQ(next_of(read()), next);
}

TEST_F(ProgressIsFoundAgain, OnlyWhereItWasCommitted) {
  create(1);
  {
    Writer mine = life();
    mine.commit(5);
    mine.write(6);  // and dies
  }
  Writer next_life = life();  // settles what the last one left open
  EXPECT_EQ(next_of(read()), 5U);
}

// Its records may lie behind the open transaction of a bench that died: that is waited for.
TEST_F(ProgressIsFoundAgain, BehindAnotherBenchsOpenTransaction) {
  create(1);
  const std::string other = RealBroker::unique("bench-08");
  {
    Writer dies(broker_, query_.topic, other);
    dies.write(77);
  }
  life().commit(5);
  query_.timeout = milliseconds(1500);
  const auto early = read_progress(query_);
  ASSERT_FALSE(early) << "read past an open transaction";
  EXPECT_EQ(early.error().code, make_error_code(KafkaErrc::kIncomplete));
  EXPECT_THAT(early.error().message(), testing::HasSubstr(query_.topic));
  query_.timeout = kPatience;
  std::thread other_comes_back([&] { Writer again(broker_, query_.topic, other); });
  EXPECT_EQ(next_of(read()), 5U);
  other_comes_back.join();
}

TEST_F(ProgressIsFoundAgain, UnlessTheReadingIsCancelled) {
  create(1);
  Writer open(broker_, query_.topic, RealBroker::unique("bench-08"));
  open.write(1);
  int asked = 0;
  query_.cancelled = [&] { return ++asked > 3; };
  const auto begin = std::chrono::steady_clock::now();
  const auto found = read_progress(query_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, make_error_code(KafkaErrc::kIncomplete));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience / 2);
}

}  // namespace
}  // namespace agent
