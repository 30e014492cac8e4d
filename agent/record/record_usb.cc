// SPDX-License-Identifier: Apache-2.0
#include "agent/record/record_usb.h"

#include <filesystem>
#include <system_error>

#include "agent/config/config_options.h"
#include "agent/daemon/instrument_factory.h"
#include "agent/record/capture_store.h"
#include "drivers/usb/recording_port.h"

namespace agent {
namespace {

constexpr int kPollMs = 50;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kProgressNs = 250 * kNsPerMs;

class CountingSink final : public drivers::DriverSink {
 public:
  void on_segment(const drivers::SegmentStart&) override {}
  void on_block(const proto::Block& block) override { values += block.current.values.size(); }
  void on_gap(const proto::Gap&) override { ++gaps; }

  std::uint64_t values = 0;
  std::uint64_t gaps = 0;
};

void count(const CaptureWriter& writer, const CountingSink& sink, UsbRecording& recording) {
  recording.exchanges = writer.exchanges();
  recording.raw_bytes = writer.raw_bytes();
  recording.file_bytes = writer.file_bytes();
  recording.values = sink.values;
  recording.gaps = sink.gaps;
}

proto::Result<std::unique_ptr<drivers::InstrumentDriver>> make_recorded_driver(
    const UsbRecordingSetup& setup, CaptureWriter& file) {
  auto port = make_port(setup.instrument, setup.clock, setup.usb);
  if (!port) return tl::unexpected(port.error());
  return make_driver_over(std::make_unique<drivers::RecordingPort>(
                              std::move(*port), setup.clock,
                              [&file](const drivers::Exchange& exchange) { file.write(exchange); }),
                          setup.instrument, setup.clock);
}

// Reads until the time is over, someone wants it to end, or the instrument fails.
void poll_all(const UsbRecordingSetup& setup, drivers::InstrumentDriver& driver,
              const CaptureWriter& writer, UsbRecording& recording) {
  CountingSink sink;
  const std::int64_t begin_ns = setup.clock.monotonic_ns();
  std::int64_t told_ns = begin_ns;
  while (!setup.stop && !writer.failed()) {
    const std::int64_t now_ns = setup.clock.monotonic_ns();
    if (now_ns - begin_ns >= setup.duration.count() * kNsPerMs) break;
    if (const auto polled = driver.poll(kPollMs, sink); !polled) {
      recording.trouble = polled.error().message();
      break;
    }
    if (setup.on_progress && now_ns - told_ns >= kProgressNs) {
      told_ns = now_ns;
      count(writer, sink, recording);
      setup.on_progress(recording);
    }
  }
  driver.flush(sink);
  driver.close();
  count(writer, sink, recording);
}

}  // namespace

proto::Result<UsbRecording> record_usb(const UsbRecordingSetup& setup) {
  auto writer =
      CaptureWriter::create(setup.file, instrument_id(setup.instrument), setup.clock.utc_ns());
  if (!writer) return tl::unexpected(writer.error());
  CaptureWriter& file = **writer;
  UsbRecording recording;
  const auto driver = make_recorded_driver(setup, file);
  const auto opened = driver ? (*driver)->open() : tl::unexpected(driver.error());
  if (opened) {
    recording.firmware = opened->firmware;
    poll_all(setup, **driver, file, recording);
  } else {
    recording.trouble = opened.error().message();
    count(file, CountingSink(), recording);
  }
  const auto finished = file.finish();
  recording.file_bytes = file.file_bytes();
  if (recording.exchanges == 0) {  // not a word was exchanged
    std::error_code ignored;
    std::filesystem::remove(setup.file, ignored);
    return tl::unexpected(opened.error());
  }
  if (!finished) return tl::unexpected(finished.error());
  return recording;
}

}  // namespace agent
