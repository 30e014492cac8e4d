// SPDX-License-Identifier: Apache-2.0
#include "agent/config/access_hint.h"

#include <grp.h>
#include <pwd.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

namespace agent {
namespace {

std::string user_name(uid_t id) {
  const passwd* const user = ::getpwuid(id);
  return user == nullptr ? std::to_string(id) : user->pw_name;
}

std::string group_name(gid_t id) {
  const group* const found = ::getgrgid(id);
  return found == nullptr ? std::to_string(id) : found->gr_name;
}

// The last thing on the way that can be looked at: what lies below a closed folder cannot.
std::string deepest(const std::string& path, struct stat& facts) {
  std::string found = "/";
  if (::stat("/", &facts) != 0) return found;
  for (std::size_t at = 1; at != std::string::npos && at < path.size();) {
    at = path.find('/', at);
    const std::string part = path.substr(0, at);
    struct stat next {};
    if (::stat(part.c_str(), &next) != 0) break;
    found = part;
    facts = next;
    if (at != std::string::npos) ++at;
  }
  return found;
}

}  // namespace

std::string access_hint(const std::string& path) {
  struct stat facts {};
  const std::string closed = deepest(path, facts);
  const mode_t needed = S_ISDIR(facts.st_mode) ? S_IXGRP : S_IRGRP;
  const std::string owners = group_name(facts.st_gid);
  const bool for_group = (facts.st_mode & needed) != 0 && facts.st_gid != 0;
  return fmt::format(
      "{} belongs to {}:{}, mode {:04o}; use sudo{}", closed, user_name(facts.st_uid), owners,
      facts.st_mode & 07777U,
      for_group ? fmt::format(", or become a member of the group: sudo adduser NAME {}", owners)
                : "");
}

}  // namespace agent
