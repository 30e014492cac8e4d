// SPDX-License-Identifier: Apache-2.0
// Secrets come from files and credentials only; what is read here is never logged or shown.
#pragma once

#include <string>
#include <string_view>

#include "proto/result.h"

namespace agent {

// The folder that the package's unit makes credentials of, and what it puts before the files' names
// (packaging/systemd/wattspoold.service: LoadCredential=kafka:/etc/wattspool/credentials).
inline constexpr const char* kSiteCredentials = "/etc/wattspool/credentials";
inline constexpr std::string_view kCredentialPrefix = "kafka_";

// In $RUNTIME_DIRECTORY: the unit's credentials as they were at the last reload, put there by
// packaging/systemd/wattspoold-credentials.service. The service manager takes it away at each stop.
inline constexpr const char* kRenewedCredentials = "credentials";

// Where the credential kafka_NAME is looked for, in this order; an empty path is left out.
struct Credentials {
  std::string renewed;  // kRenewedCredentials: the file kafka_NAME, newer than that of `unit`
  std::string unit;     // $CREDENTIALS_DIRECTORY: the file kafka_NAME
  std::string site;     // kSiteCredentials: the file NAME; so it is there for an admin's own call
};

// The file of a setting: an absolute path as it is, a bare name from the first folder that has it.
// Errors: no_such_file_or_directory; permission_denied when only a folder knows that this user may
// not look into. A text that cannot be a credential's name is not in the message: it may be the
// secret itself.
proto::Result<std::string> secret_path(std::string_view setting, const Credentials& credentials);

// The file's text without the newline at its end. Refuses a file that everybody can read, an empty
// one, and one above 64 KiB.
proto::Result<std::string> read_secret(const std::string& path);

// Whether a setting can be shown: a path, or a name that the unit can give to a credential.
bool is_secret_name(std::string_view setting);

}  // namespace agent
