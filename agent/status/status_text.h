// SPDX-License-Identifier: Apache-2.0
// The status for people: the screen, one instrument in full, and systemd's line. The screen answers
// in this order: is it acquiring, is anything lost, how far behind is Kafka, what should I do.
#pragma once

#include <cstdint>
#include <string>

#include "agent/status/agent_status.h"

namespace agent {

struct TextStyle {
  bool colour = false;
};

// Ages are taken against `now_utc_us`.
std::string status_screen(const AgentStatus& status, std::int64_t now_utc_us, TextStyle style);
std::string instrument_screen(const InstrumentStatus& instrument, std::int64_t now_utc_us,
                              TextStyle style);
// "2 instruments, 160 kB/s, 14 batches spooled, last ack 0.4 s"
std::string systemd_line(const AgentStatus& status);
// For `wattspool check`: "degraded: No broker is configured ... Try: ..."
std::string check_line(const AgentStatus& status);

}  // namespace agent
