// SPDX-License-Identifier: Apache-2.0
// The daemon's end of the control socket. Driven by the main thread's poll; never blocks; each
// client has a bounded request and a bounded time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/control/control_request.h"
#include "proto/result.h"

namespace agent {

// Names one connection; never reused.
using ClientId = std::uint64_t;

class ControlServer {
 public:
  static constexpr std::int64_t kReadDeadlineNs = 1'000'000'000;
  static constexpr std::int64_t kReplyDeadlineNs = 5'000'000'000;
  static constexpr std::size_t kClientsMax = 16;

  // Answers now with reply(), or later, before kReplyDeadlineNs.
  using Handler = std::function<void(ClientId, const ControlRequest&)>;

  // Replaces a socket that nobody listens on; refuses one that somebody does. Mode 0660.
  static proto::Result<std::unique_ptr<ControlServer>> listen(const std::string& path,
                                                              Handler handler);
  ~ControlServer();  // removes the socket
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Readable when serve() has something to do.
  int poll_fd() const { return epoll_; }
  void serve(std::int64_t now_ns);
  // The document, without newline. A client that is gone is ignored.
  void reply(ClientId id, std::string document);
  // Closes those whose time is over. About ten times a second.
  void expire(std::int64_t now_ns);

 private:
  struct Client {
    int fd = -1;
    std::int64_t deadline_ns = 0;
    std::string request;
    std::string answer;
    std::size_t sent = 0;
    enum class State { kReading, kWaiting, kWriting } state = State::kReading;
  };

  ControlServer(std::string path, int listener, int epoll, Handler handler);
  void accept_clients();
  void read_from(ClientId id);
  void write_to(ClientId id);
  void finish(ClientId id);
  void watch(int fd, ClientId id, std::uint32_t events, bool is_new);

  const std::string path_;
  const int listener_;
  const int epoll_;
  const Handler handler_;
  std::map<ClientId, Client> clients_;
  ClientId next_id_ = 1;  // 0 is the listener
  std::int64_t now_ns_ = 0;
};

}  // namespace agent
