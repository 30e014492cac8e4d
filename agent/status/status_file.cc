// SPDX-License-Identifier: Apache-2.0
#include "agent/status/status_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace agent {
namespace {

constexpr std::size_t kStatusBytesMax = 4 << 20;

std::error_code last_error() { return {errno, std::generic_category()}; }

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = ::write(fd, text.data() + done, text.size() - done);
    if (got < 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

// Not synced: after a power cut there is no daemon whose status it could be.
proto::Result<void> write_status_file(const std::string& path, const std::string& json) {
  const std::string draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return proto::fail(last_error(), "write status file " + draft);
  const bool written = write_all(fd, json);
  const auto error = last_error();
  ::close(fd);
  if (!written) return proto::fail(error, "write status file " + draft);
  if (std::rename(draft.c_str(), path.c_str()) != 0) {
    return proto::fail(last_error(), "write status file " + path);
  }
  return {};
}

proto::Result<std::string> read_status_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return proto::fail(last_error(), "read status file " + path);
  std::string text;
  std::array<char, 16'384> chunk;
  ssize_t got = 0;
  while ((got = ::read(fd, chunk.data(), chunk.size())) > 0 && text.size() <= kStatusBytesMax) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  const auto error = last_error();
  ::close(fd);
  if (got < 0) return proto::fail(error, "read status file " + path);
  return text;
}

}  // namespace agent
