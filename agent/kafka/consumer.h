// SPDX-License-Identifier: Apache-2.0
// A plain reader of partitions: no group, no commits. It reads from given offsets to the ends as
// they were at first contact. Used to read progress back and by `audit`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kafka/settings.h"
#include "proto/cloud_event.h"
#include "proto/result.h"

namespace agent {

struct ConsumerOptions {
  std::string client_id = "wattspool";
  bool read_committed = true;
  std::uint32_t queue_kbytes = 16'384;  // read ahead at most
};

// Views are valid during the visit.
struct KafkaRecord {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::string_view key;
  std::span<const std::byte> value;
  std::vector<proto::Header> headers;

  std::string_view text() const {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
  }
};

inline constexpr std::int64_t kFromBeginning = -2;

struct OffsetRange {
  std::int64_t low = 0;
  std::int64_t high = 0;  // one past the last
};

// One thread. Errors: KafkaErrc and broker_category().
class Consumer {
 public:
  static proto::Result<std::unique_ptr<Consumer>> open(const KafkaSettings& checked,
                                                       const ConsumerOptions& options);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // 0 when the topic does not exist. Never creates it.
  proto::Result<std::int32_t> partition_count(const std::string& topic,
                                              std::chrono::milliseconds timeout);
  // read_committed: high is where the first open transaction begins.
  proto::Result<OffsetRange> range(const std::string& topic, std::int32_t partition,
                                   std::chrono::milliseconds timeout);
  // An offset that no longer exists (retention, topic made anew) reads from the beginning. `end`: a
  // leader has said that it reaches so far; a later leader that shows less for now is waited for.
  proto::Result<void> start(const std::string& topic, std::int32_t partition, std::int64_t offset,
                            std::int64_t end = 0);
  // All partitions from the beginning; their count.
  proto::Result<std::int32_t> start_all(const std::string& topic,
                                        std::chrono::milliseconds timeout);

  // Visits what arrives within `timeout`, at most `records_max`; returns how many. A broken
  // connection is no error: the library connects again.
  proto::Result<std::size_t> poll(std::chrono::milliseconds timeout, std::size_t records_max,
                                  const std::function<void(const KafkaRecord&)>& visit);
  // Every started partition was read to the end that it had at first contact, or to the one given
  // to start(), open transactions included: those are waited for.
  bool reached_ends() const;
  // For people: where the first partition stands that was not read to its end; empty when all were.
  std::string unread() const;
  // One past the last thing seen of a started partition (markers included); 0: nothing yet.
  std::int64_t next_offset(const std::string& topic, std::int32_t partition) const;
  // 0..1, for people.
  double read_share() const;
  std::string connection_error() const;

 private:
  struct Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace agent
