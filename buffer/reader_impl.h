// SPDX-License-Identifier: Apache-2.0
// What a SpoolReader is made of. Private to buffer/.
#pragma once

#include <string>
#include <utility>

#include "buffer/row_store.h"
#include "buffer/spool_reader.h"
#include "buffer/sqlite_database.h"
#include "buffer/state_store.h"

namespace buffer {

struct SpoolReader::Impl {
  class Verifier;

  explicit Impl(std::string spool_path) : path(std::move(spool_path)) {}

  proto::Result<void> open_uri(const std::string& uri);
  proto::Result<Position> watermark(proto::Lane lane);

  const std::string path;
  Database db;
  RowStore rows{db};
  StateStore state{db, path};
};

// "row 17 of lane telemetry (sequence 17, topic bench.telemetry.v1, key js220-1/t-1)"
std::string name_row(const RowMeta& row);

}  // namespace buffer
