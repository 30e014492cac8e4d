// SPDX-License-Identifier: Apache-2.0
// What goes over the cable of a JS110, bytes <-> structs, for both ends: the payloads of its vendor
// control requests and the packets of sample words. Pure; no length is trusted. From the protocol
// sheet of the JS110, sections 4, 5, 8 and 9; all fields are little endian.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace drivers::js110 {

inline constexpr std::uint16_t kVendorId = 0x16D0;
inline constexpr std::uint16_t kProductId = 0x0E88;
inline constexpr std::uint8_t kEndpointIn = 0x82;

// bmRequestType of the vendor requests, and their bRequest.
inline constexpr std::uint8_t kRequestTypeOut = 0x40;
inline constexpr std::uint8_t kRequestTypeIn = 0xC0;
inline constexpr std::uint8_t kRequestLoopback = 2;
inline constexpr std::uint8_t kRequestSettings = 3;
inline constexpr std::uint8_t kRequestStatus = 4;
inline constexpr std::uint8_t kRequestSerialNumber = 7;
inline constexpr std::uint8_t kRequestCalibration = 8;
inline constexpr std::uint8_t kRequestExtio = 9;
inline constexpr std::uint8_t kRequestInfo = 10;
inline constexpr std::size_t kControlBytesMax = 4096;  // of one data stage

inline constexpr std::uint64_t kSampleRateHz = 2'000'000;

// All payloads of the vendor requests, but for calibration and info, begin with it.
inline constexpr std::uint8_t kPacketVersion = 1;
// That of an answer which has the head of one, of whatever version; absent: it has none.
std::optional<std::uint8_t> packet_version(std::span<const std::byte> bytes);

// Settings. `select` is one range or kSelectAuto; 0 takes the target off its supply.
inline constexpr std::uint8_t kSelectOff = 0x00;
inline constexpr std::uint8_t kSelectAuto = 0x80;
inline constexpr std::uint8_t kSourceRaw = 0xC0;
inline constexpr std::uint8_t kOptionVoltage5V = 0x02;
inline constexpr std::uint8_t kStreamingRun = 0x03;
struct Settings {
  std::uint8_t sensor_power = 0;  // 1: on
  std::uint8_t select = kSelectOff;
  std::uint8_t source = 0;
  std::uint8_t options = 0;
  std::uint8_t streaming = 0;
  bool operator==(const Settings&) const = default;
};
inline constexpr std::size_t kSettingsBytes = 16;
std::array<std::byte, kSettingsBytes> encode(const Settings& settings);
// Absent: not exactly these 16 bytes of packet version 1.
std::optional<Settings> decode_settings(std::span<const std::byte> bytes);

// Statistics of the instrument's own; Qn: value = integer * 2^-n.
struct SensorStatistics {
  std::int64_t samples_total = 0;
  std::int64_t power_mean_q34 = 0;
  std::int64_t charge_q27 = 0;
  std::int64_t energy_q27 = 0;
  std::int32_t samples_this = 0;  // 0: nothing new
  std::int32_t samples_per_update = 0;
  std::int32_t samples_per_second = 0;
  std::array<std::int32_t, 3> current_q27{};  // mean, min, max
  std::array<std::int32_t, 3> voltage_q17{};
  std::array<std::int32_t, 2> power_q21{};  // min, max
  bool operator==(const SensorStatistics&) const = default;
};
inline constexpr std::int32_t kSettingsNotIssued = -1;
inline constexpr std::int32_t kSettingsBusy = 19;
struct Status {
  std::int32_t settings_result = 0;  // 0: done; else one of the above, or an error code
  std::uint32_t fpga_frames = 0;
  std::uint32_t fpga_discarded = 0;
  std::uint8_t sensor_flags = 0;
  std::uint8_t sensor_select = 0;
  std::uint8_t sensor_source = 0;
  std::uint8_t sensor_options = 0;
  std::optional<SensorStatistics> statistics{};  // absent: firmware before 1.3
  bool operator==(const Status&) const = default;
};
inline constexpr std::size_t kStatusBytes = 104;
inline constexpr std::size_t kShortStatusBytes = 24;
inline constexpr std::uint16_t kStatusRequestBytes = 128;  // what hosts ask for
struct StatusBuffer {
  std::array<std::byte, kStatusBytes> bytes{};
  std::size_t size = 0;
  std::span<const std::byte> span() const { return std::span(bytes).first(size); }
};
StatusBuffer encode(const Status& status);
// Absent: not 24 or 104 bytes of packet version 1 that say their own length.
std::optional<Status> decode_status(std::span<const std::byte> bytes);

// What the pins of the front panel do. An LSB source other than 0 puts an input where the lowest
// bit of each sample was.
inline constexpr std::uint8_t kLsbNormal = 0;
inline constexpr std::uint8_t kLsbGpi0 = 2;
inline constexpr std::uint8_t kLsbGpi1 = 3;
struct Extio {
  std::uint8_t flags = 0;
  std::uint8_t trigger_source = 0;
  std::uint8_t current_gpi = kLsbNormal;
  std::uint8_t voltage_gpi = kLsbNormal;
  std::uint8_t gpo0 = 0;
  std::uint8_t gpo1 = 0;
  std::uint8_t gpi_value = 0;  // IN only; bit 0: GPI0
  std::uint32_t io_voltage_mv = 3300;
  bool operator==(const Extio&) const = default;
};
inline constexpr std::size_t kExtioBytes = 24;
std::array<std::byte, kExtioBytes> encode(const Extio& extio);
// Absent: not at least 24 bytes of packet version 1.
std::optional<Extio> decode_extio(std::span<const std::byte> bytes);

// Bulk IN packets.
inline constexpr std::size_t kPacketBytes = 512;
inline constexpr std::size_t kPacketHeaderBytes = 8;
inline constexpr std::size_t kPacketWords = 126;
inline constexpr std::int64_t kPacketNs = 63'000;  // 126 samples
inline constexpr std::uint8_t kBufferRaw = 1;
struct PacketHeader {
  std::uint8_t buffer_type = kBufferRaw;
  std::uint8_t status = 0;  // not 0: the content is invalid
  std::uint16_t length = kPacketBytes;
  std::uint8_t voltage_range = 0;  // 0: 15 V, 1: 5 V
  std::uint16_t index = 0;         // 0 at each start, +1 a packet, wraps
  std::uint16_t usb_frame = 0;     // of no use
  bool operator==(const PacketHeader&) const = default;
};
std::array<std::byte, kPacketHeaderBytes> pack_header(const PacketHeader& header);
PacketHeader unpack_header(std::span<const std::byte, kPacketHeaderBytes> bytes);
// Raw samples of a whole packet that says so of itself; absent: anything else.
std::optional<PacketHeader> parse_packet(std::span<const std::byte> slot);

// One sample: bits 0, 1 and 16 the range, 2-15 the current, 17 the toggle, 18-31 the voltage.
struct Sample {
  std::uint8_t range = 0;         // 0: 10 A ... 6: 18 uA, 7: off
  std::uint16_t current_raw = 0;  // 14 bits
  std::uint16_t voltage_raw = 0;
  bool toggle = false;  // alternates with each sample
  bool operator==(const Sample&) const = default;
};
inline constexpr std::uint16_t kRawMax = 0x3FFF;
inline constexpr std::uint32_t kMissingWord = 0xFFFF'FFFF;  // no sample, whatever its fields say
inline constexpr std::uint8_t kRangeOff = 7;
inline constexpr std::uint8_t kRangeMissing = 8;  // how a missing word's range is told
constexpr std::uint32_t pack_word(const Sample& sample) {
  return (sample.range & 3u) | (sample.current_raw & 0x3FFFu) << 2 |
         (sample.range & 4u) >> 2 << 16 | (sample.toggle ? 1u << 17 : 0u) |
         (sample.voltage_raw & 0x3FFFu) << 18;
}
constexpr Sample unpack_word(std::uint32_t word) {
  return {.range = static_cast<std::uint8_t>((word & 3) | (word >> 16 & 1) << 2),
          .current_raw = static_cast<std::uint16_t>(word >> 2 & kRawMax),
          .voltage_raw = static_cast<std::uint16_t>(word >> 18),
          .toggle = (word >> 17 & 1) != 0};
}

}  // namespace drivers::js110
