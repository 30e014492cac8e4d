// SPDX-License-Identifier: Apache-2.0
#include "agent/config/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/config/access_hint.h"

namespace agent {
namespace {

constexpr std::size_t kSecretBytesMax = 64 << 10;

std::error_code last_error() { return {errno, std::generic_category()}; }

// With the rights that an open has; access() asks for the user who called a set-user-id program.
bool is_there(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0;
}

tl::unexpected<proto::Error> absent(const std::string& what) {
  return proto::fail(std::make_error_code(std::errc::no_such_file_or_directory), what);
}

}  // namespace

bool is_secret_name(std::string_view setting) {
  return setting.starts_with('/') || setting.starts_with(kCredentialPrefix);
}

proto::Result<std::string> secret_path(std::string_view setting, const Credentials& credentials) {
  if (setting.empty() || setting.front() == '/') return std::string(setting);
  const std::string name(setting);
  for (const std::string& folder : {credentials.renewed, credentials.unit}) {
    std::string file = folder + "/" + name;
    if (!folder.empty() && is_there(file)) return file;
  }
  if (!is_secret_name(setting)) {
    return absent("find the credential of this name (credentials are called " +
                  std::string(kCredentialPrefix) + "NAME, for the files NAME in " +
                  kSiteCredentials + "; else write an absolute path)");
  }
  const std::string file = (credentials.site.empty() ? kSiteCredentials : credentials.site) + "/" +
                           name.substr(kCredentialPrefix.size());
  if (!credentials.site.empty()) {
    if (is_there(file)) return file;
    // The service manager gives a daemon all that is in there: it is absent.
    const std::error_code reason = last_error();
    if (reason == std::errc::permission_denied && credentials.unit.empty()) {
      return proto::fail(
          reason, "read " + file + ", the credential \"" + name + "\" (" + access_hint(file) + ")");
    }
  }
  return absent("find the credential \"" + name + "\" (put the secret into " + file +
                ", mode 0600, and restart wattspoold)");
}

proto::Result<std::string> read_secret(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::error_code reason = last_error();
    return proto::fail(
        reason, "read secret " + path +
                    (reason == std::errc::permission_denied ? " (" + access_hint(path) + ")" : ""));
  }
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
