// SPDX-License-Identifier: Apache-2.0
// The endpoint serves what was published, says why it cannot be had, and ends in time.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "agent/metrics/metrics_endpoint.h"

namespace agent {
namespace {

using testing::HasSubstr;
using testing::Not;

class Connection {
 public:
  explicit Connection(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const auto colon = address.find(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Connection() { ::close(fd_); }

  void send(const std::string& text) const {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // Until the other side closes.
  std::string answer() const {
    std::string text;
    std::string part(65'536, '\0');
    for (ssize_t n = 0; (n = ::recv(fd_, part.data(), part.size(), 0)) > 0;) {
      text.append(part, 0, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  const int fd_;
};

std::string get(const std::string& address, const std::string& path) {
  const Connection connection(address);
  connection.send("GET " + path + " HTTP/1.0\r\nHost: bench\r\n\r\n");
  return connection.answer();
}

std::vector<MetricFamily> answer_is(double value) {
  return {{{"wattspool_answer", MetricType::kGauge, "", "to all questions"}, {{{}, value}}}};
}

TEST(MetricsEndpoint, ServesWhatWasPublishedLast) {
  const auto endpoint = MetricsEndpoint::open("127.0.0.1:0");
  ASSERT_TRUE(endpoint.has_value()) << endpoint.error().message();
  const std::string address = (*endpoint)->address();
  EXPECT_THAT(get(address, "/metrics"), Not(HasSubstr("wattspool_")));
  (*endpoint)->publish(answer_is(41));
  (*endpoint)->publish(answer_is(42));
  const std::string text = get(address, "/metrics");
  EXPECT_THAT(text, HasSubstr("200 OK"));
  EXPECT_THAT(text, HasSubstr("# HELP wattspool_answer to all questions\n"
                              "# TYPE wattspool_answer gauge\n"
                              "wattspool_answer 42\n"));
  EXPECT_THAT(get(address, "/"), HasSubstr("404"));
  EXPECT_THAT(get(address, "/../../etc/passwd"), Not(HasSubstr("root:")));
}

TEST(MetricsEndpoint, ATakenPortIsAnAnswer) {
  const auto first = MetricsEndpoint::open("127.0.0.1:0");
  ASSERT_TRUE(first.has_value());
  const auto second = MetricsEndpoint::open((*first)->address());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, std::errc::address_in_use);
  EXPECT_EQ(second.error().message(),
            "serve metrics at " + (*first)->address() + ": Address already in use");
}

TEST(MetricsEndpoint, SoIsAnAddressOfAnotherHost) {
  const auto endpoint = MetricsEndpoint::open("192.0.2.1:0");
  ASSERT_FALSE(endpoint.has_value());
  EXPECT_EQ(endpoint.error().code, std::errc::address_not_available);
}

TEST(MetricsEndpoint, ThePortIsFreeAgainAfterwards) {
  auto endpoint = MetricsEndpoint::open("127.0.0.1:0");
  ASSERT_TRUE(endpoint.has_value());
  const std::string address = (*endpoint)->address();
  get(address, "/metrics");
  endpoint->reset();
  EXPECT_TRUE(MetricsEndpoint::open(address).has_value());
}

// A stop of the daemon has 5 s.
TEST(MetricsEndpoint, EndsInTimeThoughAClientSaysNothing) {
  auto endpoint = MetricsEndpoint::open("0.0.0.0:0");
  ASSERT_TRUE(endpoint.has_value());
  const std::string port = (*endpoint)->address().substr((*endpoint)->address().find(':'));
  const Connection silent("127.0.0.1" + port);
  const Connection slow("127.0.0.1" + port);
  slow.send("GET /met");
  const auto begin = std::chrono::steady_clock::now();
  endpoint->reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

}  // namespace
}  // namespace agent
