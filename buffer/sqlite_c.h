// SPDX-License-Identifier: Apache-2.0
// The one header of the product that includes SQLite's own. Private to buffer/.
#pragma once

#include <sqlite3.h>
