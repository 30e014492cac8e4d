// SPDX-License-Identifier: Apache-2.0
// The udev rules give permission for every device that this program opens, and for no other but a
// Joulescope: an id with a typing error would be found on a bench only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "drivers/usb/usb_sysfs.h"

namespace drivers {
namespace {

using testing::HasSubstr;

using UsbId = std::pair<unsigned, unsigned>;

// Not read by this program yet; sheet of the JS320, section 2.
constexpr UsbId kJs320{0x16D0, 0x135A};

std::string rules() {
  std::ifstream file(WATTSPOOL_UDEV_RULES);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(UdevRules, NameTheDevicesThatAreKnown) {
  std::set<UsbId> named;
  const std::string text = rules();
  const std::regex line(
      "\nATTR\\{idVendor\\}==\"([0-9a-f]{4})\", ATTR\\{idProduct\\}==\"([0-9a-f]{4})\", "
      "ENV\\{ID_WATTSPOOL\\}=\"1\"");
  for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at) {
    named.emplace(std::stoul((*at)[1], nullptr, 16), std::stoul((*at)[2], nullptr, 16));
  }
  std::set<UsbId> known{kJs320};
  for (const UsbModel& one : known_usb_models()) known.emplace(one.vendor, one.product);
  EXPECT_EQ(named, known);
}

TEST(UdevRules, GiveThemToTheGroupAndToWhoeverSitsThereAndKeepThemAwake) {
  EXPECT_THAT(rules(), HasSubstr("\nENV{ID_WATTSPOOL}==\"1\", GROUP=\"wattspool\", MODE=\"0660\", "
                                 "TAG+=\"uaccess\", ATTR{power/control}=\"on\"\n"));
}

}  // namespace
}  // namespace drivers
