// SPDX-License-Identifier: Apache-2.0
#include "agent/forward/send_window.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace agent {

bool SendWindow::has_room() const {
  return rows_ == 0 || (size_bytes_ < limits_.bytes_max && rows_ < limits_.rows_max &&
                        records_ < limits_.records_max);
}

OutgoingRow& SendWindow::add(std::unique_ptr<OutgoingRow> row) {
  const std::uint64_t tag = ++last_tag_;
  for (OutgoingRecord& record : row->records) record.tag = tag;
  ++rows_;
  records_ += row->records.size();
  size_bytes_ += row->size_bytes;
  lanes_[row->id.lane].push_back({row->id, tag, false});
  Sent& sent = sent_[tag];
  sent.row = std::move(row);
  return *sent.row;
}

void SendWindow::produced(OutgoingRow& row) {
  const auto at = sent_.find(row.records.front().tag);
  WS_CHECK(at != sent_.end());
  ++at->second.produced;
  ++outstanding_;
}

void SendWindow::skip(const RowId& id) { lanes_[id.lane].push_back({id, 0, true}); }

const OutgoingRow* SendWindow::on_report(std::uint64_t tag, bool delivered) {
  const auto at = sent_.find(tag);
  if (at == sent_.end()) return nullptr;
  Sent& sent = at->second;
  ++sent.reported;
  --outstanding_;
  if (sent.dropped) {
    release(at);
    return nullptr;
  }
  if (delivered) ++sent.delivered;
  if (sent.delivered == sent.row->records.size()) mark_done(sent.row->id);
  return sent.row.get();
}

void SendWindow::mark_done(const RowId& id) {
  for (Slot& slot : lanes_[id.lane]) {
    if (slot.id == id) slot.done = true;
  }
}

void SendWindow::complete() {
  for (auto& [lane, slots] : lanes_) {
    for (Slot& slot : slots) slot.done = true;
  }
}

WindowAcks SendWindow::take_acks() {
  WindowAcks acks;
  for (auto& [lane, slots] : lanes_) {
    std::optional<buffer::Position> through;
    while (!slots.empty() && slots.front().done) {
      const Slot slot = slots.front();
      slots.pop_front();
      through = buffer::Position(slot.id.number);
      if (slot.tag == 0) continue;
      const auto at = sent_.find(slot.tag);
      WS_CHECK(at != sent_.end());
      const OutgoingRow& row = *at->second.row;
      if (row.latest) acks.latest.push_back(*row.latest);
      acks.records += row.records.size();
      acks.size_bytes += row.size_bytes;
      --rows_;
      records_ -= row.records.size();
      size_bytes_ -= row.size_bytes;
      at->second.dropped = true;
      release(at);
    }
    if (through && lane != proto::Lane::kState) acks.lanes.push_back({lane, *through});
  }
  return acks;
}

std::uint64_t SendWindow::drop() {
  std::uint64_t records = 0;
  for (auto at = sent_.begin(); at != sent_.end();) {
    const auto next = std::next(at);
    if (!at->second.dropped) records += at->second.produced;
    at->second.dropped = true;
    release(at);
    at = next;
  }
  lanes_.clear();
  rows_ = records_ = size_bytes_ = 0;
  return records;
}

void SendWindow::forget_reports() {
  std::erase_if(sent_, [](const auto& entry) { return entry.second.dropped; });
  outstanding_ = 0;
  for (auto& [tag, sent] : sent_) sent.reported = sent.produced;
}

// The bytes may go once nobody reads them any more.
void SendWindow::release(std::map<std::uint64_t, Sent>::iterator at) {
  if (at->second.dropped && at->second.reported == at->second.produced) sent_.erase(at);
}

}  // namespace agent
