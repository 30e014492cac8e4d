// SPDX-License-Identifier: Apache-2.0
// Both ends of the control socket: a line from anybody who may open it, and the document that the
// CLI gets back. Each is refused in words, or means the same after it was written and read again.
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/control/control_request.h"
#include "agent/status/health.h"
#include "agent/status/status_json.h"
#include "agent/status/status_text.h"
#include "proto/check.h"

namespace {

constexpr std::int64_t kNowUtcUs = 1'790'000'000'000'000;

void try_request(std::string_view line) {
  const auto request = agent::parse_control_request(line);
  if (!request) {
    WS_CHECK(!request.error().message().empty());
    WS_CHECK(agent::error_word(request.error().code) != "failed");
    WS_CHECK(!agent::error_reply_json(request.error()).empty());
    return;
  }
  const std::string written = agent::to_json(*request);
  WS_CHECK(written.find('\n') == std::string::npos);
  if (written.size() > agent::kRequestBytesMax) return;  // 1e5 is longer as 100000.0
  const auto again = agent::parse_control_request(written);
  WS_CHECK(again && agent::to_json(*again) == written);
}

void try_status(std::string_view document) {
  auto status = agent::status_from_json(document);
  if (!status) return;
  const auto again = agent::status_from_json(agent::status_to_json(*status));
  WS_CHECK(again && again->instruments.size() == status->instruments.size());
  WS_CHECK(!agent::status_screen(*status, kNowUtcUs, {}).empty());
  WS_CHECK(!agent::systemd_line(*status).empty());
  agent::judge_health(*status);
  WS_CHECK(!agent::check_line(*status).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_request(text);
  try_status(text);
  return 0;
}
