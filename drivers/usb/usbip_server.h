// SPDX-License-Identifier: Apache-2.0
// Serves emulated devices over USB/IP (TCP), so that a Linux host with vhci_hcd sees them as real
// hardware: `usbip attach`. There is no password in USB/IP: listen on a loopback address.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/usb/serve_loop.h"
#include "drivers/usb/served_device.h"
#include "drivers/usb/usbip_session.h"
#include "proto/result.h"

namespace drivers {

class UsbipServer final : public LoopService {
 public:
  static constexpr std::size_t kConnectionsMax = 32;

  // Listens at once, at "127.0.0.1:3240" or "[::1]:3240"; port 0: any that is free.
  // std::errc::invalid_argument: no such address. std::errc::address_in_use: somebody else does.
  static proto::Result<std::unique_ptr<UsbipServer>> open(std::string_view address,
                                                          std::vector<ServedDevice> devices);
  ~UsbipServer() override;
  UsbipServer(const UsbipServer&) = delete;
  UsbipServer& operator=(const UsbipServer&) = delete;

  std::uint16_t port() const;
  // Serves a socket that is connected already, and owns it.
  void adopt(int fd);

  void add_descriptors(std::vector<pollfd>& waiting) const override;
  std::int64_t next_wake_ns(std::int64_t now_ns) const override;
  void catch_up(std::int64_t now_ns) override;
  void turn(std::span<const pollfd> ready, std::int64_t now_ns) override;

 private:
  struct Connection {
    Connection(int socket, std::span<ServedDevice> devices) : fd(socket), session(devices) {}
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    int fd;
    UsbipSession session;
  };

  UsbipServer(int listener, std::vector<ServedDevice> devices)
      : listener_(listener), devices_(std::move(devices)) {}
  void accept_connections();
  // False: the host is gone, or there is nothing more to say to it.
  static bool receive(Connection& connection, std::int64_t now_ns);
  static bool send(Connection& connection);

  const int listener_;
  std::vector<ServedDevice> devices_;  // sessions refer to them
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace drivers
