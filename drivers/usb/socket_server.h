// SPDX-License-Identifier: Apache-2.0
// Serves emulated devices over a Unix socket, each to one client at a time. The device knows
// nothing of it: when a client goes, however it goes, the device goes on as an instrument whose
// host has died.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drivers/usb/socket_connection.h"
#include "drivers/usb/socket_link.h"
#include "drivers/usb/usb_device.h"
#include "proto/clock.h"
#include "proto/result.h"

namespace drivers {

struct ServedDevice {
  std::string serial;
  UsbDevice* device = nullptr;  // outlives the server
  // Answers a command line (socket_command.h); may be empty.
  std::function<proto::Result<std::string>(std::string_view text, std::int64_t now_ns)> command;
};

class SocketServer {
 public:
  static constexpr std::size_t kConnectionsMax = 64;

  // Listens at once. std::errc::address_in_use: another server is alive there.
  static proto::Result<std::unique_ptr<SocketServer>> open(const std::filesystem::path& path,
                                                           std::vector<ServedDevice> devices,
                                                           const proto::Clock& clock);
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  // Until stop(). All calls of the devices come from the caller's thread.
  proto::Result<void> run();
  // From any thread and from a signal handler.
  void stop();

 private:
  struct Client {
    explicit Client(SocketLink link) : connection(std::move(link)) {}
    SocketConnection connection;
    ServedDevice* claimed = nullptr;
    std::uint32_t armed = 0;
    std::int64_t served_ns = 0;
    bool leaving = false;  // closed once its output is sent
  };

  SocketServer(std::filesystem::path path, std::vector<ServedDevice> devices,
               const proto::Clock& clock, SocketLink listener, int wake_fd);
  void accept_clients();
  bool on_readable(Client& client);
  void on_request(Client& client, const SocketConnection::Request& request);
  proto::Result<std::vector<std::byte>> ask_device(UsbDevice& device,
                                                   const SocketConnection::Request& request) const;
  void on_open(Client& client, const SocketConnection::Request& request);
  void on_command(Client& client, const SocketConnection::Request& request);
  // Hands over what was due until now, at the times at which it was due.
  void catch_up(Client& client);
  // False: nothing more can be handed over.
  bool hand_over(Client& client, std::int64_t at_ns);
  static void leave(Client& client);
  // False: the client is gone.
  static bool send(Client& client);
  std::int64_t next_wake_ns(std::int64_t now_ns) const;
  ServedDevice* find(std::string_view serial);

  std::filesystem::path path_;
  std::vector<ServedDevice> devices_;
  const proto::Clock& clock_;
  SocketLink listener_;
  int wake_fd_;
  std::int64_t now_ns_ = 0;  // of this turn of the loop: devices see no other
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace drivers
