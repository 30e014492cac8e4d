// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/quarantine.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace agent {
namespace {

constexpr const char* kCorruptWord = "corrupt";
constexpr const char* kRefusedWord = "refused";

std::optional<RowId> id_from(std::string_view key) {
  const std::string_view prefix = kQuarantinePrefix;
  if (!key.starts_with(prefix)) return std::nullopt;
  key.remove_prefix(prefix.size());
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto lane = proto::lane_from(key.substr(0, slash));
  const std::string_view digits = key.substr(slash + 1);
  RowId id;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), id.number);
  if (!lane || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  id.lane = *lane;
  return id;
}

std::string text_of(const nlohmann::json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

std::string Quarantine::key_of(const RowId& id) {
  return kQuarantinePrefix + std::string(proto::to_string(id.lane)) + "/" +
         std::to_string(id.number);
}

void Quarantine::load(const std::map<std::string, std::string>& saved) {
  for (const auto& [key, text] : saved) {
    const auto id = id_from(key);
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!id || !json.is_object()) continue;
    Entry& entry = entries_[*id];
    entry.kind = text_of(json, "kind") == kCorruptWord ? ForwarderEvent::Kind::kRowCorrupt
                                                       : ForwarderEvent::Kind::kBatchQuarantined;
    entry.batch = {text_of(json, "ce_id"), text_of(json, "reason")};
    entry.settled = true;
  }
}

buffer::StateChange Quarantine::add(const RowId& id, ForwarderEvent::Kind kind,
                                    QuarantinedBatch batch) {
  const bool corrupt = kind == ForwarderEvent::Kind::kRowCorrupt;
  // An error text may hold bytes that are no UTF-8: they are replaced.
  const std::string text = nlohmann::json({{"kind", corrupt ? kCorruptWord : kRefusedWord},
                                           {"ce_id", batch.ce_id},
                                           {"reason", batch.reason}})
                               .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  entries_[id] = {kind, std::move(batch), false};
  return {key_of(id), text};
}

bool Quarantine::settled(const RowId& id) const {
  const auto at = entries_.find(id);
  return at != entries_.end() && at->second.settled;
}

void Quarantine::settle(const RowId& id) {
  const auto at = entries_.find(id);
  if (at != entries_.end()) at->second.settled = true;
}

std::vector<buffer::StateChange> Quarantine::forget_corrupt(proto::Lane lane,
                                                            buffer::Position through) {
  std::vector<buffer::StateChange> changes;
  std::erase_if(entries_, [&](const auto& item) {
    const auto& [id, entry] = item;
    const bool over = entry.kind == ForwarderEvent::Kind::kRowCorrupt && entry.settled &&
                      id.lane == lane && id.number <= through.value();
    if (over) changes.push_back({key_of(id), std::nullopt});
    return over;
  });
  return changes;
}

std::vector<QuarantinedBatch> Quarantine::list() const {
  std::vector<QuarantinedBatch> batches;
  for (const auto& [id, entry] : entries_) {
    if (entry.kind == ForwarderEvent::Kind::kBatchQuarantined) batches.push_back(entry.batch);
  }
  return batches;
}

}  // namespace agent
