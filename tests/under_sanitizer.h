// SPDX-License-Identifier: Apache-2.0
// Sanitizers make code ten times slower: tests whose point is an amount or a deadline take less of
// it there.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace wattspool_test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kUnderSanitizer = true;
#else
inline constexpr bool kUnderSanitizer = false;
#endif

// `./dev test --all` asks for all of it, however long it takes.
inline bool all_is_asked_for() { return std::getenv("WATTSPOOL_TEST_ALL") != nullptr; }

// How many of `all` a test takes: `few` of them under a sanitizer, unless all is asked for.
inline std::uint32_t share_of(std::uint32_t all, std::uint32_t few) {
  return kUnderSanitizer && !all_is_asked_for() ? few : all;
}

}  // namespace wattspool_test
