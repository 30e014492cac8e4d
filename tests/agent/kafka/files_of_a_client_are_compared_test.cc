// SPDX-License-Identifier: Apache-2.0
// What a reload asks: do the files that settings name hold something else than before; and which
// refusals of a connection other files would mend.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "agent/kafka/error_kinds.h"
#include "agent/kafka/file_digest.h"
#include "agent/kafka/rd_producer.h"

namespace agent {
namespace {

class FilesOfAClient : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "files-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("ca", "one authority");
    write("crt", "our certificate");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  KafkaSettings settings() const {
    return {{"bootstrap.servers", "a:1"},
            {"ssl.ca.location", path("ca")},
            {"ssl.certificate.location", path("crt")}};
  }

  std::string folder_;
};

TEST_F(FilesOfAClient, AreTheSameWhileTheirTextIs) {
  const auto before = digest_of_files(settings());
  write("ca", "one authority");  // as tools do
  EXPECT_EQ(digest_of_files(settings()), before);
}

TEST_F(FilesOfAClient, DifferWhenOneOfThemDoes) {
  const auto before = digest_of_files(settings());
  write("crt", "the next certificate");
  const auto after = digest_of_files(settings());
  EXPECT_NE(after, before);
  std::filesystem::remove(path("crt"));
  EXPECT_NE(digest_of_files(settings()), after);
  EXPECT_NE(digest_of_files(settings()), before);
}

TEST_F(FilesOfAClient, AreOnlyThoseOfItsSettings) {
  const auto before = digest_of_files(settings());
  write("key", "somebody's");
  EXPECT_EQ(digest_of_files(settings()), before);
  KafkaSettings with_key = settings();
  with_key.emplace_back("ssl.key.location", path("key"));
  EXPECT_NE(digest_of_files(with_key), before);
}

// The promise that a reload rests on: what cannot be used is said when a producer is made.
TEST_F(FilesOfAClient, ThatAreNoCertificatesMakeNoProducer) {
  KafkaSettings wrong = settings();
  wrong.emplace_back("security.protocol", "ssl");
  const auto producer = make_rd_producer({wrong, "bench-07", true, {}});
  ASSERT_FALSE(producer);
  EXPECT_NE(producer.error().message().find("make producer"), std::string::npos)
      << producer.error().message();
}

TEST(RefusedAccess, IsWhatOtherFilesWouldMend) {
  const std::string verify = "ssl://b:1: SSL handshake failed: certificate verify failed";
  const std::string alert = "SSL alert number 45: certificate expired";
  EXPECT_TRUE(is_refused_access(RD_KAFKA_RESP_ERR__SSL, verify));
  EXPECT_TRUE(is_refused_access(RD_KAFKA_RESP_ERR__SSL, alert));
  EXPECT_TRUE(is_refused_access(RD_KAFKA_RESP_ERR__AUTHENTICATION, "SASL authentication error"));
  EXPECT_TRUE(is_refused_access(RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ""));
}

TEST(RefusedAccess, IsNoBrokerThatIsAwayOrSpeaksNoTls) {
  EXPECT_FALSE(is_refused_access(RD_KAFKA_RESP_ERR__TRANSPORT, "Connection refused"));
  EXPECT_FALSE(is_refused_access(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down"));
  EXPECT_FALSE(is_refused_access(RD_KAFKA_RESP_ERR__SSL, "unexpected eof while reading"));
  EXPECT_FALSE(is_refused_access(RD_KAFKA_RESP_ERR__SSL, "wrong version number"));
}

}  // namespace
}  // namespace agent
