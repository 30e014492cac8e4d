// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/config/config_keys.h"
#include "agent/config/units.h"

namespace {

using agent::UnitKind;

TEST(Units, ParseToTheBaseUnit) {
  EXPECT_EQ(agent::parse_quantity("200ms", UnitKind::kDuration), 200);
  EXPECT_EQ(agent::parse_quantity("1.5 h", UnitKind::kDuration), 5'400'000);
  EXPECT_EQ(agent::parse_quantity("10GiB", UnitKind::kSize), 10.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(agent::parse_quantity("0.1Hz", UnitKind::kRate), 0.1);
  EXPECT_EQ(agent::parse_quantity("1kHz", UnitKind::kRate), 1000);
  EXPECT_EQ(agent::parse_quantity("2MB/s", UnitKind::kByteRate), 2e6);
}

TEST(Units, RefuseWhatIsNotANumberWithAKnownUnit) {
  for (const char* const text : {"", "ms", "-1s", "1e999s", "nans", "1 s ", "1S", "0x10s", "1s1"}) {
    EXPECT_FALSE(agent::parse_quantity(text, UnitKind::kDuration).has_value()) << text;
  }
}

TEST(Units, FormatToWhatParsesToTheSame) {
  for (const double amount : {1.0, 200.0, 1'000.0, 90'000.0, 86'400'000.0, 1'500.0, 333.0}) {
    const std::string text = agent::format_quantity(amount, UnitKind::kDuration);
    EXPECT_EQ(agent::parse_quantity(text, UnitKind::kDuration), amount) << text;
  }
  EXPECT_EQ(agent::format_quantity(10.0 * (1 << 30), UnitKind::kSize), "10GiB");
  EXPECT_EQ(agent::format_quantity(1e6, UnitKind::kSize), "1MB");
}

TEST(Units, EveryKeyHasAHelpAndARangeWhereItHasAQuantity) {
  for (const agent::KeySpec& key : agent::config_keys()) {
    EXPECT_FALSE(key.help.empty()) << key.path;
    const bool quantity =
        key.type == agent::KeyType::kDuration || key.type == agent::KeyType::kSize;
    EXPECT_EQ(quantity && agent::range_text(key).empty(), false) << key.path;
  }
}

}  // namespace
