// SPDX-License-Identifier: Apache-2.0
// Answers the control socket from the main thread. Status is answered at once; a command goes to
// the instrument's thread, whose answer comes back through the mailbox, so nobody here waits. A run
// command that was taken is answered when it is on disk: no kill takes back what a person was told.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/control/control_server.h"
#include "agent/daemon/main_mailbox.h"
#include "agent/daemon/parts.h"
#include "agent/log/log.h"
#include "proto/result.h"

namespace agent {

// The one that a request names by either form of its id, by its serial, or the only one.
// ControlErrc::kUnknownInstrument says which there are and which is near.
proto::Result<InstrumentWorker*> find_instrument(const Parts& parts, const std::string& name);

// One thread. All that it refers to outlives it.
class ControlDesk {
 public:
  // A socket that cannot be made (its directory is missing, say) is tried again this often.
  static constexpr std::int64_t kRetryNs = 10'000'000'000;

  using StatusJson = std::function<std::string()>;
  ControlDesk(std::string path, Parts& parts, MainMailbox& mailbox, StatusJson status, Log& log);

  // An error: somebody else listens there. Anything else that keeps the socket from being made is
  // logged, and the daemon acquires without it.
  proto::Result<void> open(std::int64_t now_ns);
  int poll_fd() const { return server_ ? server_->poll_fd() : -1; }
  void serve(std::int64_t now_ns);
  // About ten times a second.
  void on_tick(std::int64_t now_ns);
  void close() { server_.reset(); }

 private:
  void on_request(ClientId client, const ControlRequest& request);
  void on_run(ClientId client, const RunRequest& request);
  void on_hold(ClientId client, const HoldRequest& request);

  const std::string path_;
  Parts& parts_;
  MainMailbox& mailbox_;
  const StatusJson status_;
  Log& log_;
  std::unique_ptr<ControlServer> server_;
  std::int64_t opened_ns_ = 0;  // or tried to
};

}  // namespace agent
