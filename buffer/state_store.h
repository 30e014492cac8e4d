// SPDX-License-Identifier: Apache-2.0
// The two tables beside the lanes: `state` (key, value) and `latest` (the newest value per topic
// and key that is not yet delivered). Private to buffer/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/row.h"
#include "buffer/sqlite_database.h"
#include "proto/result.h"

namespace buffer {

// SQL of one connection, prepared at first use. An entry whose CRC-32C does not hold is
// SpoolErrc::kRowCorrupt.
class StateStore {
 public:
  StateStore(Database& db, std::string path) : db_(db), path_(std::move(path)) {}

  int put(std::string_view key, std::string_view value);
  int remove(std::string_view key);
  proto::Result<std::optional<std::string>> get(std::string_view key);
  proto::Result<std::map<std::string, std::string>> with_prefix(std::string_view prefix);

  int put_latest(const LatestValue& value);
  // Removes the value if it is no newer than `version`.
  int ack_latest(std::string_view topic, std::string_view key, std::uint64_t version);
  // Oldest version first.
  proto::Result<std::vector<LatestValue>> unsent_latest(std::uint32_t values_max);
  proto::Result<std::uint64_t> latest_count();

 private:
  Statement& prepared(std::optional<Statement>& statement, const char* sql);

  Database& db_;
  const std::string path_;
  std::optional<Statement> put_, remove_, get_, with_prefix_;
  std::optional<Statement> put_latest_, ack_latest_, unsent_latest_;
};

}  // namespace buffer
