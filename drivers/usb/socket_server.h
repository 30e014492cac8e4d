// SPDX-License-Identifier: Apache-2.0
// Serves emulated devices over a Unix socket, each to one client at a time. The device knows
// nothing of it: when a client goes, however it goes, the device goes on as an instrument whose
// host has died.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "drivers/usb/serve_loop.h"
#include "drivers/usb/served_device.h"
#include "drivers/usb/socket_connection.h"
#include "drivers/usb/socket_link.h"
#include "proto/result.h"

namespace drivers {

class SocketServer final : public LoopService {
 public:
  static constexpr std::size_t kConnectionsMax = 64;

  // Listens at once. std::errc::address_in_use: another server is alive there.
  static proto::Result<std::unique_ptr<SocketServer>> open(const std::filesystem::path& path,
                                                           std::vector<ServedDevice> devices);
  ~SocketServer() override;
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  void add_descriptors(std::vector<pollfd>& waiting) const override;
  std::int64_t next_wake_ns(std::int64_t now_ns) const override;
  void catch_up(std::int64_t now_ns) override;
  void turn(std::span<const pollfd> ready, std::int64_t now_ns) override;

 private:
  struct Client {
    explicit Client(SocketLink link) : connection(std::move(link)) {}
    SocketConnection connection;
    ServedDevice* claimed = nullptr;
    std::uint32_t armed = 0;
    std::int64_t served_ns = 0;
    bool leaving = false;  // closed once its output is sent
  };

  SocketServer(std::filesystem::path path, std::vector<ServedDevice> devices, SocketLink listener);
  void accept_clients();
  bool on_readable(Client& client);
  void on_request(Client& client, const SocketConnection::Request& request);
  proto::Result<std::vector<std::byte>> ask_device(UsbDevice& device,
                                                   const SocketConnection::Request& request) const;
  bool is_claimed(const ServedDevice& device) const;
  void on_open(Client& client, const SocketConnection::Request& request);
  void on_command(Client& client, const SocketConnection::Request& request);
  // Hands over what was due until now, at the times at which it was due.
  void catch_up(Client& client);
  // False: nothing more can be handed over.
  bool hand_over(Client& client, std::int64_t at_ns);
  static void leave(Client& client);
  static void unclaim(Client& client);
  // False: the client is gone.
  static bool send(Client& client);
  ServedDevice* find(std::string_view serial);

  std::filesystem::path path_;
  std::vector<ServedDevice> devices_;
  SocketLink listener_;
  std::int64_t now_ns_ = 0;  // of this turn of the loop: devices see no other
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace drivers
