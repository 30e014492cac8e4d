// SPDX-License-Identifier: Apache-2.0
// The other end of a USB/IP session, byte by byte, written from the protocol's description.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "drivers/usb/usbip_session.h"

namespace drivers {

class UsbipHost {
 public:
  explicit UsbipHost(UsbipSession& session) : session_(session) {}

  struct Reply {
    std::uint32_t command = 0;
    std::uint32_t sequence = 0;
    std::int32_t status = 0;
    std::vector<std::byte> data;
  };

  void send(const std::vector<std::byte>& bytes, std::int64_t now_ns) {
    for (std::size_t at = 0; at < bytes.size() && session_.wants_input();) {
      const auto room = session_.input_room();
      const std::size_t count = std::min(room.size(), bytes.size() - at);
      std::memcpy(room.data(), bytes.data() + at, count);
      at += count;
      open = session_.on_input(count, now_ns);
    }
  }
  static std::vector<std::byte> operation(unsigned code, const std::string& bus_id = "",
                                          unsigned version = 0x0111) {
    std::vector<std::byte> bytes;
    put(bytes, version << 16 | code);
    put(bytes, 0);
    if (code == 0x8003) {
      for (std::size_t k = 0; k < 32; ++k) {
        bytes.push_back(static_cast<std::byte>(k < bus_id.size() ? bus_id[k] : 0));
      }
    }
    return bytes;
  }
  // The status of the import.
  std::uint32_t import(const std::string& bus_id, std::int64_t now_ns) {
    send(operation(0x8003, bus_id), now_ns);
    const auto bytes = take();
    return bytes.size() < 8 ? 99 : get(bytes, 4);
  }

  static std::vector<std::byte> submit(std::uint32_t sequence, bool in, unsigned endpoint,
                                       std::uint32_t length,
                                       const std::vector<unsigned>& setup = {}) {
    std::vector<std::byte> bytes;
    for (const unsigned value : {1U, sequence, 0x10001U, in ? 1U : 0U, endpoint}) {
      put(bytes, value);
    }
    for (const unsigned value : {0U, length, 0U, 0U, 0U}) put(bytes, value);
    for (std::size_t k = 0; k < 8; ++k) {
      bytes.push_back(static_cast<std::byte>(k < setup.size() ? setup[k] : 0));
    }
    return bytes;
  }
  void arm(unsigned count, std::int64_t now_ns, std::uint32_t length = 32'768) {
    for (unsigned k = 0; k < count; ++k) send(submit(++sequence, true, 2, length), now_ns);
  }
  void unlink(std::uint32_t victim, std::int64_t now_ns) {
    std::vector<std::byte> bytes;
    for (const unsigned value : {2U, ++sequence, 0x10001U, 0U, 0U, victim}) put(bytes, value);
    bytes.resize(48);
    send(bytes, now_ns);
  }
  // A control request on endpoint 0 and its answer.
  Reply control(const std::vector<unsigned>& setup, std::int64_t now_ns) {
    const bool in = (setup[0] & 0x80) != 0;
    const unsigned length = setup[6] | setup[7] << 8;
    in_transfers_[++sequence] = in;
    send(submit(sequence, in, 0, length, setup), now_ns);
    for (const Reply& reply : replies()) {
      if (reply.sequence == sequence) return reply;
    }
    ADD_FAILURE() << "no answer to a control request";
    return {};
  }

  std::vector<std::byte> take() {
    const auto output = session_.output();
    std::vector<std::byte> bytes(output.begin(), output.end());
    session_.sent(bytes.size());
    return bytes;
  }
  // All replies that are there. Data follows those of IN transfers only.
  std::vector<Reply> replies() {
    const auto bytes = take();
    std::vector<Reply> found;
    for (std::size_t at = 0; at + 48 <= bytes.size();) {
      Reply reply{.command = get(bytes, at),
                  .sequence = get(bytes, at + 4),
                  .status = static_cast<std::int32_t>(get(bytes, at + 20)),
                  .data = {}};
      const std::size_t length = reply.command == 3 ? get(bytes, at + 24) : 0;
      at += 48;
      const auto known = in_transfers_.find(reply.sequence);
      if (known == in_transfers_.end() || known->second) {
        EXPECT_LE(at + length, bytes.size());
        reply.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          bytes.begin() + static_cast<std::ptrdiff_t>(at + length));
        at += length;
      }
      found.push_back(std::move(reply));
    }
    return found;
  }
  void expect_no_data(std::uint32_t of_sequence) { in_transfers_[of_sequence] = false; }

  static std::uint32_t get(std::span<const std::byte> bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + k]);
    }
    return value;
  }

  bool open = true;
  std::uint32_t sequence = 0;

 private:
  static void put(std::vector<std::byte>& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::byte>(value >> shift));
    }
  }

  UsbipSession& session_;
  std::map<std::uint32_t, bool> in_transfers_;
};

}  // namespace drivers
