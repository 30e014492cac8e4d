// SPDX-License-Identifier: Apache-2.0
// What the host knows: the service manager, the journal, the kernel, disk and USB.
#pragma once

#include <string>
#include <vector>

#include "agent/report/report.h"
#include "proto/clock.h"

namespace agent {

// `spool_path`: of the configuration. The clock outlives the steps.
std::vector<ReportStep> host_steps(const std::string& spool_path, const proto::Clock& clock);

// The lines that speak of USB, of those that a kernel says.
std::string usb_lines(const std::string& kernel_messages);

}  // namespace agent
