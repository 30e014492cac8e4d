// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_endpoints.h"

#include <algorithm>
#include <array>

#include "drivers/js110_wire.h"
#include "drivers/js220_wire.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

constexpr std::uint8_t kDirectionIn = 0x80;

struct NeededEndpoint {
  std::string_view model;
  std::uint8_t address;
};
constexpr std::array kNeeded = {NeededEndpoint{"js220", js220::kEndpointIn},
                                NeededEndpoint{"js220", js220::kEndpointOut},
                                NeededEndpoint{"js110", js110::kEndpointIn}};

// "IN 0x82"
std::string name_of(std::uint8_t address) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = (address & kDirectionIn) != 0 ? "IN 0x" : "OUT 0x";
  text += kDigits[address >> 4];
  text += kDigits[address & 0xF];
  return text;
}

// "bulk IN 0x82, IN 0x83 that is not bulk"
std::string list_of(std::span<const UsbEndpointSeen> seen) {
  std::string text;
  for (const UsbEndpointSeen& one : seen) {
    text += (text.empty() ? "" : ", ") + std::string(one.bulk ? "bulk " : "") +
            name_of(one.address) + (one.bulk ? "" : " that is not bulk");
  }
  return text.empty() ? "none" : text;
}

}  // namespace

proto::Result<void> check_endpoints(std::string_view model, const std::string& node,
                                    std::span<const UsbEndpointSeen> seen) {
  for (const NeededEndpoint& needed : kNeeded) {
    const auto is_it = [&needed](const UsbEndpointSeen& one) {
      return one.bulk && one.address == needed.address;
    };
    if (needed.model != model || std::ranges::any_of(seen, is_it)) continue;
    return proto::fail(
        UsbErrc::kProtocol,
        node + " has no bulk endpoint " + name_of(needed.address) + ", which every " +
            std::string(model) + " has (it has " + list_of(seen) +
            "): it runs other firmware than this program knows, or is another device under its "
            "USB id; plug it in again, then update wattspool or the instrument's firmware");
  }
  return {};
}

}  // namespace drivers
