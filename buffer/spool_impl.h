// SPDX-License-Identifier: Apache-2.0
// What a Spool is made of. Private to buffer/.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "buffer/evictor.h"
#include "buffer/gather_vfs.h"
#include "buffer/lane_ledger.h"
#include "buffer/row_store.h"
#include "buffer/spool.h"
#include "buffer/spool_file.h"
#include "buffer/spool_space.h"
#include "buffer/sqlite_database.h"
#include "buffer/state_store.h"

namespace buffer {

struct Spool::Impl {
  Impl(SpoolOptions spool_options, const proto::Clock& clock, SpoolLock spool_lock)
      : options(std::move(spool_options)),
        lock(std::move(spool_lock)),
        // SQLite knows VFSes by name, so each spool's is named after its place in memory.
        vfs("wattspool-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))),
        space(db, options, clock) {}

  // One opening of the file; what may be mended by setting it aside comes back as an error.
  proto::Result<void> open_file();
  proto::Result<CommitReport> commit(const Commit& commit);

  const SpoolOptions options;
  SpoolLock lock;
  GatherVfs vfs;
  Database db;  // before all that holds its statements
  SpoolSpace space;
  RowStore rows{db};
  StateStore state{db, options.path};
  OpenReport report;
  LaneLedgers ledgers;
  SpoolTotals totals;
  Pins pins;
  EvictionObserver observer;

  // Steps of a commit, in this order, within its transaction; each returns SQLite's code. `next`
  // becomes the ledgers when the commit succeeds; `changed` lanes get their state entry written.
  int try_commit(const Commit& commit, std::uint64_t pages, CommitReport& done);
  int apply_ack(const LaneAck& ack, LaneLedgers& next, std::array<bool, kLaneSlots>& changed);
  int make_room(std::uint64_t pages, LaneLedgers& next, std::array<bool, kLaneSlots>& changed,
                std::vector<NewRow>& gaps, CommitReport& done);
  int append(std::span<const NewRow> new_rows, LaneLedgers& next);
  int apply_latest(const Commit& commit);

  std::uint64_t pages_for(std::span<const NewRow> new_rows) const;
  void refresh_totals();

 private:
  proto::Result<void> begin_stream(Found found);
  proto::Result<bool> has_begun();
  proto::Result<void> load_previous();
  proto::Result<void> probe();
};

}  // namespace buffer
