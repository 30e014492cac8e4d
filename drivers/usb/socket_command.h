// SPDX-License-Identifier: Apache-2.0
// Tells an emulator that runs in another process what to do: a fault, `counter`, `state`.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "proto/result.h"

namespace drivers {

// The answer, one line. An empty serial means the only instrument there is. std::errc::
// invalid_argument when the emulator refuses the text; the message is the emulator's.
proto::Result<std::string> send_emulator_command(const std::filesystem::path& socket,
                                                 std::string_view serial, std::string_view text);

}  // namespace drivers
