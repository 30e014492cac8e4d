// SPDX-License-Identifier: Apache-2.0
#include "drivers/code_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "proto/check.h"

namespace drivers {
namespace {

constexpr std::size_t kDeadRunsMax = 4096;

std::uint64_t load_bits(std::span<const std::byte> data, std::size_t byte) {
  std::uint64_t word = 0;
  const std::size_t left_bytes = data.size() - byte;
  if (left_bytes >= sizeof word) {
    std::memcpy(&word, data.data() + byte, sizeof word);
  } else {
    std::memcpy(&word, data.data() + byte, left_bytes);
  }
  return word;
}

std::uint32_t code_at(std::span<const std::byte> data, std::uint32_t bits, std::uint32_t index) {
  const std::size_t bit = std::size_t{index} * bits;
  const auto byte = std::to_integer<std::uint32_t>(data[bit / 8]);
  return (byte >> (bit % 8)) & ((1u << bits) - 1);
}

}  // namespace

std::uint32_t equal_codes(std::span<const std::byte> data, std::uint32_t bits, std::uint32_t index,
                          std::uint32_t values) {
  // Every element of the pattern is the code: all ones, divided by one element's ones, is 1 in
  // each.
  const std::uint64_t pattern = ~0ull / ((1u << bits) - 1) * code_at(data, bits, index);
  std::uint32_t at = index;
  while (at < values) {
    const std::size_t bit = std::size_t{at} * bits;
    const unsigned shift = bit % 8;
    const auto different = (load_bits(data, bit / 8) ^ pattern) >> shift;
    const auto valid_bits =
        static_cast<unsigned>(std::min<std::size_t>(64, data.size() * 8 - (bit - shift)) - shift);
    const auto equal_bits =
        std::min(static_cast<unsigned>(std::countr_zero(different)), valid_bits);
    at += equal_bits / bits;
    if (equal_bits < valid_bits) break;
  }
  return std::min(at, values) - index;
}

void append_code_run(std::vector<proto::CodeRun>& out, std::uint32_t code, std::uint64_t length) {
  if (length == 0) return;
  const auto run_length = static_cast<std::uint32_t>(length);
  if (!out.empty() && out.back().code == code) {
    out.back().run_length += run_length;
  } else {
    out.push_back({code, run_length});
  }
}

CodeQueue::CodeQueue(std::size_t runs_max) : runs_max_(runs_max) {
  runs_.reserve(2 * kDeadRunsMax);
}

void CodeQueue::append_packed(proto::SampleId first, std::span<const std::byte> data,
                              std::uint32_t bits, std::uint32_t skip, std::uint32_t values) {
  WS_CHECK((bits == 1 || bits == 4) && std::size_t{values} * bits <= data.size() * 8);
  WS_CHECK(empty() || first >= end_id_);
  std::uint32_t index = skip;
  while (index < values) {
    const std::uint32_t length = equal_codes(data, bits, index, values);
    append_run(first + (index - skip), code_at(data, bits, index), length);
    index += length;
  }
}

void CodeQueue::append_run(proto::SampleId first, std::uint32_t code, std::uint32_t length) {
  constexpr std::uint32_t kLengthMax = 1u << 30;
  if (!empty() && first == end_id_ && runs_.back().code == code &&
      runs_.back().length <= kLengthMax) {
    runs_.back().length += length;
  } else {
    if (runs_.size() - first_run_ >= runs_max_) ++first_run_;
    if (first_run_ >= kDeadRunsMax) {
      runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(first_run_));
      first_run_ = 0;
    }
    runs_.push_back({first, length, code});
  }
  end_id_ = first + length;
}

void CodeQueue::drop_before(proto::SampleId id) {
  while (!empty()) {
    Run& run = runs_[first_run_];
    const proto::SampleId end = run.first + run.length;
    if (end > id) {
      if (run.first < id) {
        run.length = static_cast<std::uint32_t>(end.value() - id.value());
        run.first = id;
      }
      return;
    }
    ++first_run_;
  }
  runs_.clear();
  first_run_ = 0;
}

void CodeQueue::take(proto::SampleId first, proto::SampleId end, std::vector<proto::CodeRun>& out,
                     std::vector<proto::IdRange>& missing) {
  drop_before(first);
  proto::SampleId at = first;
  while (at < end) {
    const bool has_run = !empty() && first_id() < end;
    const proto::SampleId next = has_run ? first_id() : end;
    if (next > at) {
      append_code_run(out, proto::kMissingCode, next.value() - at.value());
      missing.push_back({at, next - 1});
      at = next;
      continue;
    }
    Run& run = runs_[first_run_];
    const std::uint64_t length = std::min<std::uint64_t>(run.length, end.value() - at.value());
    append_code_run(out, run.code, length);
    at = at + length;
    run.first = at;
    run.length -= static_cast<std::uint32_t>(length);
    if (run.length == 0) ++first_run_;
  }
  if (!empty()) return;
  runs_.clear();
  first_run_ = 0;
}

void CodeQueue::clear() {
  runs_.clear();
  first_run_ = 0;
  end_id_ = {};
}

}  // namespace drivers
