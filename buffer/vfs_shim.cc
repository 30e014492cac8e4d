// SPDX-License-Identifier: Apache-2.0
#include "buffer/vfs_shim.h"

#include <cstddef>

#include "proto/check.h"

namespace buffer {
namespace {

// SQLite allocates szOsFile bytes: this, and the file of the layer below right behind it.
struct ShimFile {
  sqlite3_file base;
  FileLayer* layer;  // owned
};
static_assert(sizeof(ShimFile) % alignof(std::max_align_t) == 0);

ShimFile& shim(sqlite3_file* file) { return *reinterpret_cast<ShimFile*>(file); }
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(ShimFile));
}
const sqlite3_io_methods& methods(sqlite3_file* file) { return *below(file)->pMethods; }

int close_file(sqlite3_file* file) {
  int code = SQLITE_OK;
  if (FileLayer* const layer = shim(file).layer) {
    code = layer->close();
    delete layer;
    shim(file).layer = nullptr;
  }
  const int closed = methods(file).xClose(below(file));
  return code == SQLITE_OK ? closed : code;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return shim(file).layer ? shim(file).layer->read(to, size, at)
                          : methods(file).xRead(below(file), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  return shim(file).layer ? shim(file).layer->write(from, size, at)
                          : methods(file).xWrite(below(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return shim(file).layer ? shim(file).layer->truncate(size)
                          : methods(file).xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  return shim(file).layer ? shim(file).layer->sync(flags) : methods(file).xSync(below(file), flags);
}
int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  return shim(file).layer ? shim(file).layer->file_size(size)
                          : methods(file).xFileSize(below(file), size);
}
int lock_file(sqlite3_file* file, int level) { return methods(file).xLock(below(file), level); }
int unlock_file(sqlite3_file* file, int level) { return methods(file).xUnlock(below(file), level); }
int check_reserved(sqlite3_file* file, int* out) {
  return methods(file).xCheckReservedLock(below(file), out);
}
int file_control(sqlite3_file* file, int op, void* argument) {
  return shim(file).layer ? shim(file).layer->file_control(op, argument)
                          : methods(file).xFileControl(below(file), op, argument);
}
int sector_size(sqlite3_file* file) { return methods(file).xSectorSize(below(file)); }
int characteristics(sqlite3_file* file) {
  return methods(file).xDeviceCharacteristics(below(file));
}
int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return methods(file).xShmMap(below(file), region, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return methods(file).xShmLock(below(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { methods(file).xShmBarrier(below(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return methods(file).xShmUnmap(below(file), remove);
}

// Version 2: with shared memory for the WAL's index, without memory-mapped reads.
constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

struct ShimData {
  VfsShim* shim;
  sqlite3_vfs* below;
};
ShimData& data(sqlite3_vfs* vfs) { return *static_cast<ShimData*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  shim(file).base.pMethods = nullptr;
  shim(file).layer = nullptr;
  below(file)->pMethods = nullptr;
  const int code = data(vfs).below->xOpen(data(vfs).below, path, below(file), flags, out_flags);
  if (below(file)->pMethods == nullptr) return code;
  shim(file).base.pMethods = &kMethods;
  if (code == SQLITE_OK) {
    shim(file).layer = data(vfs).shim->wrap(path, flags, below(file)).release();
  }
  return code;
}

}  // namespace

VfsShim::VfsShim(std::string name, const char* below_name, bool make_default)
    : name_(std::move(name)) {
  sqlite3_vfs* const below_vfs = sqlite3_vfs_find(below_name);
  WS_CHECK(below_vfs != nullptr);
  vfs_ = *below_vfs;  // what takes no file (delete, access, time, ...) is the layer's below
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(ShimFile)) + below_vfs->szOsFile;
  vfs_.xOpen = open_file;
  vfs_.pAppData = new ShimData{this, below_vfs};
  vfs_.pNext = nullptr;
  WS_CHECK(sqlite3_vfs_register(&vfs_, make_default ? 1 : 0) == SQLITE_OK);
}

VfsShim::~VfsShim() {
  sqlite3_vfs_unregister(&vfs_);
  delete static_cast<ShimData*>(vfs_.pAppData);
}

}  // namespace buffer
