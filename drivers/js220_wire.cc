// SPDX-License-Identifier: Apache-2.0
#include "drivers/js220_wire.h"

#include <algorithm>

#include "drivers/little_endian.h"
#include "proto/check.h"

namespace drivers::js220 {
namespace {

constexpr std::size_t kControlHeadBytes = 4;  // op, status, arg
constexpr std::size_t kConnectBytes = 24;
constexpr std::size_t kTimesyncBytes = 44;
constexpr std::size_t kTimemapBytes = 36;

bool is_message(std::span<const std::byte> payload, ControlOp op, std::size_t size_bytes) {
  return payload.size() >= size_bytes && control_op(payload) == op;
}

}  // namespace

std::uint16_t load_u16(std::span<const std::byte> bytes, std::size_t offset) {
  return load_at<std::uint16_t>(bytes, offset);
}
std::uint32_t load_u32(std::span<const std::byte> bytes, std::size_t offset) {
  return load_at<std::uint32_t>(bytes, offset);
}
std::uint64_t load_u64(std::span<const std::byte> bytes, std::size_t offset) {
  return load_at<std::uint64_t>(bytes, offset);
}
void store_u32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t value) {
  store_at(bytes, offset, value);
}
void store_u64(std::span<std::byte> bytes, std::size_t offset, std::uint64_t value) {
  store_at(bytes, offset, value);
}

std::array<std::byte, kHeaderBytes> pack_header(const FrameHeader& header) {
  std::array<std::byte, kHeaderBytes> bytes;
  const std::uint32_t word =
      header.frame_id | (header.length & 0x1FFu) << 16 | (header.port & 0x1Fu) << 25;
  store_u32(bytes, 0, word);
  return bytes;
}

FrameHeader unpack_header(std::span<const std::byte, kHeaderBytes> bytes) {
  const std::uint32_t word = load_u32(bytes, 0);
  return {.frame_id = static_cast<std::uint16_t>(word),
          .length = static_cast<std::uint16_t>((word >> 16) & 0x1FF),
          .port = static_cast<std::uint8_t>((word >> 25) & 0x1F)};
}

tl::expected<FrameView, FrameFault> parse_frame(std::span<const std::byte> slot) {
  if (slot.size() < kHeaderBytes) return tl::unexpected(FrameFault::kShortHeader);
  const FrameHeader header = unpack_header(slot.first<kHeaderBytes>());
  const std::size_t room = std::min(slot.size(), kFrameBytes) - kHeaderBytes;
  if (header.length > room) return tl::unexpected(FrameFault::kLengthBeyondSlot);
  return FrameView{header, slot.subspan(kHeaderBytes, header.length)};
}

FrameBuffer make_frame(std::uint16_t frame_id, std::uint8_t port,
                       std::span<const std::byte> payload) {
  WS_CHECK(payload.size() <= kPayloadBytesMax);
  FrameBuffer frame;
  const auto header = pack_header(
      {.frame_id = frame_id, .length = static_cast<std::uint16_t>(payload.size()), .port = port});
  std::ranges::copy(header, frame.bytes.begin());
  std::ranges::copy(payload, frame.bytes.begin() + kHeaderBytes);
  frame.size = kHeaderBytes + payload.size();
  return frame;
}

FrameBuffer encode(std::uint16_t frame_id, const Connect& message) {
  std::array<std::byte, kConnectBytes> payload{};
  payload[0] = static_cast<std::byte>(ControlOp::kConnect);
  payload[1] = static_cast<std::byte>(message.status);
  store_u32(payload, 4, message.protocol_version);
  store_u32(payload, 8, message.app_id);
  store_u32(payload, 12, message.firmware_version);
  store_u32(payload, 16, message.hardware_version);
  store_u32(payload, 20, message.fpga_version);
  return make_frame(frame_id, kPortControl, payload);
}

FrameBuffer encode(std::uint16_t frame_id, const Timesync& message) {
  std::array<std::byte, kTimesyncBytes> payload{};
  payload[0] = static_cast<std::byte>(ControlOp::kTimesync);
  store_u64(payload, 12, message.start_count);
  store_u64(payload, 20, static_cast<std::uint64_t>(message.utc_receive));
  store_u64(payload, 28, static_cast<std::uint64_t>(message.utc_send));
  store_u64(payload, 36, message.end_count);
  return make_frame(frame_id, kPortControl, payload);
}

FrameBuffer encode(std::uint16_t frame_id, const Timemap& message) {
  std::array<std::byte, kTimemapBytes> payload{};
  payload[0] = static_cast<std::byte>(ControlOp::kTimemap);
  store_u64(payload, 12, static_cast<std::uint64_t>(message.utc));
  store_u64(payload, 20, message.counter);
  store_u64(payload, 28, message.counter_rate);
  return make_frame(frame_id, kPortControl, payload);
}

std::optional<ControlOp> control_op(std::span<const std::byte> payload) {
  if (payload.size() < kControlHeadBytes) return std::nullopt;
  return static_cast<ControlOp>(payload[0]);
}

std::optional<Connect> decode_connect(std::span<const std::byte> payload) {
  if (!is_message(payload, ControlOp::kConnect, kConnectBytes)) return std::nullopt;
  return Connect{.status = std::to_integer<std::uint8_t>(payload[1]),
                 .protocol_version = load_u32(payload, 4),
                 .app_id = load_u32(payload, 8),
                 .firmware_version = load_u32(payload, 12),
                 .hardware_version = load_u32(payload, 16),
                 .fpga_version = load_u32(payload, 20)};
}

std::optional<Timesync> decode_timesync(std::span<const std::byte> payload) {
  if (!is_message(payload, ControlOp::kTimesync, kTimesyncBytes)) return std::nullopt;
  return Timesync{.start_count = load_u64(payload, 12),
                  .utc_receive = static_cast<std::int64_t>(load_u64(payload, 20)),
                  .utc_send = static_cast<std::int64_t>(load_u64(payload, 28)),
                  .end_count = load_u64(payload, 36)};
}

std::optional<Timemap> decode_timemap(std::span<const std::byte> payload) {
  if (!is_message(payload, ControlOp::kTimemap, kTimemapBytes)) return std::nullopt;
  return Timemap{.utc = static_cast<std::int64_t>(load_u64(payload, 12)),
                 .counter = load_u64(payload, 20),
                 .counter_rate = load_u64(payload, 28)};
}

std::optional<StreamFormat> stream_format(std::uint8_t port) {
  if (port >= kPortAdc0 && port < kPortCurrentRange) return StreamFormat{16, 1};
  if (port == kPortCurrentRange) return StreamFormat{4, 1};
  if (port >= kPortCurrent && port <= kPortPower) return StreamFormat{32, 2};
  if (port >= kPortGpi0 && port <= kPortTrigger) return StreamFormat{1, 1};
  return std::nullopt;
}

std::optional<StreamView> parse_stream(std::span<const std::byte> payload) {
  if (payload.size() < 4) return std::nullopt;
  return StreamView{load_u32(payload, 0), payload.subspan(4)};
}

FrameBuffer encode_stream(const FrameHeader& header, std::uint32_t sample_id,
                          std::span<const std::byte> data) {
  WS_CHECK(data.size() <= kStreamDataBytesMax);
  std::array<std::byte, kPayloadBytesMax> payload;
  store_u32(payload, 0, sample_id);
  std::ranges::copy(data, payload.begin() + 4);
  return make_frame(header.frame_id, header.port, std::span(payload).first(4 + data.size()));
}

void set_u4(std::span<std::byte> data, std::size_t index, std::uint8_t value) {
  const unsigned shift = 4 * (index & 1);
  std::byte& byte = data[index / 2];
  byte = (byte & ~(std::byte{0xF} << shift)) | (std::byte(value & 0xF) << shift);
}

void set_u1(std::span<std::byte> data, std::size_t index, bool value) {
  const unsigned shift = index & 7;
  std::byte& byte = data[index / 8];
  byte = (byte & ~(std::byte{1} << shift)) | (std::byte(value ? 1 : 0) << shift);
}

}  // namespace drivers::js220
