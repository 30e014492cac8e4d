// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_device_topics.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "drivers/js220_statistics.h"
#include "proto/check.h"

namespace drivers::js220 {
namespace {

enum class Kind : std::uint8_t {
  kSetting,
  kReadOnly,
  kCommand,
  kRefused,  // exists, and answers "not supported"
};

struct Option {
  std::int64_t value;
  std::string_view name;
};

struct TopicSpec {
  std::string_view name;
  ValueType type = ValueType::kU8;
  Kind kind = Kind::kSetting;
  std::int64_t default_value = 0;
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::string_view brief;
  std::span<const Option> options{};  // when there are any, nothing else is allowed
};

// At most 1000 blocks a second: vendor tools ask for 1 to 100.
constexpr std::int64_t kBlockValuesMin = 1000;

constexpr std::array<Option, 3> kRangeModes = {
    {{kRangeOff, "off"}, {kRangeAuto, "auto"}, {kRangeManual, "manual"}}};
// 0x80 | 1 << index.
constexpr std::array<Option, 6> kRangeSelects = {{{129, "10 A"},
                                                  {130, "180 mA"},
                                                  {132, "18 mA"},
                                                  {136, "1.8 mA"},
                                                  {144, "180 uA"},
                                                  {160, "18 uA"}}};
constexpr std::array<Option, 2> kVoltageModes = {{{0, "auto"}, {1, "manual"}}};
constexpr std::array<Option, 2> kVoltageSelects = {{{0, "15 V"}, {1, "2 V"}}};
constexpr std::array<Option, 2> kReferences = {{{0, "external"}, {1, "3.3 V"}}};
constexpr std::array<Option, 2> kDirections = {{{0, "input"}, {1, "output"}}};
constexpr std::array<Option, 1> kTargets = {{{0, "app"}}};

constexpr TopicSpec stream(std::string_view name, std::string_view brief) {
  return {.name = name, .max = 1, .brief = brief};
}
constexpr TopicSpec refused(std::string_view name) {
  return {.name = name, .kind = Kind::kRefused, .brief = ""};
}
constexpr TopicSpec version(std::string_view name, std::uint32_t value) {
  return {.name = name,
          .type = ValueType::kU32,
          .kind = Kind::kReadOnly,
          .default_value = value,
          .brief = "version"};
}
constexpr TopicSpec choice(std::string_view name, std::string_view brief,
                           std::span<const Option> options, std::int64_t default_value = 0) {
  return {.name = name, .default_value = default_value, .brief = brief, .options = options};
}
constexpr TopicSpec command(std::string_view name) {
  return {.name = name,
          .type = ValueType::kU32,
          .kind = Kind::kCommand,
          .max = 0xFFFF'FFFF,
          .brief = ""};
}
constexpr TopicSpec level(std::string_view name) {
  return {.name = name, .max = 255, .brief = "LED"};
}

constexpr std::array kTopics = {
    version("c/fw/version", kFirmwareVersion),
    version("c/hw/version", kHardwareVersion),
    version("s/fpga/version", kFpgaVersion),
    TopicSpec{.name = "c/target", .kind = Kind::kReadOnly, .brief = "image", .options = kTargets},
    choice("s/i/range/mode", "current range mode", kRangeModes, kRangeOff),
    choice("s/i/range/select", "current range in manual mode", kRangeSelects, 129),
    TopicSpec{.name = "s/i/range/min", .max = 5, .brief = "first automatic range"},
    TopicSpec{
        .name = "s/i/range/max", .default_value = 5, .max = 5, .brief = "last automatic range"},
    choice("s/v/range/mode", "voltage range mode", kVoltageModes),
    choice("s/v/range/select", "voltage range in manual mode", kVoltageSelects),
    stream("s/i/range/ctrl", "stream the current range"),
    stream("s/i/ctrl", "stream current"),
    stream("s/v/ctrl", "stream voltage"),
    stream("s/p/ctrl", "stream power"),
    stream("s/gpi/0/ctrl", "stream GPI 0"),
    stream("s/gpi/1/ctrl", "stream GPI 1"),
    stream("s/gpi/2/ctrl", "stream GPI 2"),
    stream("s/gpi/3/ctrl", "stream GPI 3"),
    stream("s/gpi/7/ctrl", "stream the trigger input"),
    refused("s/adc/0/ctrl"),
    refused("s/adc/1/ctrl"),
    refused("s/adc/2/ctrl"),
    refused("s/adc/3/ctrl"),
    refused("s/uart/0/ctrl"),
    stream("s/stats/ctrl", "stream statistics"),
    TopicSpec{.name = "s/stats/scnt",
              .type = ValueType::kU32,
              .default_value = 500'000,
              .min = kBlockValuesMin,
              .max = kBlockValuesMax,
              .brief = "samples per statistics block"},
    command("s/stats/!clear"),
    // Full rate only: no decimation on the instrument.
    TopicSpec{.name = "s/dwnN/N", .type = ValueType::kU32, .max = 1, .brief = "decimation"},
    TopicSpec{.name = "s/gpi/+/dwnN/N",
              .type = ValueType::kU32,
              .max = 2000,
              .brief = "GPI decimation, when its mode is on"},
    TopicSpec{.name = "s/gpi/+/dwnN/mode", .type = ValueType::kU32, .brief = "off"},
    command("s/gpo/+/!set"),
    command("s/gpo/+/!clr"),
    command("s/gpo/+/!value"),
    choice("c/gpio/vref", "GPIO reference", kReferences),
    choice("c/trigger/dir", "trigger direction", kDirections),
    level("c/led/en"),
    level("c/led/red"),
    level("c/led/green"),
    level("c/led/blue"),
};

struct StreamTopic {
  std::string_view name;
  std::uint8_t port;
};
constexpr std::array<StreamTopic, 10> kStreamTopics = {{{"s/i/range/ctrl", kPortCurrentRange},
                                                        {"s/i/ctrl", kPortCurrent},
                                                        {"s/v/ctrl", kPortVoltage},
                                                        {"s/p/ctrl", kPortPower},
                                                        {"s/gpi/0/ctrl", kPortGpi0},
                                                        {"s/gpi/1/ctrl", kPortGpi0 + 1},
                                                        {"s/gpi/2/ctrl", kPortGpi0 + 2},
                                                        {"s/gpi/3/ctrl", kPortGpi0 + 3},
                                                        {"s/gpi/7/ctrl", kPortTrigger},
                                                        {"s/stats/ctrl", kPortStatistics}}};

const TopicSpec* find_topic(std::string_view name) {
  const auto found = std::ranges::find(kTopics, name, &TopicSpec::name);
  return found == kTopics.end() ? nullptr : &*found;
}

std::size_t index_of(const TopicSpec& spec) {
  return static_cast<std::size_t>(&spec - kTopics.data());
}

// A number that the topic allows, from a number or the name of an option.
std::optional<std::int64_t> allowed(const TopicSpec& spec, const Value& value) {
  if (value.type == ValueType::kStr) {
    const auto option = std::ranges::find(spec.options, value.text, &Option::name);
    if (option == spec.options.end()) return std::nullopt;
    return option->value;
  }
  const auto number = value.integer();
  if (!number) return std::nullopt;
  if (!spec.options.empty()) {
    if (std::ranges::find(spec.options, *number, &Option::value) == spec.options.end()) {
      return std::nullopt;
    }
    return number;
  }
  if (*number < spec.min || *number > spec.max) return std::nullopt;
  return number;
}

std::string type_name(const TopicSpec& spec) {
  if (spec.type == ValueType::kU32) return "u32";
  return spec.max == 1 && spec.options.empty() ? "bool" : "u8";
}

// `dtype` comes first: the vendor's parser needs it before the others.
std::string metadata_json(const TopicSpec& spec) {
  std::string json = R"({"dtype":")" + type_name(spec) + R"(","brief":")" +
                     std::string(spec.brief) + R"(","default":)" +
                     std::to_string(spec.default_value);
  if (!spec.options.empty()) {
    json += R"(,"options":[)";
    for (const Option& option : spec.options) {
      if (&option != spec.options.data()) json += ',';
      json += '[';
      json += std::to_string(option.value);
      json += R"(,")" + std::string(option.name) + R"("])";
    }
    json += ']';
  }
  if (spec.brief == "version") json += R"(,"format":"version")";
  if (spec.kind == Kind::kReadOnly) json += R"(,"flags":["ro"])";
  return json + "}";
}

bool is_retained(const TopicSpec& spec) {
  return spec.kind == Kind::kSetting || spec.kind == Kind::kReadOnly;
}

}  // namespace

TopicStore::TopicStore() {
  std::ranges::transform(kTopics, std::back_inserter(numbers_), &TopicSpec::default_value);
}

std::int32_t TopicStore::set(std::string_view topic, const Value& value) {
  const TopicSpec* spec = find_topic(topic);
  if (spec == nullptr) return kCodeNotFound;
  const bool off = value.integer() == 0;
  switch (spec->kind) {
    case Kind::kReadOnly:
      return kCodePermissions;
    case Kind::kRefused:
      return off ? kCodeOk : kCodeNotSupported;
    case Kind::kCommand:
      return kCodeOk;
    case Kind::kSetting:
      break;
  }
  const auto number = allowed(*spec, value);
  if (!number) return kCodeInvalid;
  numbers_[index_of(*spec)] = *number;
  return kCodeOk;
}

void TopicStore::stop_streams() {
  for (const StreamTopic& topic : kStreamTopics) numbers_[index_of(*find_topic(topic.name))] = 0;
}

std::int64_t TopicStore::number(std::string_view topic) const {
  const TopicSpec* spec = find_topic(topic);
  WS_CHECK(spec != nullptr);
  return numbers_[index_of(*spec)];
}

std::optional<std::uint8_t> TopicStore::stream_port(std::string_view topic) {
  const auto found = std::ranges::find(kStreamTopics, topic, &StreamTopic::name);
  if (found == kStreamTopics.end()) return std::nullopt;
  return found->port;
}

bool TopicStore::stream_on(std::uint8_t port) const {
  const auto found = std::ranges::find(kStreamTopics, port, &StreamTopic::port);
  return found != kStreamTopics.end() && number(found->name) != 0;
}

std::uint32_t TopicStore::statistics_block_values() const {
  return static_cast<std::uint32_t>(number("s/stats/scnt"));
}

std::optional<RangeLimits> TopicStore::range_limits() const {
  switch (number("s/i/range/mode")) {
    case kRangeAuto: {
      const auto first = static_cast<std::uint8_t>(number("s/i/range/min"));
      const auto last = static_cast<std::uint8_t>(number("s/i/range/max"));
      return RangeLimits{std::min(first, last), last};
    }
    case kRangeManual: {
      const std::int64_t select = number("s/i/range/select");
      std::uint8_t index = 0;
      while (select != (0x80 | 1 << index)) ++index;
      return RangeLimits{index, index};
    }
    default:
      return std::nullopt;
  }
}

std::vector<Publish> TopicStore::metadata() const {
  std::vector<Publish> messages;
  for (const TopicSpec& spec : kTopics) {
    if (!is_retained(spec)) continue;
    messages.push_back({std::string(spec.name) + "$", Value::json(metadata_json(spec)), 0});
  }
  return messages;
}

std::vector<Publish> TopicStore::values() const {
  std::vector<Publish> messages;
  for (const TopicSpec& spec : kTopics) {
    if (!is_retained(spec)) continue;
    const auto bits = static_cast<std::uint64_t>(numbers_[index_of(spec)]);
    messages.push_back({std::string(spec.name) + "?", Value{spec.type, bits, {}}, kFlagRetain});
  }
  return messages;
}

}  // namespace drivers::js220
