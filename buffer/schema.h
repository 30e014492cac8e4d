// SPDX-License-Identifier: Apache-2.0
// Tables, versions and the settings of each connection. Private to buffer/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "buffer/spool.h"
#include "buffer/sqlite_database.h"
#include "proto/lane.h"
#include "proto/result.h"

namespace buffer {

inline constexpr std::int32_t kApplicationId = 0x5753'504C;  // "WSPL" in the file's header

// Lanes that have a row table of their own, in the order of eviction.
inline constexpr std::array kRowLanes = {proto::Lane::kArchive, proto::Lane::kWaveform,
                                         proto::Lane::kTelemetry, proto::Lane::kEvent};
constexpr std::size_t kLaneSlots = 5;
constexpr std::size_t slot(proto::Lane lane) { return static_cast<std::size_t>(lane); }

// "row_event" ...
std::string row_table(proto::Lane lane);
// The entry of `state` that holds what a lane's rows cannot say: "spool.lane.event" ...
std::string lane_state_key(proto::Lane lane);
inline constexpr std::string_view kStreamStateKey = "spool.stream";
// Where the newest stream that has rows, before this one, ended: its id, then its last sequence of
// each of kRowLanes.
inline constexpr std::string_view kPreviousStateKey = "spool.previous";
inline constexpr std::string_view kQuotaStateKey = "spool.quota";  // for readers

// Settings of the writing connection. They change no file, and until release_checkpoints() closing
// does not either: a file that is refused or set aside stays as it was found.
proto::Result<void> configure_writer(Database& db, const SpoolOptions& options);
// The WAL mode, on a file that is ours. A new file gets its page size here.
proto::Result<void> enter_wal_mode(Database& db, const SpoolOptions& options);
// Closing copies the WAL into the file from now on.
void release_checkpoints(Database& db);
proto::Result<void> configure_reader(Database& db, const std::string& path);

enum class Found { kNew, kCurrent };
// Whose file it is and of which version. Errors: kNewerSchema, kNotASpool, kDamaged, kIo.
proto::Result<Found> identify(Database& db, const std::string& path);
// All of it in one transaction: a kill leaves an empty file, which identify() calls new.
proto::Result<void> create_schema(Database& db, const std::string& path);

}  // namespace buffer
