// SPDX-License-Identifier: Apache-2.0
// What every instrument family gives to the pipeline. The caller's thread does the work: poll()
// parses what has arrived and calls the sink.
#pragma once

#include <cstdint>
#include <memory>

#include "proto/block.h"
#include "proto/gap.h"
#include "proto/instrument.h"
#include "proto/result.h"

namespace drivers {

// A new unbroken life of the counter began. Comes before the segment's first Block or Gap.
struct SegmentStart {
  proto::SegmentId segment;
  proto::SampleId first_id;  // of the first value that arrived
  proto::TimeMap time;
};

// What the driver has seen of its bus since it was made.
struct BusCounters {
  std::uint64_t transfers = 0;         // bulk IN, with data
  std::uint64_t transfers_failed = 0;  // stalled or broken
  std::uint64_t claims_repeated = 0;   // UsbPort::claims_repeated()
};

// Called from within poll(), in stream order. References are valid during the call only.
class DriverSink {
 public:
  virtual ~DriverSink() = default;
  virtual void on_segment(const SegmentStart& start) = 0;
  virtual void on_block(const proto::Block& block) = 0;
  // A loss inside the segment. One that names the float signals names all signals: its ids are in
  // no Block, they lie between the one before and the one after it. One that names a code signal
  // alone lies within Blocks, which read kMissingCode there; it comes near them, before or after.
  virtual void on_gap(const proto::Gap& gap) = 0;
};

// Life cycle: open() -> poll()... -> close(), and again. One thread.
class InstrumentDriver {
 public:
  virtual ~InstrumentDriver() = default;
  // Identifies, configures and starts the streams; about a second at the most when the device
  // answers.
  virtual proto::Result<proto::DeviceInfo> open() = 0;
  // Waits up to `timeout_ms` for data and hands over all that is there. An error means that the
  // device is lost or silent: close() and open() again.
  virtual proto::Result<void> poll(int timeout_ms, DriverSink& sink) = 0;
  // Hands over what is assembled but not yet full, so that nothing that arrived is lost at a stop.
  virtual void flush(DriverSink& sink) = 0;
  virtual void close() = 0;
  // From any thread: makes a waiting poll() return.
  virtual void cancel() = 0;
  // From the driver's thread.
  virtual BusCounters bus_counters() const { return {}; }
};

}  // namespace drivers
