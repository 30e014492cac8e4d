// SPDX-License-Identifier: Apache-2.0
#include "agent/kafka/kafka_errc.h"

#include "agent/kafka/error_table.h"

namespace agent {
namespace {

class KafkaCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "kafka"; }
  std::string message(int code) const override {
    switch (static_cast<KafkaErrc>(code)) {
      case KafkaErrc::kUnknownSetting:
        return "unknown setting";
      case KafkaErrc::kRefusedSetting:
        return "setting refused";
      case KafkaErrc::kBadValue:
        return "bad value";
      case KafkaErrc::kUnreadableFile:
        return "file cannot be read";
      case KafkaErrc::kClient:
        return "the Kafka client library refused the configuration";
      case KafkaErrc::kIncomplete:
        return "not finished in time";
    }
    return "unknown kafka error";
  }
};

class BrokerCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "broker"; }
  std::string message(int code) const override { return std::string(kafka_error(code).sentence); }
};

}  // namespace

const std::error_category& kafka_category() {
  static const KafkaCategory category;
  return category;
}

std::error_code make_error_code(KafkaErrc code) {
  return {static_cast<int>(code), kafka_category()};
}

const std::error_category& broker_category() {
  static const BrokerCategory category;
  return category;
}

tl::unexpected<proto::Error> broker_fail(int code, std::string_view context,
                                         std::string_view detail) {
  std::string text(context);
  if (!detail.empty()) text += ": " + std::string(detail);
  return proto::fail(std::error_code(code, broker_category()), std::move(text));
}

}  // namespace agent
