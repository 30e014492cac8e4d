// SPDX-License-Identifier: Apache-2.0
// What the spool can answer.
#pragma once

#include <system_error>

namespace buffer {

enum class SpoolErrc {
  kLocked = 1,     // another daemon holds the spool
  kNewerSchema,    // written by a newer wattspool
  kNotASpool,      // not a database, or not ours
  kDamaged,        // SQLite says the file is malformed
  kRowCorrupt,     // a row's CRC-32C does not hold
  kFull,           // no space left and nothing evictable
  kIo,             // read, write or fsync failed
  kReadOnly,       // directory or file cannot be written
  kNotFound,       // no such file
  kInvalidOption,  // quota too small, ...
};

const std::error_category& spool_category();
std::error_code make_error_code(SpoolErrc code);

}  // namespace buffer

template <>
struct std::is_error_code_enum<buffer::SpoolErrc> : std::true_type {};
