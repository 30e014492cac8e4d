// SPDX-License-Identifier: Apache-2.0
#include "drivers/js110_wire.h"

#include "drivers/little_endian.h"

namespace drivers::js110 {
namespace {

enum PayloadType : std::uint8_t { kTypeSettings = 1, kTypeStatus = 2, kTypeExtio = 3 };
constexpr std::size_t kHeadBytes = 8;
constexpr std::uint16_t kLengthMask = 0x7FFF;

void store_head(std::span<std::byte> bytes, PayloadType type, std::size_t length) {
  store_at(bytes, 0, kPacketVersion);
  store_at(bytes, 1, static_cast<std::uint8_t>(length));
  store_at(bytes, 2, static_cast<std::uint8_t>(type));
}

bool has_head(std::span<const std::byte> bytes, PayloadType type, std::size_t length) {
  return bytes.size() >= length && load_at<std::uint8_t>(bytes, 0) == kPacketVersion &&
         load_at<std::uint8_t>(bytes, 1) == length && load_at<std::uint8_t>(bytes, 2) == type;
}

}  // namespace

std::optional<std::uint8_t> packet_version(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeadBytes) return std::nullopt;
  return load_at<std::uint8_t>(bytes, 0);
}

std::array<std::byte, kSettingsBytes> encode(const Settings& settings) {
  std::array<std::byte, kSettingsBytes> buffer{};
  const std::span<std::byte> bytes(buffer);
  store_head(bytes, kTypeSettings, buffer.size());
  store_at(bytes, 8, settings.sensor_power);
  store_at(bytes, 9, settings.select);
  store_at(bytes, 10, settings.source);
  store_at(bytes, 11, settings.options);
  store_at(bytes, 12, settings.streaming);
  return buffer;
}

std::optional<Settings> decode_settings(std::span<const std::byte> bytes) {
  if (bytes.size() != kSettingsBytes || !has_head(bytes, kTypeSettings, kSettingsBytes)) {
    return std::nullopt;
  }
  return Settings{.sensor_power = load_at<std::uint8_t>(bytes, 8),
                  .select = load_at<std::uint8_t>(bytes, 9),
                  .source = load_at<std::uint8_t>(bytes, 10),
                  .options = load_at<std::uint8_t>(bytes, 11),
                  .streaming = load_at<std::uint8_t>(bytes, 12)};
}

StatusBuffer encode(const Status& status) {
  StatusBuffer buffer;
  buffer.size = status.statistics ? kStatusBytes : kShortStatusBytes;
  const std::span<std::byte> bytes(buffer.bytes);
  store_head(bytes, kTypeStatus, buffer.size);
  store_at(bytes, 8, status.settings_result);
  store_at(bytes, 12, status.fpga_frames);
  store_at(bytes, 16, status.fpga_discarded);
  store_at(bytes, 20, status.sensor_flags);
  store_at(bytes, 21, status.sensor_select);
  store_at(bytes, 22, status.sensor_source);
  store_at(bytes, 23, status.sensor_options);
  if (!status.statistics) return buffer;
  const SensorStatistics& own = *status.statistics;
  store_at(bytes, 24, own.samples_total);
  store_at(bytes, 32, own.power_mean_q34);
  store_at(bytes, 40, own.charge_q27);
  store_at(bytes, 48, own.energy_q27);
  store_at(bytes, 56, own.samples_this);
  store_at(bytes, 60, own.samples_per_update);
  store_at(bytes, 64, own.samples_per_second);
  store_at(bytes, 68, own.current_q27);
  store_at(bytes, 80, own.voltage_q17);
  store_at(bytes, 92, own.power_q21);
  return buffer;
}

std::optional<Status> decode_status(std::span<const std::byte> bytes) {
  const bool is_whole = bytes.size() == kStatusBytes || bytes.size() == kShortStatusBytes;
  if (!is_whole || !has_head(bytes, kTypeStatus, bytes.size())) return std::nullopt;
  Status status{.settings_result = load_at<std::int32_t>(bytes, 8),
                .fpga_frames = load_at<std::uint32_t>(bytes, 12),
                .fpga_discarded = load_at<std::uint32_t>(bytes, 16),
                .sensor_flags = load_at<std::uint8_t>(bytes, 20),
                .sensor_select = load_at<std::uint8_t>(bytes, 21),
                .sensor_source = load_at<std::uint8_t>(bytes, 22),
                .sensor_options = load_at<std::uint8_t>(bytes, 23)};
  if (bytes.size() == kShortStatusBytes) return status;
  status.statistics =
      SensorStatistics{.samples_total = load_at<std::int64_t>(bytes, 24),
                       .power_mean_q34 = load_at<std::int64_t>(bytes, 32),
                       .charge_q27 = load_at<std::int64_t>(bytes, 40),
                       .energy_q27 = load_at<std::int64_t>(bytes, 48),
                       .samples_this = load_at<std::int32_t>(bytes, 56),
                       .samples_per_update = load_at<std::int32_t>(bytes, 60),
                       .samples_per_second = load_at<std::int32_t>(bytes, 64),
                       .current_q27 = load_at<std::array<std::int32_t, 3>>(bytes, 68),
                       .voltage_q17 = load_at<std::array<std::int32_t, 3>>(bytes, 80),
                       .power_q21 = load_at<std::array<std::int32_t, 2>>(bytes, 92)};
  return status;
}

std::array<std::byte, kExtioBytes> encode(const Extio& extio) {
  std::array<std::byte, kExtioBytes> buffer{};
  const std::span<std::byte> bytes(buffer);
  store_head(bytes, kTypeExtio, buffer.size());
  store_at(bytes, 8, extio.flags);
  store_at(bytes, 9, extio.trigger_source);
  store_at(bytes, 10, extio.current_gpi);
  store_at(bytes, 11, extio.voltage_gpi);
  store_at(bytes, 12, extio.gpo0);
  store_at(bytes, 13, extio.gpo1);
  store_at(bytes, 15, extio.gpi_value);
  store_at(bytes, 20, extio.io_voltage_mv);
  return buffer;
}

std::optional<Extio> decode_extio(std::span<const std::byte> bytes) {
  if (!has_head(bytes, kTypeExtio, kExtioBytes)) return std::nullopt;
  return Extio{.flags = load_at<std::uint8_t>(bytes, 8),
               .trigger_source = load_at<std::uint8_t>(bytes, 9),
               .current_gpi = load_at<std::uint8_t>(bytes, 10),
               .voltage_gpi = load_at<std::uint8_t>(bytes, 11),
               .gpo0 = load_at<std::uint8_t>(bytes, 12),
               .gpo1 = load_at<std::uint8_t>(bytes, 13),
               .gpi_value = load_at<std::uint8_t>(bytes, 15),
               .io_voltage_mv = load_at<std::uint32_t>(bytes, 20)};
}

std::array<std::byte, kPacketHeaderBytes> pack_header(const PacketHeader& header) {
  std::array<std::byte, kPacketHeaderBytes> buffer{};
  const std::span<std::byte> bytes(buffer);
  store_at(bytes, 0, header.buffer_type);
  store_at(bytes, 1, header.status);
  const unsigned range = header.voltage_range != 0 ? 0x8000u : 0u;
  store_at(bytes, 2, static_cast<std::uint16_t>((header.length & kLengthMask) | range));
  store_at(bytes, 4, header.index);
  store_at(bytes, 6, header.usb_frame);
  return buffer;
}

PacketHeader unpack_header(std::span<const std::byte, kPacketHeaderBytes> bytes) {
  const auto length = load_at<std::uint16_t>(bytes, 2);
  return {.buffer_type = load_at<std::uint8_t>(bytes, 0),
          .status = load_at<std::uint8_t>(bytes, 1),
          .length = static_cast<std::uint16_t>(length & kLengthMask),
          .voltage_range = static_cast<std::uint8_t>(length >> 15),
          .index = load_at<std::uint16_t>(bytes, 4),
          .usb_frame = load_at<std::uint16_t>(bytes, 6)};
}

std::optional<PacketHeader> parse_packet(std::span<const std::byte> slot) {
  if (slot.size() != kPacketBytes) return std::nullopt;
  const PacketHeader header = unpack_header(slot.first<kPacketHeaderBytes>());
  const bool is_raw = header.buffer_type == kBufferRaw && header.status == 0;
  if (!is_raw || header.length != kPacketBytes) return std::nullopt;
  return header;
}

}  // namespace drivers::js110
