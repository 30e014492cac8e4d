// SPDX-License-Identifier: Apache-2.0
#include "agent/version.h"

namespace agent {

std::string_view version() { return WATTSPOOL_VERSION; }
std::string_view build_type() { return WATTSPOOL_BUILD_TYPE; }

}  // namespace agent
