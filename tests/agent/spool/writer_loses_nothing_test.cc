// SPDX-License-Identifier: Apache-2.0
// What the queue took is in the spool, whatever the disk does in between; acks ride along; a stop
// commits all that is there.
#include <atomic>
#include <climits>
#include <random>
#include <thread>

#include "agent/spool/spool_writer.h"
#include "tests/buffer/spool_bench.h"

namespace agent {
namespace {

using buffer::DiskCall;
using buffer::DiskFile;
using buffer::make_row;
using buffer::Position;
using proto::Lane;
using SteadyClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

class Writer : public buffer::SpoolBench {
 protected:
  void open_writer(std::uint64_t commit_bytes_max = 4 << 20) {
    auto spool = open_spool();
    spool_ = spool.get();
    writer_ = std::make_unique<SpoolWriter>(std::move(spool), queue_,
                                            SpoolWriterOptions{.commit_interval = 1ms,
                                                               .commit_bytes_max = commit_bytes_max,
                                                               .retry_delay = 1ms,
                                                               .stop_retries_max = 50ms});
  }
  void push(std::uint64_t n, Lane lane = Lane::kTelemetry, std::size_t bytes = 500) {
    SpoolEntry entry;
    entry.producer = "js220-000001";
    entry.rows.push_back(make_row(lane, n, bytes));
    entry.state.push_back({"test.n", std::to_string(n)});
    queue_.push(std::move(entry));
  }
  // Waits until the writer's status is as wanted.
  template <class Condition>
  void wait_until(const Condition& condition) {
    const auto deadline = SteadyClock::now() + 60s;
    while (!condition(writer_->status())) {
      ASSERT_LT(SteadyClock::now(), deadline) << writer_->status().last_error;
      std::this_thread::sleep_for(1ms);
    }
  }

  // Call before the writer's thread runs; the count may change at any time.
  void fail_syncs() {
    disk_.set_fault([this](DiskFile file, DiskCall call, std::int64_t, int) {
      if (file != DiskFile::kWal || call != DiskCall::kSync || syncs_to_fail_ == 0) {
        return SQLITE_OK;
      }
      --syncs_to_fail_;
      return SQLITE_IOERR_FSYNC;
    });
  }

  std::atomic<int> syncs_to_fail_{0};
  SpoolQueue queue_{1 << 20};
  buffer::Spool* spool_ = nullptr;
  std::unique_ptr<SpoolWriter> writer_;
};

TEST_F(Writer, AStopCommitsAllThatIsThere) {
  open_writer(2000);  // so that it takes several commits
  for (std::uint64_t n = 1; n <= 50; ++n) push(n);
  writer_->start();
  writer_->ack({Lane::kTelemetry, Position(0)});
  writer_->set_state({"test.forwarder", "x"});
  writer_->stop();
  EXPECT_EQ(positions(Lane::kTelemetry).size(), 50u);
  EXPECT_EQ(writer_->status().appended_rows_total, 50u);
  EXPECT_GE(writer_->status().commits_total, 50u * 500 / 2500);
  EXPECT_EQ(queue_.bytes_of("js220-000001"), 0u);
  const auto reader = open_reader();
  EXPECT_EQ(*reader->state("test.n"), "50");
  EXPECT_EQ(*reader->state("test.forwarder"), "x");
}

TEST_F(Writer, AnEntryIsCalledDurableAfterItsCommitAndNotBefore) {
  syncs_to_fail_ = INT_MAX;
  open_writer();
  fail_syncs();
  push(1);
  std::atomic<int> durable{0};
  SpoolEntry behind;
  behind.on_durable = [&durable] { ++durable; };
  queue_.push(std::move(behind));
  writer_->start();
  wait_until([](const SpoolWriterStatus& status) { return !status.last_error.empty(); });
  EXPECT_EQ(durable, 0);
  syncs_to_fail_ = 0;
  wait_until([&durable](const SpoolWriterStatus&) { return durable > 0; });
  EXPECT_EQ(open_reader()->state("test.n").value(), "1");
  writer_->stop();
  EXPECT_EQ(durable, 1);
}

TEST_F(Writer, AFileThatIsMalformedIsCondemnedAndOthersAreNot) {
  for (const int code : {SQLITE_IOERR_WRITE, SQLITE_CORRUPT}) {
    open_writer();
    disk_.set_fault([code](DiskFile file, DiskCall call, std::int64_t, int) {
      return file == DiskFile::kWal && call == DiskCall::kWrite ? code : SQLITE_OK;
    });
    writer_->start();
    push(1);
    if (code == SQLITE_CORRUPT) {
      wait_until([](const SpoolWriterStatus& status) { return status.condemned; });
    } else {
      for (int i = 0; i < 5; ++i) {
        const auto heartbeat = writer_->status().heartbeat;
        wait_until([=](const SpoolWriterStatus& now) { return now.heartbeat > heartbeat + 1; });
      }
      EXPECT_FALSE(writer_->status().condemned);
    }
    writer_->stop();
    writer_.reset();
    disk_.set_fault({});
    EXPECT_EQ(open_spool()->open_report().set_aside.empty(), code != SQLITE_CORRUPT);
  }
}

TEST_F(Writer, AFailedCommitIsTriedAgainAndSaysWhy) {
  syncs_to_fail_ = INT_MAX;
  open_writer();
  fail_syncs();
  writer_->start();
  for (std::uint64_t n = 1; n <= 5; ++n) push(n);
  wait_until([](const SpoolWriterStatus& status) { return !status.last_error.empty(); });
  EXPECT_NE(writer_->status().last_error.find(options_.path), std::string::npos);
  const std::uint64_t heartbeat = writer_->status().heartbeat;
  wait_until([&](const SpoolWriterStatus& status) { return status.heartbeat > heartbeat + 3; });
  EXPECT_EQ(writer_->status().appended_rows_total, 0u);
  EXPECT_GT(queue_.bytes_of("js220-000001"), 0u) << "the share is not free before the commit is";
  syncs_to_fail_ = 0;
  wait_until([](const SpoolWriterStatus& status) { return status.appended_rows_total == 5; });
  EXPECT_EQ(writer_->status().last_error, "");
  EXPECT_THAT(positions(Lane::kTelemetry), testing::ElementsAre(1, 2, 3, 4, 5));
  writer_->stop();
}

TEST_F(Writer, AnAckOfAFailedCommitIsInTheNextOne) {
  open_writer();
  fail_syncs();
  push(1);
  push(2);
  writer_->start();
  wait_until([](const SpoolWriterStatus& status) { return status.appended_rows_total == 2; });
  syncs_to_fail_ = 3;
  writer_->ack({Lane::kTelemetry, Position(2)});  // without any row
  wait_until([](const SpoolWriterStatus& status) {
    return status.totals.lanes.at(Lane::kTelemetry).unacked_rows == 0;
  });
  writer_->stop();
  EXPECT_EQ(syncs_to_fail_, 0);
  EXPECT_EQ(open_reader()->watermark(Lane::kTelemetry)->value(), 2u);
}

TEST_F(Writer, NothingIsLostOrDoubledOnADiskThatFailsAtRandom) {
  open_writer(5000);
  auto random = std::make_shared<std::mt19937_64>(3);
  disk_.set_fault([random](DiskFile, DiskCall call, std::int64_t, int) {
    if (call != DiskCall::kSync && call != DiskCall::kWrite) return SQLITE_OK;
    return (*random)() % 10 == 0 ? SQLITE_IOERR : SQLITE_OK;
  });
  writer_->start();
  for (std::uint64_t n = 1; n <= 300; ++n) push(n);
  wait_until([](const SpoolWriterStatus& status) { return status.appended_rows_total == 300; });
  writer_->stop();
  disk_.set_fault(nullptr);
  const auto rows = metas(Lane::kTelemetry);
  ASSERT_EQ(rows.size(), 300u);
  for (std::uint64_t n = 1; n <= 300; ++n) {
    ASSERT_EQ(rows[n - 1].facts.id_first.value(), n * 1000) << "in the order of the queue";
  }
}

TEST_F(Writer, AStopOnADeadDiskEndsAndKeepsTheReason) {
  open_writer();
  syncs_to_fail_ = INT_MAX;
  fail_syncs();
  push(1);
  writer_->start();
  writer_->stop();
  EXPECT_NE(writer_->status().last_error, "");
  EXPECT_EQ(writer_->status().appended_rows_total, 0u);
}

TEST_F(Writer, ACommitWakesThoseWhoWaitAndSoDoesANotification) {
  open_writer();
  writer_->start();
  std::atomic<std::uint64_t> seen{0};
  std::thread waiting([&] { seen = writer_->wait_commit(0, SteadyClock::time_point::max()); });
  push(1);
  waiting.join();
  EXPECT_GE(seen, 1u);
  // A notification counts for those who wait already, so it is repeated until one does.
  std::atomic<bool> woken{false};
  std::thread idle([&] {
    writer_->wait_commit(UINT64_MAX, SteadyClock::time_point::max());
    woken = true;
  });
  while (!woken) writer_->notify();
  idle.join();
  EXPECT_EQ(writer_->wait_commit(UINT64_MAX, SteadyClock::time_point::min()),
            writer_->status().commits_total)
      << "a deadline ends the wait";
  writer_->stop();
}

TEST_F(Writer, PinnedRowsAreThereUntilTheyAreUnpinned) {
  open_writer();
  writer_->start();
  push(1, Lane::kWaveform, 300'000);
  wait_until([](const SpoolWriterStatus& status) { return status.appended_rows_total == 1; });
  writer_->pin(Lane::kWaveform, Position(1), Position(1));
  std::uint64_t n = 1;
  const auto fill = [&] {
    for (int i = 0; i < 80; ++i) push(++n, Lane::kWaveform, 300'000);
    wait_until([&](const SpoolWriterStatus& status) { return status.appended_rows_total == n; });
  };
  fill();
  EXPECT_GT(writer_->status().evicted_rows_total, 0u);
  EXPECT_EQ(positions(Lane::kWaveform).front(), 1u);
  writer_->unpin(Lane::kWaveform);
  fill();
  EXPECT_GT(positions(Lane::kWaveform).front(), 1u);
  writer_->stop();
}

TEST_F(Writer, TheObserversRowsAreInTheCommitThatEvicted) {
  open_writer();
  std::uint64_t told = 0;
  spool_->set_eviction_observer([&](std::span<const buffer::EvictedRange> ranges) {
    std::vector<buffer::NewRow> gaps;
    for (const auto& range : ranges) {
      told += range.rows;
      gaps.push_back(make_row(Lane::kEvent, range.seq_last.value(), 100));
    }
    return gaps;
  });
  for (std::uint64_t n = 1; n <= 90; ++n) push(n, Lane::kWaveform, 300'000);
  writer_->start();
  wait_until([](const SpoolWriterStatus& status) { return status.appended_rows_total == 90; });
  writer_->stop();
  const auto waveform = positions(Lane::kWaveform);
  const auto events = metas(Lane::kEvent);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(told + waveform.size(), 90u);
  EXPECT_EQ(events.back().facts.id_first.value() / 1000 + 1, waveform.front())
      << "the last gap ends where the rows begin";
}

}  // namespace
}  // namespace agent
