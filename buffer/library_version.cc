// SPDX-License-Identifier: Apache-2.0
#include "buffer/library_version.h"

#include "buffer/sqlite_c.h"

namespace buffer {

std::string_view sqlite_version() { return sqlite3_libversion(); }

}  // namespace buffer
