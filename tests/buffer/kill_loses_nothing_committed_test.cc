// SPDX-License-Identifier: Apache-2.0
// A process that is killed at any instant leaves every commit that it was told of, and at most the
// one that was under way.
//
// WATTSPOOL_KILLS: how many kills.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "tests/buffer/spool_bench.h"

namespace buffer {
namespace {

using proto::Lane;

int kills() {
  const char* const text = std::getenv("WATTSPOOL_KILLS");
  return text == nullptr ? 20 : std::atoi(text);
}

class Kill : public SpoolBench {
 protected:
  // In the child: commits for ever and writes the number of each commit, once acknowledged.
  [[noreturn]] void commit_until_killed(int report, std::uint64_t n) {
    auto spool = Spool::open(options_, clock_);
    if (!spool) _exit(1);
    while (true) {
      const std::size_t large = n % 7 == 0 ? 300'000 : 3'000;
      const std::vector rows = {make_row(Lane::kTelemetry, n, 500),
                                make_row(Lane::kWaveform, n, large)};
      const std::vector<StateChange> state = {{"test.n", std::to_string(n)}};
      Commit commit;
      commit.rows = rows;
      commit.state = state;
      if (!(*spool)->commit(commit)) _exit(2);
      if (write(report, &n, sizeof n) != sizeof n) _exit(3);
      ++n;
    }
  }
};

TEST_F(Kill, LosesNothingCommitted) {
  options_.wal_checkpoint_bytes = 512 << 10;
  std::mt19937_64 random(7);
  std::uint64_t found = 0;
  for (int turn = 0; turn < kills(); ++turn) {
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t child = fork();
    if (child == 0) commit_until_killed(report[1], found + 1);
    close(report[1]);
    std::uint64_t acknowledged = found;
    // Killed after some commits, at an instant of the next that the scheduler picks.
    for (std::uint64_t more = random() % 12 + 1; more > 0; --more) {
      std::uint64_t n = 0;
      ASSERT_EQ(read(report[0], &n, sizeof n), static_cast<ssize_t>(sizeof n));
      acknowledged = n;
    }
    usleep(static_cast<useconds_t>(random() % 3000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::uint64_t n = 0;  // what it still said before it died
    while (read(report[0], &n, sizeof n) == static_cast<ssize_t>(sizeof n)) acknowledged = n;
    close(report[0]);

    const auto spool = open_spool();
    ASSERT_NE(spool, nullptr);
    ASSERT_EQ(spool->open_report().set_aside, "") << spool->open_report().damage;
    const auto state = spool->state("test.n");
    ASSERT_TRUE(state && *state);
    found = std::stoull(**state);
    ASSERT_GE(found, acknowledged);
    ASSERT_LE(found, acknowledged + 1);
    const auto telemetry = metas(Lane::kTelemetry);
    ASSERT_EQ(telemetry.back().position.value(), found);
    ASSERT_EQ(telemetry.back().facts.id_first.value(), found * 1000);
    ASSERT_EQ(positions(Lane::kWaveform).back(), found);
    const auto report_now = open_reader()->verify(nullptr);
    ASSERT_TRUE(report_now->ok());
  }
}

}  // namespace
}  // namespace buffer
