// SPDX-License-Identifier: Apache-2.0
// What survives a restart, as JSON texts under three keys: `now` changes with every entry, `run` at
// its borders, `tests` when one starts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "agent/pipeline/gap_join.h"
#include "agent/pipeline/lane_ledger.h"
#include "agent/pipeline/test_progress.h"
#include "proto/ids.h"
#include "proto/lane.h"

namespace agent {

inline constexpr std::string_view kNowKey = "now";
inline constexpr std::string_view kRunKey = "run";
inline constexpr std::string_view kTestsKey = "tests";

// What the entries pushed so far amount to.
struct PipelineNow {
  std::optional<SegmentTail> tail;  // absent until the first segment
  std::map<proto::Lane, LaneLedger> lanes;
  TestProgress progress;
};

struct SavedRun {
  OpenRun run;
  std::string metadata_json;
};

std::string to_text(const PipelineNow& now);
std::string to_text(const SavedRun& run);
std::string to_text(const std::deque<std::string>& test_ids);

// Absent when the text is not what to_text() writes.
std::optional<PipelineNow> now_from_text(const std::string& text);
std::optional<SavedRun> run_from_text(const std::string& text);
std::optional<std::deque<std::string>> tests_from_text(const std::string& text);

}  // namespace agent
