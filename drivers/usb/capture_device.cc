// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/capture_device.h"

#include <algorithm>

#include "drivers/usb/socket_message.h"
#include "drivers/usb/usb_errc.h"

namespace drivers {
namespace {

constexpr std::uint8_t kStandardIn = 0x80;
constexpr std::uint8_t kGetStatus = 0;

bool is_transfer(const Exchange& exchange) { return exchange.kind == ExchangeKind::kBulkIn; }

proto::Result<void> outcome_of(const Exchange& exchange) {
  if (exchange.status == 0) return {};
  return proto::fail(code_from(exchange.status), "talk to the captured instrument");
}

}  // namespace

std::size_t CaptureDevice::next_of(bool transfer, std::size_t from) const {
  while (from < capture_.exchanges.size() && is_transfer(capture_.exchanges[from]) != transfer) {
    ++from;
  }
  return from;
}

// How far ahead it lies does not matter: a driver may have learnt to leave something out.
const Exchange* CaptureDevice::find_word(ExchangeKind kind, std::span<const std::byte> head) const {
  const auto found =
      std::find_if(capture_.exchanges.begin() + static_cast<std::ptrdiff_t>(next_word_),
                   capture_.exchanges.end(), [&](const Exchange& exchange) {
                     return exchange.kind == kind && exchange.bytes.size() >= head.size() &&
                            std::ranges::equal(std::span(exchange.bytes).first(head.size()), head);
                   });
  return found == capture_.exchanges.end() ? nullptr : &*found;
}

const Exchange* CaptureDevice::answer_to(ExchangeKind kind, std::span<const std::byte> head,
                                         std::int64_t now_ns) {
  if (!begun_) begin_anew(now_ns);
  const Exchange* found = find_word(kind, head);
  if (found == nullptr && is_over()) {
    begin_anew(now_ns);
    found = find_word(kind, head);
  }
  if (found == nullptr) return nullptr;
  next_word_ = next_of(false, static_cast<std::size_t>(found - capture_.exchanges.data()) + 1);
  set_pace(*found, now_ns);
  return found;
}

void CaptureDevice::begin_anew(std::int64_t now_ns) {
  begun_ = true;
  next_word_ = next_of(false, 0);
  next_in_ = next_of(true, 0);
  then_now_ns_ = now_ns;
  then_capture_ns_ = 0;
}

void CaptureDevice::set_pace(const Exchange& exchange, std::int64_t now_ns) {
  then_now_ns_ = now_ns;
  then_capture_ns_ = exchange.at_ns;
}

proto::Result<std::vector<std::byte>> CaptureDevice::control_in(const ControlSetup& setup,
                                                                std::int64_t now_ns) {
  // Whoever serves the device asks whether it is there; no driver does.
  if (setup.request_type == kStandardIn && setup.request == kGetStatus) {
    return std::vector<std::byte>(2);
  }
  const auto head = pack_setup(setup);
  const Exchange* const answer = answer_to(ExchangeKind::kControlIn, head, now_ns);
  if (answer == nullptr) {
    return proto::fail(UsbErrc::kStall, "a request that the capture has no answer to");
  }
  if (const auto outcome = outcome_of(*answer); !outcome) return tl::unexpected(outcome.error());
  return std::vector<std::byte>(answer->bytes.begin() + head.size(), answer->bytes.end());
}

proto::Result<void> CaptureDevice::control_out(const ControlSetup& setup,
                                               std::span<const std::byte>, std::int64_t now_ns) {
  const Exchange* const answer = answer_to(ExchangeKind::kControlOut, pack_setup(setup), now_ns);
  return answer == nullptr ? proto::Result<void>() : outcome_of(*answer);
}

// Its text may differ (a time, a number): its place counts.
proto::Result<void> CaptureDevice::bulk_out(std::span<const std::byte>, std::int64_t now_ns) {
  const Exchange* const answer = answer_to(ExchangeKind::kBulkOut, {}, now_ns);
  return answer == nullptr ? proto::Result<void>() : outcome_of(*answer);
}

std::int64_t CaptureDevice::due_ns(const Exchange& exchange) const {
  return then_now_ns_ + (exchange.at_ns - then_capture_ns_);
}

// Words of the driver that nobody says now.
void CaptureDevice::skip_words(std::int64_t now_ns) {
  while (next_word_ < next_in_ && !is_over()) {
    const Exchange& word = capture_.exchanges[next_word_];
    const std::int64_t until_ns = due_ns(word) + kPatienceNs;
    if (until_ns > now_ns) return;
    set_pace(word, until_ns);
    next_word_ = next_of(false, next_word_ + 1);
  }
}

proto::Result<std::size_t> CaptureDevice::bulk_in(std::span<std::byte> transfer,
                                                  std::int64_t now_ns) {
  if (!begun_) return 0;
  skip_words(now_ns);
  if (is_over()) return proto::fail(UsbErrc::kNoDevice, "the capture has ended");
  const Exchange& exchange = capture_.exchanges[next_in_];
  if (next_word_ < next_in_ || due_ns(exchange) > now_ns) return 0;
  if (exchange.bytes.size() > transfer.size()) {
    return proto::fail(UsbErrc::kOverflow, "a captured transfer");
  }
  next_in_ = next_of(true, next_in_ + 1);
  // On time, not now: else each transfer would push the next one back.
  if (exchange.at_ns > then_capture_ns_) set_pace(exchange, due_ns(exchange));
  if (const auto outcome = outcome_of(exchange); !outcome) return tl::unexpected(outcome.error());
  std::ranges::copy(exchange.bytes, transfer.begin());
  return exchange.bytes.size();
}

std::optional<std::int64_t> CaptureDevice::next_due_ns(std::int64_t) const {
  if (!begun_) return std::nullopt;
  if (is_over()) return then_now_ns_;
  if (next_word_ < next_in_) return due_ns(capture_.exchanges[next_word_]) + kPatienceNs;
  return due_ns(capture_.exchanges[next_in_]);
}

}  // namespace drivers
