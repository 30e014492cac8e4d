// SPDX-License-Identifier: Apache-2.0
// What an instrument is and which signals it has.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace proto {

// Written `model/serial` for people, `model-serial` (the device_id) on Kafka.
struct InstrumentId {
  std::string model;   // "js220"
  std::string serial;  // "001234"

  std::string to_string() const { return model + "/" + serial; }
  std::string device_id() const { return model + "-" + serial; }
  auto operator<=>(const InstrumentId&) const = default;
};

// One quantity: SI unit without prefix, "" for codes.
struct Signal {
  std::string name;  // "current", "voltage", "current_range", "gpi0"
  std::string unit;  // "A", "V", ""
  double rate_hz = 0;
  std::uint32_t ids_per_value = 1;  // SampleIds per value: JS220 current 2, range 1
  bool in_words = false;            // it can be had from Block::words
};

// What the instrument says of itself when it is opened.
struct DeviceInfo {
  InstrumentId id;
  std::string firmware;  // "1.3.0"
  std::string hardware;
  std::string calibration;       // empty: not known
  double sample_id_rate_hz = 0;  // ids per second, nominal
  std::vector<Signal> signals;
  std::string words{};  // layout of Block::words, "js110"; empty: Blocks have none
  // What makes values of the words, as the instrument holds it; empty: it is not calibrated.
  std::vector<std::byte> calibration_file{};
  // Why all of its values are NaN, so that its words alone say something; empty: it is calibrated.
  std::string uncalibrated{};
};

}  // namespace proto
