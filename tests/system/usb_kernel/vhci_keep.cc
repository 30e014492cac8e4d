// SPDX-License-Identifier: Apache-2.0
// In the guest: keeps devices of USB/IP servers attached to the kernel, as a hand that plugs them
// in again and again. Usage: vhci_keep ADDRESS PORT:BUSID...; runs until it is killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr const char* kHub = "/sys/devices/platform/vhci_hcd.0/";
constexpr int kFree = 4;
constexpr useconds_t kLookAgainUs = 50'000;

// State of each high-speed port, by number; empty: the kernel has no vhci_hcd.
std::vector<int> port_states() {
  std::vector<int> states;
  std::ifstream file(std::string(kHub) + "status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string hub;
    int port = 0;
    int state = 0;
    if (words >> hub >> port >> state && hub == "hs") states.push_back(state);
  }
  return states;
}

bool receive(int fd, void* bytes, std::size_t count) {
  return ::recv(fd, bytes, count, MSG_WAITALL) == static_cast<ssize_t>(count);
}

// A connection on which the device is imported, or -1.
int import_device(const sockaddr_in& server, const std::string& bus_id, std::uint32_t& device_id) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::array<char, 40> request{0x01, 0x11, static_cast<char>(0x80), 0x03};
  std::snprintf(request.data() + 8, 32, "%s", bus_id.c_str());
  std::array<std::uint8_t, 320> reply{};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == 40 &&
      receive(fd, reply.data(), 8) && reply[7] == 0 && receive(fd, reply.data() + 8, 312)) {
    const auto at = [&](std::size_t k) { return std::uint32_t{reply[8 + 288 + k]}; };
    device_id = (at(2) << 8 | at(3)) << 16 | (at(6) << 8 | at(7));
    return fd;
  }
  ::close(fd);
  return -1;
}

bool attach(int port, int fd, std::uint32_t device_id) {
  constexpr int kHighSpeed = 3;
  std::ofstream file(std::string(kHub) + "attach");
  file << port << ' ' << fd << ' ' << device_id << ' ' << kHighSpeed << std::flush;
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  if (argc < 3 || ::inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return 2;
  if (port_states().empty()) return 1;
  for (;; ::usleep(kLookAgainUs)) {
    // Device k stays at port k.
    for (int k = 0; k + 2 < argc; ++k) {
      const std::vector<int> states = port_states();
      if (states[static_cast<std::size_t>(k)] != kFree) continue;
      const char* const bus_id = std::strchr(argv[k + 2], ':');
      if (bus_id == nullptr) return 2;
      server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[k + 2])));
      std::uint32_t device_id = 0;
      const int fd = import_device(server, bus_id + 1, device_id);
      if (fd < 0) continue;
      if (attach(k, fd, device_id)) std::printf("plugged in %s\n", argv[k + 2]);
      std::fflush(stdout);
      ::close(fd);  // the kernel has its own
    }
  }
}
