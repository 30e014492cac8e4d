// SPDX-License-Identifier: Apache-2.0
// JS220 frames, bytes <-> structs, for both ends of the cable: header, control messages (port 0)
// and sample payloads (ports 16-28). Publish/subscribe is in js220_pubsub.h. Pure; no length is
// trusted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tl/expected.hpp>

namespace drivers::js220 {

inline constexpr std::uint16_t kVendorId = 0x16D0;
inline constexpr std::uint16_t kProductId = 0x10BA;
inline constexpr std::uint8_t kEndpointIn = 0x82;
inline constexpr std::uint8_t kEndpointOut = 0x01;

// Vendor control requests: IN, value 0, index 0, one status byte back, 0 = ok.
inline constexpr std::uint8_t kVendorRequestType = 0xC0;
inline constexpr std::uint8_t kRequestConnect = 1;
inline constexpr std::uint8_t kRequestDisconnect = 2;

inline constexpr std::size_t kFrameBytes = 512;
inline constexpr std::size_t kHeaderBytes = 4;
inline constexpr std::size_t kPayloadBytesMax = kFrameBytes - kHeaderBytes;
inline constexpr std::size_t kStreamDataBytesMax = kPayloadBytesMax - 4;

// Ids per second of the sample counter, and its 32Q32 form in a TIMEMAP.
inline constexpr std::uint64_t kSampleIdRateHz = 2'000'000;
inline constexpr std::uint64_t kNominalCounterRate = kSampleIdRateHz << 32;
inline constexpr std::uint8_t kProtocolMajor = 1;

enum Port : std::uint8_t {
  kPortControl = 0,
  kPortPubsub = 1,
  kPortLog = 2,
  kPortMemory = 3,
  kPortStreamFirst = 16,
  kPortAdc0 = 16,  // 16-19
  kPortCurrentRange = 20,
  kPortCurrent = 21,
  kPortVoltage = 22,
  kPortPower = 23,
  kPortGpi0 = 24,  // 24-27
  kPortTrigger = 28,
  kPortUart = 29,
  kPortStatistics = 30,
};
inline constexpr std::size_t kPortCount = 32;

// Frame header: frame_id 16 bits, length 9 bits (payload bytes), port 5 bits; little endian.
struct FrameHeader {
  std::uint16_t frame_id = 0;
  std::uint16_t length = 0;
  std::uint8_t port = 0;
  bool operator==(const FrameHeader&) const = default;
};
// `length` and `port` are cut to their 9 and 5 bits.
std::array<std::byte, kHeaderBytes> pack_header(const FrameHeader& header);
FrameHeader unpack_header(std::span<const std::byte, kHeaderBytes> bytes);

// A view into the slot that it was parsed from.
struct FrameView {
  FrameHeader header;
  std::span<const std::byte> payload;
};
enum class FrameFault {
  kShortHeader,       // fewer than 4 bytes
  kLengthBeyondSlot,  // the header promises more bytes than arrived
};
// `slot` is what arrived of one frame: 512 bytes, or fewer for the last of a transfer.
tl::expected<FrameView, FrameFault> parse_frame(std::span<const std::byte> slot);

// An owned frame, as it is put on the wire.
struct FrameBuffer {
  std::array<std::byte, kFrameBytes> bytes{};
  std::size_t size = 0;
  std::span<const std::byte> span() const { return std::span(bytes).first(size); }
};
// The payload is at most kPayloadBytesMax long (checked).
FrameBuffer make_frame(std::uint16_t frame_id, std::uint8_t port,
                       std::span<const std::byte> payload);

// Port 0.
enum class ControlOp : std::uint8_t { kConnect = 1, kEcho = 2, kTimesync = 3, kTimemap = 4 };

// Versions are major << 24 | minor << 16 | patch.
struct Connect {
  std::uint8_t status = 0;
  std::uint32_t protocol_version = 0;
  std::uint32_t app_id = 0;
  std::uint32_t firmware_version = 0;
  std::uint32_t hardware_version = 0;
  std::uint32_t fpga_version = 0;
  bool operator==(const Connect&) const = default;
};
// Times are time64 (js220_time64.h).
struct Timesync {
  std::uint64_t start_count = 0;
  std::int64_t utc_receive = 0;
  std::int64_t utc_send = 0;
  std::uint64_t end_count = 0;
  bool operator==(const Timesync&) const = default;
};
struct Timemap {
  std::int64_t utc = 0;
  std::uint64_t counter = 0;
  std::uint64_t counter_rate = 0;  // Hz, 32Q32
  bool operator==(const Timemap&) const = default;
};

FrameBuffer encode(std::uint16_t frame_id, const Connect& message);
FrameBuffer encode(std::uint16_t frame_id, const Timesync& message);
FrameBuffer encode(std::uint16_t frame_id, const Timemap& message);

// The op of a port-0 payload; absent when it is shorter than its own 4-byte head.
std::optional<ControlOp> control_op(std::span<const std::byte> payload);
// Absent: not that op, or shorter than the message.
std::optional<Connect> decode_connect(std::span<const std::byte> payload);
std::optional<Timesync> decode_timesync(std::span<const std::byte> payload);
std::optional<Timemap> decode_timemap(std::span<const std::byte> payload);

// Ports 16-28: a u32 sample id (of the first element), then the elements without gaps.
struct StreamFormat {
  std::uint32_t bits = 0;             // per element: 32 float, 16 signed, 4 or 1 unsigned
  std::uint32_t ids_per_element = 0;  // at full rate
  std::uint32_t element_count(std::size_t data_bytes) const {
    return static_cast<std::uint32_t>(data_bytes * 8 / bits);
  }
};
std::optional<StreamFormat> stream_format(std::uint8_t port);

struct StreamView {
  std::uint32_t sample_id = 0;  // low 32 bits of the counter
  std::span<const std::byte> data;
};
std::optional<StreamView> parse_stream(std::span<const std::byte> payload);
// `data` is at most kStreamDataBytesMax long (checked).
FrameBuffer encode_stream(const FrameHeader& header, std::uint32_t sample_id,
                          std::span<const std::byte> data);

// Packed elements; the index is the caller's to keep inside `data`. u4: low nibble first. u1: least
// significant bit first.
inline std::uint8_t u4_at(std::span<const std::byte> data, std::size_t index) {
  const auto byte = std::to_integer<unsigned>(data[index / 2]);
  return static_cast<std::uint8_t>((byte >> (4 * (index & 1))) & 0xF);
}
inline std::uint8_t u1_at(std::span<const std::byte> data, std::size_t index) {
  const auto byte = std::to_integer<unsigned>(data[index / 8]);
  return static_cast<std::uint8_t>((byte >> (index & 7)) & 1);
}
void set_u4(std::span<std::byte> data, std::size_t index, std::uint8_t value);
void set_u1(std::span<std::byte> data, std::size_t index, bool value);

// Little-endian loads and stores at an offset that the caller has checked.
std::uint16_t load_u16(std::span<const std::byte> bytes, std::size_t offset);
std::uint32_t load_u32(std::span<const std::byte> bytes, std::size_t offset);
std::uint64_t load_u64(std::span<const std::byte> bytes, std::size_t offset);
void store_u32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t value);
void store_u64(std::span<std::byte> bytes, std::size_t offset, std::uint64_t value);

}  // namespace drivers::js220
