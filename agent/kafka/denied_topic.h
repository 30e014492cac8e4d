// SPDX-License-Identifier: Apache-2.0
// Which topic a transaction was denied. The library's error says only that one was; its log line of
// the same moment has the name (librdkafka 2.0: "Failed to add partition \"NAME\" [N] to
// transaction: ...authorization failed").
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace agent {

class DeniedTopic {
 public:
  void hear(std::string_view log_text);  // from any thread
  std::string name() const;              // the last one; empty: none

 private:
  mutable std::mutex mutex_;
  std::string name_;
};

}  // namespace agent
