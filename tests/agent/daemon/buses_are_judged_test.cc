// SPDX-License-Identifier: Apache-2.0
// What a bus shows becomes workers, arrivals and sentences, whatever devices call themselves.
#include <gmock/gmock.h>

#include "agent/daemon/discovery.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

using drivers::UsbErrc;
using drivers::UsbFound;
using proto::InstrumentId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

UsbFound device(const std::string& serial, const std::string& node = "/dev/bus/usb/001/004") {
  UsbFound found;
  found.model = "js220";
  found.serial = serial;
  found.node = node;
  return found;
}

class Buses : public testing::Test {
 protected:
  BusView look(std::vector<UsbFound> found) {
    BusView view = discovery().look(std::move(found), known);
    for (const InstrumentId& id : view.add) known.insert(id);
    return view;
  }
  Discovery& discovery() {
    if (!discovery_) discovery_.emplace(rules);
    return *discovery_;
  }

  DiscoveryRules rules{.adds = true, .serials = {}, .added_max = 4};
  std::set<InstrumentId> known;

 private:
  std::optional<Discovery> discovery_;
};

TEST_F(Buses, WhatIsPluggedInIsAddedOnce) {
  EXPECT_THAT(look({device("1")}).add, ElementsAre(InstrumentId{"js220", "1"}));
  const BusView again = look({device("1"), device("2", "/dev/bus/usb/001/005")});
  EXPECT_THAT(again.add, ElementsAre(InstrumentId{"js220", "2"}));
  EXPECT_THAT(again.findings, IsEmpty());
  EXPECT_THAT(look({}).add, IsEmpty());
}

TEST_F(Buses, AKnownOneThatComesBackHasArrived) {
  known = {{"js220", "1"}};
  EXPECT_THAT(look({device("1")}).arrived, ElementsAre(InstrumentId{"js220", "1"}));
  EXPECT_THAT(look({device("1")}).arrived, IsEmpty()) << "it was there before";
  EXPECT_THAT(look({}).arrived, IsEmpty());
  EXPECT_THAT(look({device("1")}).arrived, ElementsAre(InstrumentId{"js220", "1"}));
  EXPECT_THAT(look({device("1", "/dev/bus/usb/001/009")}).arrived,
              ElementsAre(InstrumentId{"js220", "1"}))
      << "plugged in elsewhere between two scans";
}

TEST_F(Buses, AnUpdaterIsAddedButHasNotArrivedUntilItMeasures) {
  UsbFound updater = device("1");
  updater.updater = true;
  EXPECT_THAT(look({updater}).add, ElementsAre(InstrumentId{"js220", "1"}));
  EXPECT_THAT(look({updater}).arrived, IsEmpty());
  EXPECT_THAT(look({device("1")}).arrived, ElementsAre(InstrumentId{"js220", "1"}));
}

TEST_F(Buses, OnlyListedSerialsAreAddedAndOthersAreNobodysBusiness) {
  rules.serials = {"2"};
  const BusView view = look({device("1"), device("2", "/dev/n2"), device("", "/dev/n3")});
  EXPECT_THAT(view.add, ElementsAre(InstrumentId{"js220", "2"}));
  EXPECT_THAT(view.findings, IsEmpty());
}

TEST_F(Buses, WithoutDiscoveryConfiguredOnesStillArrive) {
  rules.adds = false;
  known = {{"js220", "1"}};
  const BusView view = look({device("1"), device("2", "/dev/n2"), device("b@d", "/dev/n3")});
  EXPECT_THAT(view.add, IsEmpty());
  EXPECT_THAT(view.arrived, ElementsAre(InstrumentId{"js220", "1"}));
  EXPECT_THAT(view.findings, IsEmpty());
}

TEST_F(Buses, ASerialThatCannotBeAnIdIsNamedAndNotOpened) {
  for (const std::string& serial :
       {std::string(200, '7'), std::string("a/b"), std::string("ä"), std::string("\x1b[31m"),
        std::string("a\0b", 3), std::string(" 1")}) {
    const BusView view = look({device(serial)});
    EXPECT_THAT(view.add, IsEmpty());
    ASSERT_EQ(view.findings.size(), 1U);
    EXPECT_EQ(view.findings[0].code, "usb_serial_unusable");
    EXPECT_EQ(view.findings[0].object, "/dev/bus/usb/001/004");
    EXPECT_THAT(view.findings[0].message, HasSubstr("The js220 at /dev/bus/usb/001/004 has the"));
    EXPECT_LT(view.findings[0].message.size(), 400U);
    for (const char c : view.findings[0].message) EXPECT_TRUE(c >= ' ' && c <= '~');
    EXPECT_NE(view.findings[0].remedy, "");
  }
}

TEST_F(Buses, OneThatMayNotBeOpenedIsNamedByItsNode) {
  UsbFound denied = device("");
  denied.trouble = make_error_code(UsbErrc::kAccess);
  const BusView view = look({denied});
  ASSERT_EQ(view.findings.size(), 1U);
  EXPECT_EQ(view.findings[0].code, "usb_unreadable");
  EXPECT_THAT(view.findings[0].message, HasSubstr("permission denied"));
  EXPECT_THAT(view.findings[0].remedy, HasSubstr("60-wattspool.rules"));
  EXPECT_THAT(view.findings[0].remedy, HasSubstr("group wattspool"));
}

TEST_F(Buses, TwoDevicesWithOneSerialAreNotTaken) {
  const BusView view = look({device("1", "/dev/n1"), device("1", "/dev/n2")});
  EXPECT_THAT(view.add, IsEmpty());
  ASSERT_EQ(view.findings.size(), 1U);
  EXPECT_EQ(view.findings[0].code, "usb_serial_twice");
  EXPECT_EQ(view.findings[0].message,
            "2 devices say that they are js220/1: at /dev/n1 and /dev/n2. None is read.");
  EXPECT_THAT(look({device("1", "/dev/n1")}).add, ElementsAre(InstrumentId{"js220", "1"}))
      << "one was unplugged";
  // Whether the one that was read before is open still, a bus does not say.
  EXPECT_EQ(look({device("1", "/dev/n1"), device("1", "/dev/n2")}).findings[0].message,
            "2 devices say that they are js220/1: at /dev/n1 and /dev/n2. The one that is open, if "
            "there is one, is read on; none is opened.");
}

TEST_F(Buses, TwoModelsMayShareASerial) {
  UsbFound other = device("1", "/dev/n2");
  other.model = "js110";
  const BusView view = look({device("1"), other});
  EXPECT_EQ(view.add.size(), 2U);
  EXPECT_THAT(view.findings, IsEmpty());
}

TEST_F(Buses, ThereIsRoomForSoManyAndTheOthersAreNamed) {
  rules.added_max = 1;
  const BusView view = look({device("1"), device("2", "/dev/n2")});
  EXPECT_THAT(view.add, ElementsAre(InstrumentId{"js220", "1"}));
  ASSERT_EQ(view.findings.size(), 1U);
  EXPECT_EQ(view.findings[0].code, "usb_too_many");
  EXPECT_EQ(view.findings[0].object, "js220/2");
}

TEST_F(Buses, ABusThatCannotBeScannedIsAReasonAndChangesNothing) {
  known = {{"js220", "1"}};
  look({device("1")});
  const BusView failed = discovery().look(proto::fail(UsbErrc::kIo, "list devices"), known);
  ASSERT_EQ(failed.findings.size(), 1U);
  EXPECT_EQ(failed.findings[0].code, "usb_bus_unreadable");
  EXPECT_THAT(look({device("1")}).arrived, IsEmpty());
}

}  // namespace
}  // namespace agent
