// SPDX-License-Identifier: Apache-2.0
#include "agent/config/config_node.h"

#include <algorithm>
#include <utility>

namespace agent {

std::string_view to_string(NodeKind kind) {
  switch (kind) {
    case NodeKind::kText:
      return "a string";
    case NodeKind::kInteger:
      return "an integer";
    case NodeKind::kNumber:
      return "a number";
    case NodeKind::kBoolean:
      return "a boolean";
    case NodeKind::kArray:
      return "an array";
    case NodeKind::kTable:
      return "a table";
    case NodeKind::kDateTime:
      return "a date or time";
  }
  return "a value";
}

const ConfigNode* ConfigNode::find(std::string_view name) const {
  const auto at =
      std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.name == name; });
  return at == members.end() ? nullptr : &at->value;
}

ConfigNode* ConfigNode::find(std::string_view name) {
  return const_cast<ConfigNode*>(std::as_const(*this).find(name));
}

}  // namespace agent
