// SPDX-License-Identifier: Apache-2.0
// A cluster and its producer as the forwarder sees them, with a fault at any call. What is
// committed outlives producers and agents.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/forward/delivery_ports.h"
#include "agent/kafka/producer.h"
#include "tests/agent/forward/test_clock.h"

namespace agent {

struct ModelRecord {
  std::string topic;
  std::string key;
  std::string value;
  std::int64_t timestamp_ms = 0;
  std::map<std::string, std::string> headers;
  std::int32_t partition_count = 0;
  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string() : at->second;
  }
};

enum class Call { kTopics, kMake, kInit, kBegin, kProduce, kCommit, kAbort, kPoll, kProgress };

// What a faulty call does. `applied`: the broker did it, only the answer is lost.
struct Fault {
  KafkaOutcome outcome;
  bool applied = false;
};
KafkaOutcome timed_out();            // retriable
KafkaOutcome abortable(int code);    // the transaction must be aborted
KafkaOutcome fatal(int code);        // the producer is finished
KafkaOutcome plain_error(int code);  // neither

class ModelCluster {
 public:
  explicit ModelCluster(TestClock& clock) : clock_(clock) {}

  // Asked at each call; none: the call succeeds.
  std::function<std::optional<Fault>(Call call)> fault;
  // The broker's verdict on a record when it is sent: 0 or an error code. `batch` is how many
  // records travelled together.
  std::function<int(const ModelRecord& record, std::size_t batch)> verdict;
  // Does a commit whose producer died before the answer take effect?
  std::function<bool()> coin = [] { return false; };
  std::vector<std::string> missing_topics;
  std::map<std::string, std::int32_t> partitions;
  // What agents find in their files when they read them; no producer can be made of kBroken.
  static constexpr const char* kBroken = "broken";
  std::string files = "first";
  bool unreadable = false;
  // Whether the brokers speak with a client made of these; none: with all.
  std::function<bool(const std::string& files)> accepts;

  std::unique_ptr<BrokerPort> port(bool transactional);
  // What a reader with read_committed sees, in order.
  const std::vector<ModelRecord>& committed() const { return committed_; }
  std::vector<ModelRecord> of_topic(const std::string& topic) const;
  std::uint64_t transactions() const { return transactions_; }
  std::uint64_t inits() const { return epoch_; }
  std::uint64_t producers() const { return producers_; }

 private:
  friend class ModelProducer;
  friend class ModelPort;
  struct Open {
    std::uint64_t epoch = 0;
    std::vector<ModelRecord> records;
    bool commit_sent = false;
  };
  std::optional<Fault> fault_at(Call call) { return fault ? fault(call) : std::nullopt; }
  bool refuses(const std::string& read) const { return accepts && !accepts(read); }
  void settle();
  void publish(ModelRecord record);

  TestClock& clock_;
  std::vector<ModelRecord> committed_;
  std::vector<proto::ProgressRecord> progress_;  // of committed_
  std::optional<Open> open_;
  std::uint64_t epoch_ = 0;
  std::uint64_t transactions_ = 0;
  std::uint64_t producers_ = 0;
};

}  // namespace agent
