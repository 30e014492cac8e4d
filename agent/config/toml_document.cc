// SPDX-License-Identifier: Apache-2.0
#include "agent/config/toml_document.h"

#include <toml++/toml.h>

#include <sstream>

namespace agent {
namespace {

Origin origin_of(const toml::source_region& region, const std::string& source) {
  return {source, static_cast<std::uint32_t>(region.begin.line),
          static_cast<std::uint32_t>(region.begin.column)};
}

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

ConfigNode convert(const toml::node& node, const std::string& source);

ConfigNode convert_table(const toml::table& table, const std::string& source) {
  ConfigNode out;
  out.kind = NodeKind::kTable;
  for (const auto& [key, value] : table) {
    out.members.push_back(
        {std::string(key.str()), origin_of(key.source(), source), convert(value, source)});
  }
  return out;
}

ConfigNode convert_array(const toml::array& array, const std::string& source) {
  ConfigNode out;
  out.kind = NodeKind::kArray;
  for (const toml::node& item : array) out.items.push_back(convert(item, source));
  return out;
}

ConfigNode convert_scalar(const toml::node& node) {
  ConfigNode out;
  if (const auto* text = node.as_string()) {
    out.kind = NodeKind::kText;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = NodeKind::kInteger;
    out.integer = integer->get();
    out.number = static_cast<double>(integer->get());
    out.text = std::to_string(integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    out.kind = NodeKind::kNumber;
    out.number = number->get();
    out.text = printed(number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = NodeKind::kBoolean;
    out.boolean = boolean->get();
    out.text = out.boolean ? "true" : "false";
  } else {
    out.kind = NodeKind::kDateTime;
  }
  return out;
}

ConfigNode convert(const toml::node& node, const std::string& source) {
  ConfigNode out = node.is_table()   ? convert_table(*node.as_table(), source)
                   : node.is_array() ? convert_array(*node.as_array(), source)
                                     : convert_scalar(node);
  out.origin = origin_of(node.source(), source);
  return out;
}

}  // namespace

tl::expected<ConfigNode, ConfigIssue> parse_toml(std::string_view text, const std::string& source) {
  try {
    return convert(toml::parse(text, source), source);
  } catch (const toml::parse_error& error) {
    return tl::unexpected(ConfigIssue{origin_of(error.source(), source),
                                      "not valid TOML: " + std::string(error.description())});
  } catch (const std::exception& error) {
    return tl::unexpected(
        ConfigIssue{{source, 1, 1}, std::string("not valid TOML: ") + error.what()});
  }
}

}  // namespace agent
