// SPDX-License-Identifier: Apache-2.0
// 128 bits for a product of two 64-bit numbers: an extension that both our compilers have.
#pragma once

namespace drivers {

__extension__ typedef unsigned __int128 Uint128;

}  // namespace drivers
