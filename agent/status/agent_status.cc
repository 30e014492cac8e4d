// SPDX-License-Identifier: Apache-2.0
#include "agent/status/agent_status.h"

#include <algorithm>
#include <array>

namespace agent {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"healthy", "degraded", "critical"};

}  // namespace

std::string_view to_string(Health health) { return kNames[static_cast<std::size_t>(health)]; }

std::optional<Health> health_from(std::string_view text) {
  const auto at = std::find(kNames.begin(), kNames.end(), text);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<Health>(at - kNames.begin());
}

std::uint64_t capacity_bytes(const SpoolStatus& spool) {
  const buffer::SpoolTotals& totals = spool.writer.totals;
  return totals.disk_full ? totals.file_bytes : totals.quota_bytes;
}

std::uint64_t unacked_bytes(const SpoolStatus& spool) {
  std::uint64_t bytes = 0;
  for (const auto& [lane, totals] : spool.writer.totals.lanes) bytes += totals.unacked_bytes;
  return bytes;
}

std::uint64_t unacked_rows(const SpoolStatus& spool) {
  std::uint64_t rows = 0;
  for (const auto& [lane, totals] : spool.writer.totals.lanes) rows += totals.unacked_rows;
  return rows;
}

std::optional<std::int64_t> oldest_unacked_us(const SpoolStatus& spool) {
  std::optional<std::int64_t> oldest;
  for (const auto& [lane, totals] : spool.writer.totals.lanes) {
    if (totals.oldest_unacked_us && (!oldest || *totals.oldest_unacked_us < *oldest)) {
      oldest = totals.oldest_unacked_us;
    }
  }
  return oldest;
}

}  // namespace agent
