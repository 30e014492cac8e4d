// SPDX-License-Identifier: Apache-2.0
// A device that has not the endpoints of its model is refused with their names, before anything is
// sent to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/js110_device.h"
#include "drivers/js220_device.h"
#include "drivers/signal/sample_source.h"
#include "drivers/usb/faulty_bus.h"
#include "drivers/usb/usb_endpoints.h"
#include "drivers/usb/usb_errc.h"
#include "drivers/usb/virtual_clock.h"

namespace drivers {
namespace {

using testing::HasSubstr;

constexpr const char* kNode = "/dev/bus/usb/001/004";

std::vector<UsbEndpointSeen> seen_of(const UsbDevice& device) {
  std::vector<UsbEndpointSeen> seen;
  for (const UsbBulkEndpoint& one : device.descriptors().endpoints) {
    seen.push_back({.address = one.address, .bulk = true});
  }
  return seen;
}

class UsbInterface : public testing::Test {
 protected:
  std::unique_ptr<SampleSource> source_ = make_edge_source(7);
  VirtualClock clock_{0, 1'000'000'000};
  Js220Device js220_{*source_, clock_, {}};
  Js110Device js110_{*source_, {}};
};

TEST_F(UsbInterface, AnInstrumentHasWhatItsDriverNeeds) {
  EXPECT_TRUE(check_endpoints("js220", kNode, seen_of(js220_)).has_value());
  EXPECT_TRUE(check_endpoints("js110", kNode, seen_of(js110_)).has_value());
  auto more = seen_of(js110_);
  more.push_back({.address = 0x83, .bulk = false});
  EXPECT_TRUE(check_endpoints("js110", kNode, more).has_value());
}

TEST_F(UsbInterface, WhatIsMissingIsNamedWithTheNodeAndWhatIsThere) {
  FaultyBus bus(js220_, 0x10B9);
  const std::int64_t now_ns = clock_.monotonic_ns();
  bus.inject(*parse_bus_fault("no-endpoint 10s"), now_ns);
  const ControlSetup look{.request_type = 0x80, .request = 0, .value = 0, .index = 0, .length = 2};
  EXPECT_EQ(bus.control_in(look, now_ns).error().code, UsbErrc::kNoDevice);
  ASSERT_TRUE(bus.control_in(look, now_ns + FaultyBus::kAwayNs).has_value());
  const auto checked = check_endpoints("js220", kNode, seen_of(bus));
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, UsbErrc::kProtocol);
  EXPECT_THAT(checked.error().context,
              HasSubstr("/dev/bus/usb/001/004 has no bulk endpoint IN 0x82, which every js220 has "
                        "(it has bulk OUT 0x01): "));
  EXPECT_THAT(checked.error().context, HasSubstr("update wattspool or the instrument's firmware"));
}

TEST_F(UsbInterface, TheWrongTypeDirectionOrAddressIsNotIt) {
  for (const std::vector<UsbEndpointSeen>& seen :
       {std::vector<UsbEndpointSeen>{}, std::vector<UsbEndpointSeen>{{0x82, false}},
        std::vector<UsbEndpointSeen>{{0x02, true}}, std::vector<UsbEndpointSeen>{{0x81, true}}}) {
    const auto checked = check_endpoints("js110", kNode, seen);
    ASSERT_FALSE(checked.has_value());
    EXPECT_THAT(checked.error().context, HasSubstr("no bulk endpoint IN 0x82"));
    EXPECT_THAT(checked.error().context,
                HasSubstr(seen.empty()        ? "(it has none)"
                          : seen.front().bulk ? "(it has bulk "
                                              : "(it has IN 0x82 that is not bulk)"));
  }
  const auto no_out = check_endpoints("js220", kNode, std::vector<UsbEndpointSeen>{{0x82, true}});
  ASSERT_FALSE(no_out.has_value());
  EXPECT_THAT(no_out.error().context, HasSubstr("no bulk endpoint OUT 0x01"));
}

}  // namespace
}  // namespace drivers
