// SPDX-License-Identifier: Apache-2.0
// 128 bits, for products of two 64-bit numbers and sums of them: an extension that both our
// compilers have.
#pragma once

namespace drivers {

__extension__ typedef unsigned __int128 Uint128;
__extension__ typedef __int128 Int128;

}  // namespace drivers
