// SPDX-License-Identifier: Apache-2.0
// Captures as files: compressed with zstd while they are written, read as they are or compressed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "drivers/usb/capture.h"

namespace agent {

class CaptureWriter {
 public:
  // The file must not exist. Errors name it and its folder's remedy.
  static proto::Result<std::unique_ptr<CaptureWriter>> create(const std::string& path,
                                                              const proto::InstrumentId& instrument,
                                                              std::int64_t start_utc_ns);
  ~CaptureWriter();  // without finish(): the file ends where it was cut

  // After a failure nothing more is written; finish() tells it.
  void write(const drivers::Exchange& exchange);
  proto::Result<void> finish();

  std::uint64_t exchanges() const { return exchanges_; }
  std::uint64_t raw_bytes() const { return raw_bytes_; }
  std::uint64_t file_bytes() const { return file_bytes_; }
  bool failed() const { return !failure_.empty(); }

 private:
  struct Stream;
  explicit CaptureWriter(std::string path);
  void put(std::span<const std::byte> bytes, bool last);

  const std::string path_;
  std::unique_ptr<Stream> stream_;
  std::string failure_;
  std::uint64_t exchanges_ = 0;
  std::uint64_t raw_bytes_ = 0;
  std::uint64_t file_bytes_ = 0;
};

// At most 1 GiB when decompressed.
proto::Result<drivers::Capture> read_capture(const std::string& path);
// Whether the file looks like one, by its first bytes; false when it cannot be read.
bool is_capture(const std::string& path);

}  // namespace agent
