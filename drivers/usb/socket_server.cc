// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/socket_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <system_error>

namespace drivers {
namespace {

// Transfers are handed over in batches, because waking the client is most of what it spends:
// [measured 2026-11-24] 2.4 % of a core at 4 ms, 1.7 % at 8 ms, 1.1 % at 16 ms; at 32 ms the FIFO
// overflows. Answers to requests do not wait.
constexpr std::int64_t kBatchNs = 16'000'000;
constexpr std::uint32_t kArmedMax = SocketConnection::kTransfersWaiting;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

proto::Result<std::unique_ptr<SocketServer>> SocketServer::open(const std::filesystem::path& path,
                                                                std::vector<ServedDevice> devices) {
  auto listener = SocketLink::listen(path);
  if (!listener) return tl::unexpected(listener.error());
  return std::unique_ptr<SocketServer>(
      new SocketServer(path, std::move(devices), std::move(*listener)));
}

SocketServer::SocketServer(std::filesystem::path path, std::vector<ServedDevice> devices,
                           SocketLink listener)
    : path_(std::move(path)), devices_(std::move(devices)), listener_(std::move(listener)) {}

SocketServer::~SocketServer() {
  for (const auto& client : clients_) unclaim(*client);
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void SocketServer::add_descriptors(std::vector<pollfd>& waiting) const {
  waiting.push_back({listener_.fd(), POLLIN, 0});
  for (const auto& client : clients_) {
    const SocketConnection& connection = client->connection;
    const int events =
        (connection.wants_input() ? POLLIN : 0) | (connection.has_output() ? POLLOUT : 0);
    waiting.push_back({connection.fd(), static_cast<short>(events), 0});
  }
}

void SocketServer::catch_up(std::int64_t now_ns) {
  now_ns_ = now_ns;
  for (const auto& client : clients_) catch_up(*client);
}

void SocketServer::turn(std::span<const pollfd> ready, std::int64_t now_ns) {
  now_ns_ = now_ns;
  std::size_t index = 1;
  std::erase_if(clients_, [&](const std::unique_ptr<Client>& client) {
    const short events = ready[index++].revents;
    const bool readable = (events & (POLLIN | POLLHUP | POLLERR)) != 0;
    if ((!readable || on_readable(*client)) && send(*client)) return false;
    unclaim(*client);
    return true;
  });
  if (ready[0].revents != 0) accept_clients();
}

void SocketServer::accept_clients() {
  for (;;) {
    SocketLink link(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!link.is_open()) return;
    if (clients_.size() < kConnectionsMax) {
      clients_.push_back(std::make_unique<Client>(std::move(link)));
    }
  }
}

bool SocketServer::on_readable(Client& client) {
  if (!client.connection.receive()) return false;
  while (const auto request = client.connection.next_request()) {
    // What a request made is sent now; transfers that are armed again can wait for their batch.
    const bool now = request->header.type != MessageType::kArm || client.armed == 0;
    on_request(client, *request);
    if (now) hand_over(client, now_ns_);
  }
  return !client.connection.broken();
}

void SocketServer::on_request(Client& client, const SocketConnection::Request& request) {
  SocketConnection& connection = client.connection;
  const std::uint16_t tag = request.header.tag;
  const auto payload = request.payload;
  if (request.header.type == MessageType::kOpen) return on_open(client, request);
  if (request.header.type == MessageType::kCommand) return on_command(client, request);
  if (request.header.type == MessageType::kArm && payload.size() == 1) {
    client.armed = std::min(client.armed + std::to_integer<std::uint32_t>(payload[0]), kArmedMax);
    return;
  }
  if (client.claimed == nullptr) {
    connection.reply(tag, status_from(UsbErrc::kNoDevice));
    return;
  }
  const auto answer = ask_device(*client.claimed->device, request);
  if (answer) {
    connection.reply(tag, 0, *answer);
    return;
  }
  connection.reply(tag, status_from(answer.error().code));
  if (answer.error().code == UsbErrc::kNoDevice) {
    leave(client);
  }
}

proto::Result<std::vector<std::byte>> SocketServer::ask_device(
    UsbDevice& device, const SocketConnection::Request& request) const {
  const auto payload = request.payload;
  switch (request.header.type) {
    case MessageType::kControlIn:
      if (const auto setup = unpack_setup(payload)) return device.control_in(*setup, now_ns_);
      break;
    case MessageType::kControlOut:
      if (payload.size() < kSetupBytes) break;
      if (const auto setup = unpack_setup(payload.first(kSetupBytes))) {
        return device.control_out(*setup, payload.subspan(kSetupBytes), now_ns_).map([] {
          return std::vector<std::byte>();
        });
      }
      break;
    case MessageType::kBulkOut:
      if (payload.empty()) break;
      return device.bulk_out(payload.subspan(1), now_ns_).map([] {
        return std::vector<std::byte>();
      });
    default:
      break;
  }
  return proto::fail(UsbErrc::kProtocol, "request of an emulator's client");
}

bool SocketServer::is_claimed(const ServedDevice& device) const {
  if (device.claimed != nullptr) return *device.claimed;
  return std::ranges::any_of(clients_,
                             [&](const auto& other) { return other->claimed == &device; });
}

void SocketServer::on_open(Client& client, const SocketConnection::Request& request) {
  const std::uint16_t tag = request.header.tag;
  const auto payload = request.payload;
  UsbErrc refusal{};
  ServedDevice* device = nullptr;
  if (client.claimed != nullptr || payload.size() < kOpenMagic.size() ||
      !std::ranges::equal(payload.first(kOpenMagic.size()), kOpenMagic)) {
    refusal = UsbErrc::kProtocol;
  } else {
    device = find(text_of(payload.subspan(kOpenMagic.size())));
    if (device == nullptr || !is_plugged_in(*device->device, now_ns_)) {
      refusal = UsbErrc::kNoDevice;
    } else if (is_claimed(*device)) {
      refusal = UsbErrc::kBusy;
    }
  }
  if (refusal != UsbErrc{}) {
    client.connection.reply(tag, status_from(refusal));
    return;
  }
  client.claimed = device;
  if (device->claimed != nullptr) *device->claimed = true;
  client.served_ns = now_ns_;
  client.connection.reply(tag, 0);
}

void SocketServer::on_command(Client& client, const SocketConnection::Request& request) {
  const auto payload = request.payload;
  const std::size_t size = payload.empty() ? 0 : std::to_integer<std::size_t>(payload[0]);
  proto::Result<std::string> answer =
      proto::fail(make_error_code(std::errc::invalid_argument), "command: malformed");
  if (payload.size() > size) {
    const std::string_view serial = text_of(payload.subspan(1, size));
    const std::string_view text = text_of(payload.subspan(1 + size));
    ServedDevice* device = serial.empty() && devices_.size() == 1 ? devices_.data() : find(serial);
    if (device == nullptr || !device->command) {
      answer = proto::fail(make_error_code(std::errc::invalid_argument),
                           "command: no instrument '" + std::string(serial) + "' here");
    } else {
      answer = device->command(text, now_ns_);
    }
  }
  const std::string words = answer ? *answer : answer.error().message();
  client.connection.reply(request.header.tag, answer ? 0 : 1, std::as_bytes(std::span(words)));
}

// A host controller fills armed transfers whatever the load of the host. So this thread, when it
// was kept from the processor, does now what was due in the meantime (ServeLoop goes through that
// time): as long as transfers are armed, no sample is lost to the scheduling of the emulator.
void SocketServer::catch_up(Client& client) {
  if (client.claimed == nullptr || client.armed == 0) return;
  if (client.served_ns + kBatchNs <= now_ns_) hand_over(client, now_ns_);
}

bool SocketServer::hand_over(Client& client, std::int64_t at_ns) {
  if (client.claimed == nullptr) return false;
  client.served_ns = at_ns;
  UsbDevice& device = *client.claimed->device;
  bool gone = false;
  const auto fill = [&](std::span<std::byte> transfer) {
    auto size = device.bulk_in(transfer, at_ns);
    gone = !size && size.error().code == UsbErrc::kNoDevice;
    return size;
  };
  while (client.armed > 0 && !gone && client.connection.has_room() &&
         client.connection.transfer(fill)) {
    --client.armed;
  }
  if (gone) leave(client);
  return client.armed > 0 && !gone;
}

// The device is gone: what is under way is still sent.
void SocketServer::leave(Client& client) {
  unclaim(client);
  client.leaving = true;
}

void SocketServer::unclaim(Client& client) {
  if (client.claimed != nullptr && client.claimed->claimed != nullptr) {
    *client.claimed->claimed = false;
  }
  client.claimed = nullptr;
}

bool SocketServer::send(Client& client) {
  if (!client.connection.flush()) return false;
  return !client.leaving || client.connection.has_output();
}

// In the past, when this thread was preempted since it served a client: then the loop goes through
// that time, too.
std::int64_t SocketServer::next_wake_ns(std::int64_t now_ns) const {
  std::int64_t wake_ns = now_ns + 60'000'000'000;
  for (const auto& client : clients_) {
    if (client->claimed == nullptr || client->armed == 0) continue;
    if (const auto due_ns = client->claimed->device->next_due_ns(client->served_ns)) {
      wake_ns = std::min(wake_ns, std::max(*due_ns, client->served_ns + kBatchNs));
    }
  }
  return wake_ns;
}

ServedDevice* SocketServer::find(std::string_view serial) {
  const auto found = std::ranges::find(devices_, serial, &ServedDevice::serial);
  return found == devices_.end() ? nullptr : &*found;
}

}  // namespace drivers
