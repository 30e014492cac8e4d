// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_requests.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint8_t kDirectionIn = 0x80;
constexpr std::uint8_t kTypeMask = 0x60;
constexpr std::uint8_t kTypeVendor = 0x40;
constexpr std::uint8_t kTypeStandard = 0x00;
// Direction, type and recipient of the standard requests.
constexpr std::uint8_t kToDevice = 0x00;
constexpr std::uint8_t kToInterface = 0x01;
constexpr std::uint8_t kToEndpoint = 0x02;
constexpr std::uint8_t kFromDevice = 0x80;
constexpr std::uint8_t kFromInterface = 0x81;
constexpr std::uint8_t kFromEndpoint = 0x82;
// Standard requests, table 9-4.
constexpr std::uint8_t kGetStatus = 0;
constexpr std::uint8_t kClearFeature = 1;
constexpr std::uint8_t kSetFeature = 3;
constexpr std::uint8_t kGetDescriptor = 6;
constexpr std::uint8_t kGetConfiguration = 8;
constexpr std::uint8_t kSetConfiguration = 9;
constexpr std::uint8_t kGetInterface = 10;
constexpr std::uint8_t kSetInterface = 11;
// Descriptor types, table 9-5.
constexpr std::uint8_t kDevice = 1;
constexpr std::uint8_t kConfiguration = 2;
constexpr std::uint8_t kString = 3;
constexpr std::uint8_t kInterface = 4;
constexpr std::uint8_t kEndpoint = 5;

constexpr std::uint16_t kUsEnglish = 0x0409;
constexpr std::size_t kStringCharsMax = 126;
constexpr std::uint8_t kVendorClass = 0xFF;

tl::unexpected<proto::Error> stall() {
  return proto::fail(UsbErrc::kStall, "control request of the emulated device");
}

void append(Bytes& out, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
}

void append_u16(Bytes& out, unsigned value) { append(out, {value & 0xFF, value >> 8}); }

Bytes device_descriptor(const UsbDescriptors& device) {
  Bytes out;
  append(out, {18, kDevice});
  append_u16(out, 0x0200);
  append(out, {kVendorClass, kVendorClass, kVendorClass, 64});
  append_u16(out, device.vendor_id);
  append_u16(out, device.product_id);
  append_u16(out, device.device_release);
  append(out, {1, 2, 3, 1});  // the three strings, one configuration
  return out;
}

Bytes configuration_descriptor(const UsbDescriptors& device) {
  const auto endpoints = static_cast<unsigned>(device.endpoints.size());
  Bytes out;
  append(out, {9, kConfiguration});
  append_u16(out, 9 + 9 + 7 * endpoints);
  append(out, {1, 1, 0, 0x80, device.max_power_ma / 2U});  // bus powered
  append(out, {9, kInterface, 0, 0, endpoints, kVendorClass, kVendorClass, kVendorClass, 0});
  for (const UsbBulkEndpoint& endpoint : device.endpoints) {
    append(out, {7, kEndpoint, endpoint.address, 2});  // bulk
    append_u16(out, endpoint.packet_bytes_max);
    append(out, {0});
  }
  return out;
}

Bytes string_descriptor(std::string_view text) {
  text = text.substr(0, kStringCharsMax);
  Bytes out;
  append(out, {static_cast<unsigned>(2 + 2 * text.size()), kString});
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    append_u16(out, code < 0x80 ? code : '?');
  }
  return out;
}

}  // namespace

UsbRequests::UsbRequests(UsbDevice& device) : device_(device), descriptors_(device.descriptors()) {}

bool UsbRequests::has_endpoint(std::uint8_t endpoint) const {
  return std::ranges::find(descriptors_.endpoints, endpoint, &UsbBulkEndpoint::address) !=
         descriptors_.endpoints.end();
}

proto::Result<Bytes> UsbRequests::answer(const ControlSetup& setup, std::span<const std::byte> data,
                                         std::int64_t now_ns) {
  proto::Result<Bytes> result = stall();
  const bool in = (setup.request_type & kDirectionIn) != 0;
  if ((setup.request_type & kTypeMask) == kTypeStandard) {
    result = answer_standard(setup, now_ns);
  } else if ((setup.request_type & kTypeMask) == kTypeVendor && in) {
    result = device_.control_in(setup, now_ns);
  } else if ((setup.request_type & kTypeMask) == kTypeVendor) {
    result = device_.control_out(setup, data, now_ns).map([] { return Bytes(); });
  }
  if (result) result->resize(std::min<std::size_t>(result->size(), in ? setup.length : 0));
  return result;
}

proto::Result<Bytes> UsbRequests::answer_standard(const ControlSetup& setup, std::int64_t now_ns) {
  const auto is = [&](std::uint8_t type, std::uint8_t request) {
    return setup.request_type == type && setup.request == request;
  };
  if (is(kFromDevice, kGetDescriptor)) return descriptor(setup);
  if (setup.request == kGetStatus) return status(setup);
  if (is(kToEndpoint, kClearFeature) || is(kToEndpoint, kSetFeature)) {
    return set_halt(setup, now_ns);
  }
  if (is(kFromDevice, kGetConfiguration)) return Bytes{std::byte{configuration_}};
  if (is(kToDevice, kSetConfiguration) && setup.value <= 1) {
    configuration_ = static_cast<std::uint8_t>(setup.value);
    halted_.clear();
    return Bytes();
  }
  const bool of_interface = configuration_ == 1 && setup.index == 0 && setup.value == 0;
  if (is(kFromInterface, kGetInterface) && of_interface) return Bytes(1);
  if (is(kToInterface, kSetInterface) && of_interface) {
    halted_.clear();
    return Bytes();
  }
  return stall();
}

proto::Result<Bytes> UsbRequests::descriptor(const ControlSetup& setup) const {
  const unsigned type = setup.value >> 8;
  const unsigned index = setup.value & 0xFF;
  if (type == kDevice && index == 0) return device_descriptor(descriptors_);
  if (type == kConfiguration && index == 0) return configuration_descriptor(descriptors_);
  if (type != kString) return stall();  // such as a qualifier: it has no other speed
  switch (index) {
    case 0: {
      Bytes languages;
      append(languages, {4, kString});
      append_u16(languages, kUsEnglish);
      return languages;
    }
    case 1:
      return string_descriptor(descriptors_.manufacturer);
    case 2:
      return string_descriptor(descriptors_.product);
    case 3:
      return string_descriptor(descriptors_.serial);
    default:
      return stall();
  }
}

proto::Result<Bytes> UsbRequests::status(const ControlSetup& setup) const {
  const auto endpoint = static_cast<std::uint8_t>(setup.index);
  if (setup.request_type == kFromDevice || setup.request_type == kFromInterface) return Bytes(2);
  const bool known = (endpoint & 0x7F) == 0 || has_endpoint(endpoint);
  if (setup.request_type != kFromEndpoint || !known) return stall();
  return Bytes{is_halted(endpoint) ? std::byte{1} : std::byte{0}, std::byte{0}};
}

proto::Result<Bytes> UsbRequests::set_halt(const ControlSetup& setup, std::int64_t now_ns) {
  const auto endpoint = static_cast<std::uint8_t>(setup.index);
  if (setup.value != 0 || setup.index > 0xFF || !has_endpoint(endpoint)) return stall();
  if (setup.request == kSetFeature) {
    halted_.insert(endpoint);
    return Bytes();
  }
  halted_.erase(endpoint);
  return device_.control_out(clear_halt_setup(endpoint), {}, now_ns).map([] { return Bytes(); });
}

}  // namespace drivers
