// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/denied_topic.h"

namespace agent {

void DeniedTopic::hear(std::string_view log_text) {
  constexpr std::string_view kBegin = "Failed to add partition \"";
  const auto begin = log_text.find(kBegin);
  if (begin == std::string_view::npos) return;
  log_text.remove_prefix(begin + kBegin.size());
  const auto end = log_text.find('"');
  const bool denied = log_text.find("authorization failed") != std::string_view::npos;
  if (end == std::string_view::npos || !denied) return;
  const std::lock_guard lock(mutex_);
  name_ = log_text.substr(0, end);
}

std::string DeniedTopic::name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}

}  // namespace agent
