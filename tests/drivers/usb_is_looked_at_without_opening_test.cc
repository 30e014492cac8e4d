// SPDX-License-Identifier: Apache-2.0
// Which instruments are on the bus is read from the kernel's own files: known models only, by
// serial, with what is wrong with each; and a node that comes or goes is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "drivers/usb/libusb_bus.h"
#include "drivers/usb/usb_errc.h"
#include "drivers/usb/usb_sysfs.h"
#include "drivers/usb/usb_watch.h"
#include "tests/as_nobody.h"

namespace drivers {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class UsbIsLookedAt : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "wsb_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    fs::create_directories(root_ / "sys");
    fs::create_directories(root_ / "dev" / "001");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    std::ofstream(root_ / file) << text << "\n";
  }
  void plug_in(const std::string& name, const std::string& product, const std::string& serial,
               const std::string& number) const {
    const fs::path device = fs::path("sys") / name;
    fs::create_directories(root_ / device);
    write(device / "idVendor", "16d0");
    write(device / "idProduct", product);
    write(device / "busnum", "1");
    write(device / "devnum", number);
    if (!serial.empty()) write(device / "serial", serial);
    write(fs::path("dev/001") / ("00" + number), "");
  }
  UsbSysfs sysfs() const { return UsbSysfs(root_ / "sys", root_ / "dev"); }
  std::string node(const std::string& number) const {
    return (root_ / "dev/001" / ("00" + number)).string();
  }

  proto::SystemClock clock_;
  fs::path root_;
};

TEST_F(UsbIsLookedAt, OnlyKnownModelsAreFoundAndNamed) {
  plug_in("1-1", "10ba", "000002", "2");
  plug_in("1-2", "0e88", "001234", "3");
  plug_in("1-3", "10b9", "000009", "4");
  plug_in("1-4", "abcd", "000001", "5");
  plug_in("1-5", "10ba", "", "6");
  plug_in("1-6", "10ba", "../etc/passwd", "7");
  fs::create_directories(root_ / "sys" / "1-1:1.0");  // an interface
  LibusbBus bus(clock_, sysfs());
  const auto found = bus.scan();
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 5U);
  const auto& devices = *found;
  EXPECT_EQ(devices[0].model, "js110");
  EXPECT_EQ(devices[0].serial, "001234");
  EXPECT_EQ(devices[0].node, node("3"));
  EXPECT_EQ(devices[1].serial, "");
  EXPECT_EQ(devices[1].trouble, UsbErrc::kIo) << "no serial";
  EXPECT_EQ(devices[2].serial, "");
  EXPECT_EQ(devices[2].trouble, UsbErrc::kProtocol) << "a serial that is none";
  EXPECT_EQ(devices[3].serial, "000002");
  EXPECT_FALSE(devices[3].updater);
  EXPECT_FALSE(devices[3].trouble);
  EXPECT_EQ(devices[4].serial, "000009");
  EXPECT_TRUE(devices[4].updater);
}

TEST_F(UsbIsLookedAt, AHostWithoutUsbHasNone) {
  const UsbSysfs none(root_ / "nowhere", root_ / "nowhere");
  EXPECT_TRUE(none.scan().empty());
  EXPECT_EQ(none.find({"js220", "1"}).error().code, UsbErrc::kNoDevice);
}

TEST_F(UsbIsLookedAt, OpeningSaysWhyNot) {
  LibusbBus bus(clock_, sysfs());
  const auto port = bus.make_port({"js220", "000002"});
  EXPECT_EQ(port->open().error().code, UsbErrc::kNoDevice);
  plug_in("1-1", "10b9", "000002", "2");
  EXPECT_EQ(port->open().error().code, UsbErrc::kUpdater);
  plug_in("1-1", "10ba", "000002", "2");
  const auto opened = port->open();  // the node is a file
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error().context, testing::HasSubstr(node("2")));
  plug_in("1-2", "10ba", "000002", "3");
  const auto twice = port->open();
  EXPECT_EQ(twice.error().code, UsbErrc::kProtocol);
  EXPECT_THAT(twice.error().context, testing::HasSubstr("unplug one"));
  EXPECT_EQ(port->wait_bulk_in(0).error().code, UsbErrc::kIo) << "not open";
}

TEST_F(UsbIsLookedAt, APermissionThatIsMissingIsNamedBeforeAndAtOpening) {
  plug_in("1-1", "10ba", "000002", "2");
  ASSERT_EQ(::chmod(node("2").c_str(), 0), 0);
  const AsNobody nobody(root_);
  LibusbBus bus(clock_, sysfs());
  EXPECT_EQ((*bus.scan())[0].trouble, UsbErrc::kAccess);
  const auto opened = bus.make_port({"js220", "000002"})->open();
  EXPECT_EQ(opened.error().code, UsbErrc::kAccess);
  EXPECT_THAT(opened.error().context, testing::HasSubstr("udev rules"));
}

TEST_F(UsbIsLookedAt, ANodeThatComesOrGoesIsNoticed) {
  UsbWatch watch(root_ / "dev");
  EXPECT_FALSE(watch.wait(0ms));
  plug_in("1-1", "10ba", "000002", "2");
  EXPECT_TRUE(watch.wait(10s));
  while (watch.wait(0ms)) {
  }
  ASSERT_EQ(::chmod(node("2").c_str(), 0660), 0);
  EXPECT_TRUE(watch.wait(10s)) << "udev has allowed it";
  while (watch.wait(0ms)) {
  }
  fs::create_directories(root_ / "dev" / "002");  // another bus
  EXPECT_TRUE(watch.wait(10s));
  write("dev/002/001", "");
  EXPECT_TRUE(watch.wait(10s));
  fs::remove(node("2"));
  EXPECT_TRUE(watch.wait(10s));
}

TEST_F(UsbIsLookedAt, WhatCannotBeWatchedIsLookedAtAgain) {
  UsbWatch watch(root_ / "later");
  EXPECT_TRUE(watch.wait(1ms));
  fs::create_directories(root_ / "later" / "001");
  EXPECT_FALSE(watch.wait(1ms)) << "from now on it is watched";
  write("later/001/002", "");
  EXPECT_TRUE(watch.wait(10s));
}

}  // namespace
}  // namespace drivers
