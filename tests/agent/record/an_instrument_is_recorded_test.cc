// SPDX-License-Identifier: Apache-2.0
// Without a daemon an instrument is read for as long as was asked, all that went over its cable is
// in the file, and where nothing went over it there is no file.
#include <gmock/gmock.h>

#include <filesystem>

#include "agent/record/capture_store.h"
#include "agent/record/record_usb.h"
#include "drivers/usb/libusb_bus.h"
#include "drivers/usb/usb_errc.h"
#include "tests/agent/daemon/daemon_bench.h"

namespace agent {
namespace {

using testing::HasSubstr;

class RecordUsb : public DaemonBench {
 protected:
  void SetUp() override {
    DaemonBench::SetUp();
    configure({"000001"});
    ConfigSources sources;
    sources.file = path("conf.toml");
    loaded_ = load_config(sources);
    ASSERT_TRUE(loaded_.ok());
  }
  proto::Result<UsbRecording> record(const std::string& file, std::chrono::milliseconds duration) {
    return record_usb({.instrument = loaded_.config.instruments.front(),
                       .file = path(file),
                       .duration = duration,
                       .clock = clock_,
                       .usb = usb_,
                       .stop = stop_,
                       .on_progress = on_progress_});
  }

  LoadedConfig loaded_;
  drivers::LibusbBus usb_{clock_};
  std::atomic<bool> stop_{false};
  std::function<void(const UsbRecording&)> on_progress_;
};

TEST_F(RecordUsb, KeepsAllThatWentOverTheCable) {
  plug_in({"000001"});
  const auto recording = record("a.wscap", std::chrono::milliseconds(2500));
  ASSERT_TRUE(recording.has_value()) << recording.error().message();
  EXPECT_EQ(recording->trouble, "");
  EXPECT_GT(recording->values, 1000u);
  const auto capture = read_capture(path("a.wscap"));
  ASSERT_TRUE(capture.has_value());
  EXPECT_FALSE(capture->cut);
  EXPECT_EQ(capture->instrument.to_string(), "js220/000001");
  EXPECT_EQ(capture->exchanges.size(), recording->exchanges);
  EXPECT_EQ(std::filesystem::file_size(path("a.wscap")), recording->file_bytes);
}

TEST_F(RecordUsb, EndsWhenItIsToldTo) {
  plug_in({"000001"});
  on_progress_ = [this](const UsbRecording& now) { stop_ = now.raw_bytes > 0; };
  const auto recording = record("a.wscap", std::chrono::minutes(10));
  ASSERT_TRUE(recording.has_value());
  EXPECT_EQ(recording->trouble, "");
}

TEST_F(RecordUsb, AnInstrumentThatGoesAwayLeavesWhatWasSaid) {
  plug_in({"000001"});
  on_progress_ = [this](const UsbRecording&) { unplug(); };
  const auto recording = record("a.wscap", std::chrono::minutes(10));
  ASSERT_TRUE(recording.has_value());
  EXPECT_THAT(recording->trouble, HasSubstr("js220/000001 is gone"));
  EXPECT_EQ(read_capture(path("a.wscap"))->exchanges.size(), recording->exchanges);
}

TEST_F(RecordUsb, AnInstrumentThatIsNotThereLeavesNoFile) {
  const auto recording = record("a.wscap", std::chrono::seconds(1));
  ASSERT_FALSE(recording.has_value());
  EXPECT_EQ(recording.error().code, drivers::UsbErrc::kNoDevice);
  EXPECT_FALSE(std::filesystem::exists(path("a.wscap")));
}

}  // namespace
}  // namespace agent
