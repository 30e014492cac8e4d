// SPDX-License-Identifier: Apache-2.0
// A spool that turns out to be malformed while it is written ends the daemon, and the next start
// acquires into a fresh one and says so.
#include <gmock/gmock.h>

#include <atomic>

#include "tests/agent/daemon/daemon_bench.h"
#include "tests/buffer/test_disk.h"

namespace agent {
namespace {

using testing::HasSubstr;

class MalformedSpool : public DaemonBench {
 protected:
  buffer::TestDisk disk_;
  std::atomic<bool> malformed_{false};
};

TEST_F(MalformedSpool, EndsTheDaemonAndIsReplacedAtTheNextStart) {
  disk_.set_fault([this](buffer::DiskFile file, buffer::DiskCall call, std::int64_t, int) {
    const bool hit = malformed_ && file == buffer::DiskFile::kWal;
    return hit && call == buffer::DiskCall::kWrite ? SQLITE_CORRUPT : SQLITE_OK;
  });
  plug_in({"000001"});
  configure({"000001"});
  start();
  ASSERT_TRUE(wait_for_values(1000));
  malformed_ = true;
  ASSERT_TRUE(
      wait_for([this] { return log_text().find("malformed; ending") != std::string::npos; }));
  EXPECT_FALSE(stop()) << "a service manager must see a failure";
  malformed_ = false;

  start();
  ASSERT_TRUE(wait_for_values(1000));
  EXPECT_TRUE(stop());
  EXPECT_THAT(log_text(), HasSubstr("damaged spool set aside"));
  EXPECT_EQ(events("spool_salvaged").size(), 1u);
}

}  // namespace
}  // namespace agent
