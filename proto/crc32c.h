// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, reflected 0x82F63B78), the checksum of Kafka, iSCSI and ext4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace proto {

// The CRC of `bytes` appended to what `crc` already covers; 0 to begin. Uses the processor's
// instruction where there is one.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0);
// The same without the instruction; tests compare the two.
std::uint32_t crc32c_portable(std::span<const std::byte> bytes, std::uint32_t crc = 0);

// 8 lower-case hex digits, as in the header ce_crc32c.
std::string crc32c_hex(std::uint32_t crc);

}  // namespace proto
