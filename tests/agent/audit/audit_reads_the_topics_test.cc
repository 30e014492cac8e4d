// SPDX-License-Identifier: Apache-2.0
// `wattspool audit` against a broker (librdkafka's mock cluster): what it answers, and with which
// exit code.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "agent/audit/audit.h"
#include "agent/kafka/rd_producer.h"
#include "proto/crc32c.h"
#include "proto/side_records.h"
#include "proto/telemetry_record.h"
#include "proto/topics.h"
#include "tests/agent/kafka/mock_cluster.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

const proto::StreamId kStream = *proto::StreamId::from_hex(std::string(32, 'a'));

class Audit : public testing::Test {
 protected:
  void SetUp() override {
    for (const proto::TopicSpec& spec : proto::kTopics) {
      cluster_.create_topic(proto::topic_name("bench.", spec.topic), 2);
    }
    auto producer = make_rd_producer({cluster_.settings(), "agent-1", false, {}});
    ASSERT_TRUE(producer) << producer.error().message();
    producer_ = std::move(*producer);
    options_.kafka = cluster_.settings();
    options_.transactions = false;
    options_.stall_timeout = std::chrono::seconds(20);
  }

  void send(proto::Topic topic, const std::string& key, std::string value, std::uint64_t sequence) {
    const proto::TopicSpec& spec = proto::spec(topic);
    proto::CloudEvent event;
    event.lane = spec.lane;
    event.type = spec.ce_type;
    event.content_type = spec.content_type;
    event.agent_id = "bench-07";
    event.stream = kStream;
    event.sequence = proto::Sequence(sequence);
    event.subject = key;
    event.crc32c = proto::crc32c(std::as_bytes(std::span(value)));
    texts_.push_back(proto::topic_name("bench.", topic));
    OutgoingRecord record;
    record.topic = texts_.back();
    texts_.push_back(key);
    record.key = texts_.back();
    texts_.push_back(std::move(value));
    record.value = std::as_bytes(std::span(texts_.back()));
    record.timestamp_ms = 1'700'000'000'000;
    record.headers = to_headers(event);
    ASSERT_TRUE(producer_->produce(record).ok());
  }

  void send_start() {
    proto::EventRecord event;
    event.event_id = kStream.to_hex() + "/1";
    event.event_type = "agent_started";
    event.message = "started";
    event.chain = proto::StreamChain{kStream, std::nullopt, {}};
    send(proto::Topic::kEvent, "bench-07", to_json(event), 1);
  }

  // Record n holds 100 ids.
  void send_telemetry(std::uint64_t number, std::uint64_t sequence) {
    proto::TelemetryRecord record;
    record.device_id = "js220-000001";
    record.test_id = "t-1";
    record.record_number = proto::RecordNumber(number);
    record.end_utc_us = 1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 50;
    record.duration_s = 50e-6;
    record.segment = proto::SegmentId(1);
    record.sample_id_first = proto::SampleId(100 * number);
    record.sample_id_last = proto::SampleId(100 * number + 99);
    record.sample_count = 50;
    record.metadata_json = "{}";
    send(proto::Topic::kTelemetry, "js220-000001/t-1", to_json(record), sequence);
  }

  void flush() { ASSERT_TRUE(producer_->flush(milliseconds(20'000)).ok()); }

  AuditExit run() {
    out_.str("");
    err_.str("");
    return run_audit(options_, stop_, out_, err_);
  }

  MockCluster cluster_;
  std::deque<std::string> texts_;
  std::unique_ptr<Producer> producer_;
  AuditOptions options_;
  std::atomic<bool> stop_{false};
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Audit, OfACompleteStreamHolds) {
  send_start();
  for (std::uint64_t n = 1; n <= 50; ++n) send_telemetry(n, n);
  flush();
  EXPECT_EQ(run(), AuditExit::kHolds) << out_.str() << err_.str();
  EXPECT_NE(out_.str().find("ids 5000 = delivered 5000 + in named gaps 0 + missing 0; twice 0"),
            std::string::npos)
      << out_.str();
  EXPECT_NE(out_.str().find("read_committed: not supported by this broker"), std::string::npos);
}

TEST_F(Audit, OfAHoleInTheSequenceAndTheIdsFails) {
  send_start();
  for (const std::uint64_t n : {1, 2, 4}) send_telemetry(n, n);
  flush();
  options_.json = true;
  EXPECT_EQ(run(), AuditExit::kViolated);
  const auto report = nlohmann::json::parse(out_.str());
  EXPECT_EQ(report["schema"], 1);
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["streams"]["records_missing"], 1);
  EXPECT_EQ(report["devices"]["js220-000001"]["lanes"]["telemetry"]["ids_missing"], 100);
}

TEST_F(Audit, OfARecordThatCameTwiceFails) {
  send_start();
  for (const std::uint64_t n : {1, 2, 2, 3}) send_telemetry(n, n);
  flush();
  options_.json = true;
  EXPECT_EQ(run(), AuditExit::kViolated);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["streams"]["records_duplicated"], 1);
}

// What is sent before the stop is in the report, whenever the follower began.
TEST_F(Audit, ThatFollowsReportsWhatWasSentBeforeTheStop) {
  options_.follow = true;
  AuditExit exit = AuditExit::kUnreachable;
  std::thread follower([&] { exit = run(); });
  send_start();
  for (std::uint64_t n = 1; n <= 200; ++n) send_telemetry(n, n);
  flush();
  stop_ = true;
  follower.join();
  EXPECT_EQ(exit, AuditExit::kHolds) << out_.str() << err_.str();
  EXPECT_NE(out_.str().find("ids 20000 = delivered 20000"), std::string::npos) << out_.str();
}

TEST_F(Audit, OfEmptyTopicsProvesNothingAndSaysSo) {
  EXPECT_EQ(run(), AuditExit::kUnreachable);
  EXPECT_NE(err_.str().find("hold no record"), std::string::npos) << err_.str();
  EXPECT_EQ(out_.str(), "");
}

TEST_F(Audit, WithoutABrokerNamesWhatIsWrong) {
  send_start();
  flush();
  cluster_.down();
  options_.stall_timeout = std::chrono::seconds(2);
  EXPECT_EQ(run(), AuditExit::kUnreachable);
  EXPECT_NE(err_.str(), "");
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace agent
