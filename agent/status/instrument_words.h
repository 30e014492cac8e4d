// SPDX-License-Identifier: Apache-2.0
// What a person reads of an instrument that does not stream: one sentence and what to do about it.
#pragma once

#include <string>
#include <string_view>

#include "proto/instrument.h"

namespace agent {

// "js220/001234 has been in use by another program for 2 h." Also for a state of a newer daemon.
std::string instrument_sentence(const proto::InstrumentId& id, std::string_view state,
                                const std::string& since);
// "wattspool claim js220/001234". Names the object; never empty.
std::string instrument_remedy(const proto::InstrumentId& id, std::string_view state);

}  // namespace agent
