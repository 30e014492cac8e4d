// SPDX-License-Identifier: Apache-2.0
#include "agent/config/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace agent {
namespace {

// Levenshtein, with two neighbouring letters exchanged counted as one slip.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::vector<std::size_t> next(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        next[j] = std::min(next[j], before[j - 2] + 1);
      }
    }
    before.swap(row);
    row.swap(next);
  }
  return row[b.size()];
}

// The last part of a dotted path: "spool.quota" is near to "quota" written at the top.
std::string_view leaf(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string_view> known) {
  if (name.size() > 128) return std::nullopt;  // bounds the work on hostile input
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate);
    }
  }
  if (best) return best;
  const auto same_leaf = std::find_if(known.begin(), known.end(), [&](std::string_view candidate) {
    return leaf(candidate) == leaf(name);
  });
  if (same_leaf != known.end()) return std::string(*same_leaf);
  return std::nullopt;
}

}  // namespace agent
