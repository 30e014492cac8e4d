// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics/metrics_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "agent/metrics/prometheus_cpp.h"

namespace agent {
namespace {

constexpr std::chrono::milliseconds kWakeInterval{10};

// Copied out of the lock's time by each scrape.
class Published final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    const std::lock_guard lock(mutex_);
    return families_;
  }
  void set(std::vector<prometheus::MetricFamily> families) {
    const std::lock_guard lock(mutex_);
    families_.swap(families);
  }

 private:
  mutable std::mutex mutex_;
  std::vector<prometheus::MetricFamily> families_;  // guarded by mutex_
};

sockaddr_in socket_address(const std::string& listen) {
  const auto colon = listen.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, listen.substr(0, colon).c_str(), &address.sin_addr);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(listen.substr(colon + 1))));
  return address;
}

// Calls bind or connect with `address`; what it says.
template <class Call>
std::error_code try_socket(const sockaddr_in& address, Call call) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {errno, std::generic_category()};
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool well = call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  ::close(fd);
  return well ? std::error_code() : std::error_code(error, std::generic_category());
}

// The library only says that it could not.
std::error_code why_not(const std::string& listen) {
  const std::error_code said = try_socket(socket_address(listen), ::bind);
  return said ? said : std::make_error_code(std::errc::resource_unavailable_try_again);
}

}  // namespace

struct MetricsEndpoint::Impl {
  std::shared_ptr<Published> published = std::make_shared<Published>();
  std::unique_ptr<prometheus::Exposer> exposer;
};

proto::Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::open(const std::string& listen) {
  auto impl = std::make_unique<Impl>();
  try {
    // Two threads: one slow client does not keep the other out.
    impl->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", listen, "num_threads", "2", "request_timeout_ms", "5000"});
    impl->exposer->RegisterCollectable(impl->published);
    const int port = impl->exposer->GetListeningPorts().front();
    std::string address = listen.substr(0, listen.rfind(':') + 1) + std::to_string(port);
    return std::unique_ptr<MetricsEndpoint>(
        new MetricsEndpoint(std::move(impl), std::move(address)));
  } catch (const std::exception&) {
    return proto::fail(why_not(listen), "serve metrics at " + listen);
  }
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Impl> impl, std::string address)
    : impl_(std::move(impl)), address_(std::move(address)) {}

// The library's listening thread sees that it should end when its poll returns, which takes up to
// two seconds without a client. So there is one.
MetricsEndpoint::~MetricsEndpoint() {
  std::atomic<bool> has_ended = false;
  std::thread ending([this, &has_ended] {
    impl_->exposer.reset();
    has_ended = true;
  });
  sockaddr_in address = socket_address(address_);
  in_addr_t& host = address.sin_addr.s_addr;
  if (host == htonl(INADDR_ANY)) host = htonl(INADDR_LOOPBACK);
  while (!has_ended) {
    try_socket(address, ::connect);
    std::this_thread::sleep_for(kWakeInterval);
  }
  ending.join();
}

void MetricsEndpoint::publish(const std::vector<MetricFamily>& families) {
  impl_->published->set(to_library(families));
}

}  // namespace agent
