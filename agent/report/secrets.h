// SPDX-License-Identifier: Apache-2.0
// The texts that must not leave this host. What is written is shown with secrets left out anyway;
// this is for words of others, such as a broker's or a library's in the journal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config_load.h"

namespace agent {

class Secrets {
 public:
  // Shorter ones cannot be told from other words.
  static constexpr std::size_t kLeastBytes = 4;

  // Whole, and each long line of it: keys are told by their lines.
  void add(std::string_view text);
  // With each secret replaced by "<secret>", also where it is written as a JSON string.
  std::string scrub(std::string text) const;

 private:
  std::vector<std::string> texts_;  // the longest first
};

// What this user could read by the configuration: the files of secrets, each credential, and values
// that config_show.h hides.
Secrets known_secrets(const LoadedConfig& loaded);

}  // namespace agent
