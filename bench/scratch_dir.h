// SPDX-License-Identifier: Apache-2.0
// A folder on a real disk that is gone when the benchmark ends: $WATTSPOOL_BENCH_DIR, else the
// current folder. (/tmp may be a RAM disk, where a sync costs nothing.)
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace bench {

// Benchmarks have no one to report an error to.
inline void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(2);
}

class ScratchDir {
 public:
  ScratchDir() {
    const char* const parent = std::getenv("WATTSPOOL_BENCH_DIR");
    std::string name = std::string(parent == nullptr ? "." : parent) + "/wattspool-bench-XXXXXX";
    require(mkdtemp(name.data()) != nullptr, "cannot make " + name);
    path_ = name;
  }
  ~ScratchDir() { std::filesystem::remove_all(path_); }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace bench
