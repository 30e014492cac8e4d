// SPDX-License-Identifier: Apache-2.0
// Against a real broker: a connection that does not come about says why and what to do, and no call
// waits longer than it was told.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sstream>

#include "agent/kafka/consumer.h"
#include "agent/kafka/rd_producer.h"
#include "agent/kafka/topic_admin.h"
#include "agent/kafka/topics_create.h"
#include "tests/agent/kafka/real_broker.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTimeout{3000};

// A port of ours: silent when it listens, refusing when it does not.
class Port {
 public:
  explicit Port(bool listening) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, raw, size), 0);
    EXPECT_EQ(getsockname(socket_, raw, &size), 0);
    EXPECT_EQ(listening ? listen(socket_, 16) : 0, 0);
    brokers_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Port() { close(socket_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  KafkaSettings settings() const { return {{"bootstrap.servers", brokers_}}; }

 private:
  int socket_;
  std::string brokers_;
};

KafkaSettings with_password(const std::string& password) {
  return {{"bootstrap.servers", RealBroker().sasl_servers()},
          {"security.protocol", "sasl_plaintext"},
          {"sasl.mechanism", "PLAIN"},
          {"sasl.username", "bench"},
          {"sasl.password", password}};
}

std::string explanation(const KafkaSettings& settings) {
  auto producer = make_rd_producer({settings, RealBroker::unique("bench"), true, {}});
  const auto begin = Clock::now();
  const auto failed = (*producer)->init_transactions(kTimeout);
  EXPECT_FALSE(failed.ok());
  EXPECT_TRUE(failed.retriable) << failed.text;
  EXPECT_LT(Clock::now() - begin, kTimeout + milliseconds(2000));
  return (*producer)->connection_error();
}

TEST(RefusedConnections, OfAWrongPortNameItAndTheRemedy) {
  const Port port(false);
  EXPECT_THAT(explanation(port.settings()),
              AllOf(HasSubstr(port.settings()[0].second), HasSubstr("check network, firewall")));
}

TEST(RefusedConnections, OfAPasswordSayWhereItStands) {
  EXPECT_THAT(explanation(with_password("wrong")),
              AllOf(HasSubstr("the broker refused our credentials"),
                    HasSubstr("check kafka.security.username (bench) and the file of "
                              "kafka.security.password_file")));
}

TEST(RefusedConnections, AreNoneWithTheRightPassword) {
  auto producer = make_rd_producer({with_password("right"), RealBroker::unique("b"), true, {}});
  const auto ready = (*producer)->init_transactions(milliseconds(RealBroker::kPatienceMs));
  EXPECT_TRUE(ready.ok()) << ready.text;
  EXPECT_EQ((*producer)->connection_error(), "");
}

TEST(RefusedConnections, AreExplainedByTopicsCreateToo) {
  const Port port(false);
  TopicsOptions options;
  options.timeout = kTimeout;
  for (const auto& [settings, says] :
       {std::pair{port.settings(), "check network, firewall"},
        std::pair{with_password("wrong"), "check kafka.security.username (bench)"}}) {
    options.kafka = settings;
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run_topics_create(options, out, err), 1);
    EXPECT_EQ(out.str(), "");
    EXPECT_THAT(err.str(), HasSubstr(says));
  }
}

// A peer that accepts and never answers holds nobody up.
TEST(RefusedConnections, ByAPeerThatIsSilentEndInTime) {
  const Port port(true);
  const auto begin = Clock::now();
  {
    auto consumer = Consumer::open(port.settings(), {});
    EXPECT_FALSE((*consumer)->partition_count("t", kTimeout));
    auto admin = TopicAdmin::open(port.settings(), "test");
    EXPECT_FALSE((*admin)->describe({"a", "b", "c", "d"}, kTimeout));
  }
  EXPECT_LT(Clock::now() - begin, 2 * kTimeout + milliseconds(4000));
  static_cast<void>(explanation(port.settings()));
}

}  // namespace
}  // namespace agent
