// SPDX-License-Identifier: Apache-2.0
// Sanitizers make code ten times slower: tests whose point is an amount or a deadline take less of
// it there.
#pragma once

#include <cstdlib>

namespace wattspool_test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kUnderSanitizer = true;
#else
inline constexpr bool kUnderSanitizer = false;
#endif

// `./dev test --all` asks for all of it, however long it takes.
inline bool all_is_asked_for() { return std::getenv("WATTSPOOL_TEST_ALL") != nullptr; }

}  // namespace wattspool_test
