// SPDX-License-Identifier: Apache-2.0
// WS_CHECK: an invariant of our own code. A broken one is a bug: the process aborts and is
// restarted. Never for input, disk, network or USB: those are a Result.
#pragma once

namespace proto {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define WS_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::proto::check_failed(#condition, __FILE__, __LINE__))
