// SPDX-License-Identifier: Apache-2.0
// How an operating error is returned: a code of the module's own errc and a context that names verb
// and object.
#pragma once

#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace proto {

struct Error {
  std::error_code code;
  std::string context;  // "open spool /var/lib/wattspool/spool.db: Permission denied"

  // What an operator reads: the context, then the code's own text.
  std::string message() const {
    if (context.empty()) return code.message();
    return context + ": " + code.message();
  }
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::error_code code, std::string context) {
  return tl::unexpected<Error>(Error{code, std::move(context)});
}

}  // namespace proto
