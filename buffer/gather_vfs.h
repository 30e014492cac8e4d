// SPDX-License-Identifier: Apache-2.0
// Few large writes and reads instead of many small ones. SQLite writes a WAL frame as 24 bytes and
// a page, and a checkpoint page by page: a row of 900 kB costs some 700 system calls. And no sync
// of what is synced. Private to buffer/.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "buffer/vfs_shim.h"

namespace buffer {

// Holds back writes of the database and its WAL while each continues the one before, until a sync,
// the end of a checkpoint, a read of the same bytes, or anything else that could tell the
// difference. A held-back write that fails is reported by the call that let it go; SQLite trusts no
// write before its sync, and no commit counts before that (true because synchronous is FULL). Reads
// one after the other are read ahead: only this connection ever writes the two files.
class GatherVfs final : public VfsShim {
 public:
  // Above SQLite's default VFS of this moment.
  explicit GatherVfs(std::string name) : VfsShim(std::move(name), nullptr, false) {}
  std::unique_ptr<FileLayer> wrap(const char* path, int flags, sqlite3_file* below) override;
};

}  // namespace buffer
