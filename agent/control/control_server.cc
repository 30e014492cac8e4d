// SPDX-License-Identifier: Apache-2.0
#include "agent/control/control_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "agent/control/control_errc.h"
#include "agent/control/unix_socket.h"

namespace agent {
namespace {

constexpr ClientId kListener = 0;

tl::unexpected<proto::Error> failed(const std::string& path) {
  return proto::fail({errno, std::generic_category()}, "listen on control socket " + path);
}

bool somebody_listens(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  const bool connected = ::connect(probe, generic, sizeof(address)) == 0 || errno == EAGAIN;
  ::close(probe);
  return connected;
}

}  // namespace

proto::Result<std::unique_ptr<ControlServer>> ControlServer::listen(const std::string& path,
                                                                    Handler handler) {
  const auto address = unix_address(path);
  if (!address) {
    errno = ENAMETOOLONG;
    return failed(path);
  }
  if (somebody_listens(*address)) {
    errno = EADDRINUSE;
    return failed(path);
  }
  // systemd makes the directory; in a terminal nobody does.
  const std::string directory = path.substr(0, path.rfind('/'));
  if (!directory.empty()) ::mkdir(directory.c_str(), 0755);
  ::unlink(path.c_str());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return failed(path);
  // Before bind(), so that there is no moment at which a stranger could connect.
  ::fchmod(listener, 0660);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&*address);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0 || ::bind(listener, generic, sizeof(*address)) != 0 ||
      ::chmod(path.c_str(), 0660) != 0 || ::listen(listener, kClientsMax) != 0) {
    const int error = errno;
    ::close(listener);
    if (epoll >= 0) ::close(epoll);
    errno = error;
    return failed(path);
  }
  auto server =
      std::unique_ptr<ControlServer>(new ControlServer(path, listener, epoll, std::move(handler)));
  server->watch(listener, kListener, EPOLLIN, true);
  return server;
}

ControlServer::ControlServer(std::string path, int listener, int epoll, Handler handler)
    : path_(std::move(path)), listener_(listener), epoll_(epoll), handler_(std::move(handler)) {}

ControlServer::~ControlServer() {
  for (const auto& [id, client] : clients_) ::close(client.fd);
  ::close(listener_);
  ::close(epoll_);
  ::unlink(path_.c_str());
}

void ControlServer::serve(std::int64_t now_ns) {
  now_ns_ = now_ns;
  std::array<epoll_event, 2 * kClientsMax> events{};
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const ClientId id = event.data.u64;
    if (id == kListener) {
      accept_clients();
    } else if ((event.events & EPOLLOUT) != 0) {
      write_to(id);
    } else {
      read_from(id);
    }
  }
}

void ControlServer::reply(ClientId id, std::string document) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  Client& client = at->second;
  client.state = Client::State::kWriting;
  client.answer = std::move(document) + "\n";
  client.deadline_ns = now_ns_ + kReadDeadlineNs;
  watch(client.fd, id, EPOLLOUT, false);
  write_to(id);
}

void ControlServer::expire(std::int64_t now_ns) {
  now_ns_ = now_ns;
  std::vector<std::pair<ClientId, Client::State>> over;
  for (const auto& [id, client] : clients_) {
    if (now_ns >= client.deadline_ns) over.emplace_back(id, client.state);
  }
  for (const auto& [id, state] : over) {
    if (state == Client::State::kWaiting) {
      reply(id, error_reply_json({make_error_code(ControlErrc::kBusy), "command"}));
    } else {
      finish(id);
    }
  }
}

// While all places are taken, callers wait in the kernel's queue: reads are bounded to a second.
void ControlServer::accept_clients() {
  while (clients_.size() < kClientsMax) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const ClientId id = next_id_++;
    Client& client = clients_[id];
    client.fd = fd;
    client.deadline_ns = now_ns_ + kReadDeadlineNs;
    watch(fd, id, EPOLLIN, true);
  }
  watch(listener_, kListener, 0, false);
}

void ControlServer::read_from(ClientId id) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  Client& client = at->second;
  std::array<char, 4096> chunk;
  const ssize_t got = ::recv(client.fd, chunk.data(), chunk.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // A client that closed its half after a complete request still gets its answer.
  if (got <= 0 || client.state != Client::State::kReading) return finish(id);
  client.request.append(chunk.data(), static_cast<std::size_t>(got));
  const auto newline = client.request.find('\n');
  if (newline == std::string::npos && client.request.size() <= kRequestBytesMax) return;
  client.state = Client::State::kWaiting;
  client.deadline_ns = now_ns_ + kReplyDeadlineNs;
  watch(client.fd, id, 0, false);
  const auto request = parse_control_request(std::string_view(client.request).substr(0, newline));
  if (request) {
    handler_(id, *request);
  } else {
    reply(id, error_reply_json(request.error()));
  }
}

void ControlServer::write_to(ClientId id) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  Client& client = at->second;
  while (client.sent < client.answer.size()) {
    const ssize_t got = ::send(client.fd, client.answer.data() + client.sent,
                               client.answer.size() - client.sent, MSG_NOSIGNAL);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) break;
    client.sent += static_cast<std::size_t>(got);
  }
  finish(id);
}

void ControlServer::finish(ClientId id) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  ::close(at->second.fd);
  clients_.erase(at);
  watch(listener_, kListener, EPOLLIN, false);
}

void ControlServer::watch(int fd, ClientId id, std::uint32_t events, bool is_new) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  ::epoll_ctl(epoll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

}  // namespace agent
