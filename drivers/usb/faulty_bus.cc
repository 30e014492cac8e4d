// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/faulty_bus.h"

#include <algorithm>
#include <array>

#include "drivers/device_fault_text.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

// Arguments of a fault: n count (1 when left out), d duration.
struct BusFaultSpec {
  std::string_view name;
  BusFaultKind kind;
  std::string_view arguments;
  std::string_view usage;
  std::string_view meaning;
};

constexpr std::array kSpecs = {
    BusFaultSpec{"babble", BusFaultKind::kBabble, "n", "[N]",
                 "bulk IN transfers bring more than there is room for"},
    BusFaultSpec{"slow-control", BusFaultKind::kSlowControl, "dn", "DURATION [N]",
                 "vendor requests are answered so late (not over --socket)"},
    BusFaultSpec{"updater", BusFaultKind::kUpdater, "d", "DURATION",
                 "gone, then there as its updater, gone, then there with its settings lost"},
    BusFaultSpec{"no-endpoint", BusFaultKind::kNoEndpoint, "d", "DURATION",
                 "gone, then there without its bulk IN endpoint, gone, then there likewise"},
    BusFaultSpec{"stuck", BusFaultKind::kStuck, "d", "DURATION",
                 "nothing comes, is answered, or can be cancelled (--socket: nothing comes)"},
};

constexpr std::uint8_t kRequestKind = 0x60;
constexpr std::uint8_t kVendor = 0x40;
constexpr std::uint8_t kStandardIn = 0x80;
constexpr std::uint8_t kGetStatus = 0;
constexpr std::uint8_t kFirstIn = 0x80;  // addresses of IN endpoints

bool set_argument(const BusFaultSpec& /*spec*/, char what, std::string_view text, BusFault& fault) {
  if (what == 'd') {
    const auto duration_ns = parse_fault_duration_ns(text);
    fault.duration_ns = duration_ns.value_or(0);
    return duration_ns.has_value();
  }
  const auto number = parse_fault_number(text);
  if (!number || *number < 1 || *number > 1'000'000'000) return false;
  fault.count = static_cast<std::uint32_t>(*number);
  return true;
}

tl::unexpected<proto::Error> refuse(UsbErrc code) {
  return proto::fail(code, "talk to the emulated instrument");
}

}  // namespace

bool is_bus_fault(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  return std::ranges::find(kSpecs, word, &BusFaultSpec::name) != kSpecs.end();
}

proto::Result<BusFault> parse_bus_fault(std::string_view text) {
  return parse_fault_by<BusFault>(kSpecs, text, set_argument);
}

std::string describe_bus_faults() { return describe_fault_table(kSpecs); }

void FaultyBus::inject(const BusFault& fault, std::int64_t now_ns) {
  if (fault.kind == BusFaultKind::kStuck) {
    stuck_end_ns_ = now_ns + fault.duration_ns;
    return;
  }
  if (away_ns(fault) == 0) {
    faults_.arm(fault);
    return;
  }
  guise_ = fault.kind == BusFaultKind::kUpdater ? Shape::kUpdater : Shape::kNoEndpoint;
  guise_begin_ns_ = now_ns + kAwayNs;
  guise_end_ns_ = guise_begin_ns_ + fault.duration_ns;
}

void FaultyBus::heal(std::int64_t now_ns) {
  faults_.heal();
  stuck_end_ns_ = 0;
  if (shape_at(now_ns) != Shape::kInstrument) guise_end_ns_ = std::min(guise_end_ns_, now_ns);
}

std::int64_t FaultyBus::away_ns(const BusFault& fault) {
  const bool is_away =
      fault.kind == BusFaultKind::kUpdater || fault.kind == BusFaultKind::kNoEndpoint;
  return is_away ? fault.duration_ns + 2 * kAwayNs : 0;
}

FaultyBus::Shape FaultyBus::shape_at(std::int64_t now_ns) const {
  if (guise_end_ns_ == 0 || now_ns >= guise_end_ns_ + kAwayNs) return Shape::kInstrument;
  const bool is_there = now_ns >= guise_begin_ns_ && now_ns < guise_end_ns_;
  return is_there ? guise_ : Shape::kAway;
}

// Of what a host has found with its last request.
UsbDescriptors FaultyBus::descriptors() const {
  UsbDescriptors descriptors = instrument_.descriptors();
  if (seen_ == Shape::kUpdater) descriptors.product_id = updater_product_;
  if (seen_ == Shape::kNoEndpoint) {
    std::erase_if(descriptors.endpoints,
                  [](const UsbBulkEndpoint& one) { return one.address >= kFirstIn; });
  }
  return descriptors;
}

proto::Result<std::vector<std::byte>> FaultyBus::control_in(const ControlSetup& setup,
                                                            std::int64_t now_ns) {
  seen_ = shape_at(now_ns);
  if (seen_ == Shape::kInstrument) return instrument_.control_in(setup, now_ns);
  if (seen_ == Shape::kAway) return refuse(UsbErrc::kNoDevice);
  if (setup.request_type == kStandardIn && setup.request == kGetStatus) {
    return std::vector<std::byte>(2);
  }
  return refuse(UsbErrc::kStall);
}

proto::Result<void> FaultyBus::control_out(const ControlSetup& setup,
                                           std::span<const std::byte> data, std::int64_t now_ns) {
  const Shape shape = shape_at(now_ns);
  if (shape == Shape::kInstrument) return instrument_.control_out(setup, data, now_ns);
  return refuse(shape == Shape::kAway ? UsbErrc::kNoDevice : UsbErrc::kStall);
}

proto::Result<void> FaultyBus::bulk_out(std::span<const std::byte> data, std::int64_t now_ns) {
  const Shape shape = shape_at(now_ns);
  if (shape == Shape::kInstrument) return instrument_.bulk_out(data, now_ns);
  return refuse(shape == Shape::kAway ? UsbErrc::kNoDevice : UsbErrc::kStall);
}

proto::Result<std::size_t> FaultyBus::bulk_in(std::span<std::byte> transfer, std::int64_t now_ns) {
  const Shape shape = shape_at(now_ns);
  if (shape == Shape::kAway) return refuse(UsbErrc::kNoDevice);
  if (shape != Shape::kInstrument || now_ns < stuck_end_ns_) return 0;
  const auto is_babble = [](const BusFault& fault) { return fault.kind == BusFaultKind::kBabble; };
  if (faults_.take_if(is_babble)) return refuse(UsbErrc::kOverflow);
  return instrument_.bulk_in(transfer, now_ns);
}

void FaultyBus::transfers_withdrawn(std::int64_t now_ns) {
  if (shape_at(now_ns) == Shape::kInstrument) instrument_.transfers_withdrawn(now_ns);
}

std::optional<std::int64_t> FaultyBus::next_due_ns(std::int64_t now_ns) const {
  const Shape shape = shape_at(now_ns);
  if (shape == Shape::kAway) return now_ns;  // to be told that it is gone
  if (shape != Shape::kInstrument) return guise_end_ns_;
  if (now_ns < stuck_end_ns_) return stuck_end_ns_;
  if (faults_.peek(BusFaultKind::kBabble) != nullptr) return now_ns;
  return instrument_.next_due_ns(now_ns);
}

std::int64_t FaultyBus::control_delay_ns(const ControlSetup& setup, std::int64_t now_ns) {
  if (now_ns < stuck_end_ns_) return stuck_end_ns_ - now_ns;
  if ((setup.request_type & kRequestKind) != kVendor) return 0;
  const auto is_slow = [](const BusFault& fault) {
    return fault.kind == BusFaultKind::kSlowControl;
  };
  const auto fault = faults_.take_if(is_slow);
  return fault ? fault->duration_ns : 0;
}

std::int64_t FaultyBus::withdraw_delay_ns(std::int64_t now_ns) const {
  return std::max<std::int64_t>(0, stuck_end_ns_ - now_ns);
}

}  // namespace drivers
