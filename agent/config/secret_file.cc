// SPDX-License-Identifier: Apache-2.0
#include "agent/config/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace agent {
namespace {

constexpr std::size_t kSecretBytesMax = 64 << 10;

std::error_code last_error() { return {errno, std::generic_category()}; }

}  // namespace

proto::Result<std::string> secret_path(std::string_view setting,
                                       const std::string& credentials_directory) {
  if (setting.empty() || setting.front() == '/') return std::string(setting);
  if (credentials_directory.empty()) {
    return proto::fail(std::make_error_code(std::errc::no_such_file_or_directory),
                       "find credential \"" + std::string(setting) +
                           "\" ($CREDENTIALS_DIRECTORY is not set; add LoadCredential= to the unit "
                           "or write an absolute path)");
  }
  return credentials_directory + "/" + std::string(setting);
}

proto::Result<std::string> read_secret(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return proto::fail(last_error(), "read secret " + path);
  struct stat facts {};
  std::string text;
  std::error_code error;
  if (::fstat(fd, &facts) != 0) error = last_error();
  std::array<char, 4096> chunk;
  while (!error && text.size() <= kSecretBytesMax) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0) error = last_error();
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (error) return proto::fail(error, "read secret " + path);
  if ((facts.st_mode & S_IROTH) != 0) {
    return proto::fail(std::make_error_code(std::errc::operation_not_permitted),
                       "read secret " + path + " (everybody can read it; chmod 0640)");
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty() || text.size() > kSecretBytesMax) {
    return proto::fail(std::make_error_code(std::errc::invalid_argument),
                       "read secret " + path + (text.empty() ? " (it is empty)" : " (too large)"));
  }
  return text;
}

}  // namespace agent
