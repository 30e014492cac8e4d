// SPDX-License-Identifier: Apache-2.0
// Whatever an instrument sends, the driver neither crashes nor breaks its promises: ids without a
// hole but in a Gap, columns of equal length, time that only rises.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/js220.h"
#include "drivers/js220_time64.h"
#include "proto/check.h"
#include "tests/drivers/scripted_port.h"
#include "tests/fuzz/contract_sink.h"

namespace drivers {
namespace {

// What an instrument could send next, more or less.
class Instrument {
 public:
  Instrument(ScriptedPort& port, VirtualClock& clock) : port_(port), clock_(clock) {}

  void send_raw(Input& input) {
    const auto bytes = std::as_bytes(input.take_bytes(input.take<std::uint16_t>() % 2049));
    port_.transfers.emplace_back(bytes.begin(), bytes.end());
  }
  void send_stream(Input& input) {
    const std::size_t which = input.take<std::uint8_t>() % kPorts.size();
    const auto shift = std::int64_t{input.take<std::int8_t>()} << (input.take<std::uint8_t>() % 26);
    // Made here, so that a short input reaches far.
    std::array<std::byte, js220::kStreamDataBytesMax> filled;
    filled.fill(input.take<std::byte>());
    filled[input.take<std::uint8_t>()] = input.take<std::byte>();
    const auto data = std::span(filled).first(input.take<std::uint16_t>() % 505);
    send(which, data, shift);
  }
  // A stretch in which all is well.
  void send_good(Input& input) {
    const std::array<std::byte, js220::kStreamDataBytesMax> zeros{};
    for (int rounds = input.take<std::uint8_t>() % 8; rounds >= 0; --rounds) {
      for (int i = 0; i < 16; ++i) {
        send(1, zeros, 0);
        send(2, zeros, 0);
        if (i % 4 == 3) send(0, zeros, 0);
      }
      send(3, zeros, 0);
      clock_.advance(2'016'000);
    }
  }
  void send(std::size_t which, std::span<const std::byte> data, std::int64_t shift) {
    const std::uint8_t port = kPorts[which];
    const std::uint64_t id = ids_[which] + static_cast<std::uint64_t>(shift);
    const js220::StreamFormat format = *js220::stream_format(port);
    port_.push(js220::encode_stream({.frame_id = 0, .length = 0, .port = port},
                                    static_cast<std::uint32_t>(id), data));
    ids_[which] = id + std::uint64_t{format.element_count(data.size())} * format.ids_per_element;
  }
  void send_map(Input& input) {
    const auto error_ns = std::int64_t{input.take<std::int16_t>()}
                          << (input.take<std::uint8_t>() % 32);
    const auto shift = std::int64_t{input.take<std::int8_t>()} << (input.take<std::uint8_t>() % 40);
    const auto rate_shift = std::int64_t{input.take<std::int8_t>()}
                            << (input.take<std::uint8_t>() % 50);
    port_.push(js220::encode(
        0, js220::Timemap{.utc = js220::time64_from_utc_ns(clock_.utc_ns() + error_ns),
                          .counter = ids_[1] + static_cast<std::uint64_t>(shift),
                          .counter_rate = js220::kNominalCounterRate +
                                          static_cast<std::uint64_t>(rate_shift)}));
  }
  void send_message(Input& input) {
    const auto text = std::as_bytes(input.take_bytes(input.take<std::uint16_t>() % 509));
    const std::uint8_t port = input.take<std::uint8_t>() % 32;
    port_.push(js220::make_frame(input.take<std::uint16_t>(), port, text));
  }

 private:
  static constexpr std::array<std::uint8_t, 5> kPorts = {20, 21, 22, 24, 23};
  ScriptedPort& port_;
  VirtualClock& clock_;
  std::array<std::uint64_t, 5> ids_{1'000'000, 1'000'000, 1'000'000, 1'000'000, 1'000'000};
};

template <class T>
T text_of(Input& input) {
  const auto bytes = input.take_bytes(input.take<std::uint8_t>());
  const auto* const first = reinterpret_cast<const typename T::value_type*>(bytes.data());
  return T(first, first + bytes.size());
}

void drive(Input input) {
  VirtualClock clock(1'750'000'000'000'000'000, 1'000'000'000);
  auto owned = std::make_unique<ScriptedPort>(clock);
  ScriptedPort& port = *owned;
  port.metadata = {{"s/i/range/mode", R"({"dtype":"u8","options":[[0,"off"],[4,"auto"]]})"}};
  Js220Driver driver({.serial = "1"}, std::move(owned), clock);
  ContractSink sink(2);
  Instrument instrument(port, clock);
  bool is_open = driver.open().has_value();
  WS_CHECK(is_open);
  Input perfect({});
  instrument.send_map(perfect);
  instrument.send_good(perfect);
  while (!input.empty()) {
    switch (input.take<std::uint8_t>() % 10) {
      case 0:
        instrument.send_raw(input);
        break;
      case 1:
      case 2:
      case 3:
        instrument.send_stream(input);
        break;
      case 4:
        instrument.send_map(input);
        break;
      case 5:
        instrument.send_message(input);
        break;
      case 6:
        clock.advance(input.take<std::uint16_t>() * 100'000LL);
        break;
      case 7:
        clock.step_utc(input.take<std::int32_t>() * 1'000'000LL);
        break;
      case 8:
        instrument.send_good(input);
        break;
      case 9:
        driver.flush(sink);
        break;
    }
    if (!driver.poll(0, sink)) {
      driver.close();
      is_open = driver.open().has_value();
      WS_CHECK(is_open);
    }
  }
  driver.flush(sink);
}

// What it says of itself as it greets: the driver opens or says why not.
void open_described(Input input) {
  VirtualClock clock(1'750'000'000'000'000'000, 1'000'000'000);
  auto owned = std::make_unique<ScriptedPort>(clock);
  const auto some = [&] { return input.take<std::uint8_t>() % 4 == 0; };
  if (some()) owned->greeting.protocol_version = input.take<std::uint32_t>();
  if (some()) owned->greeting.firmware_version = input.take<std::uint32_t>();
  if (some()) owned->before_greeting.push_back(text_of<std::vector<std::byte>>(input));
  while (!input.empty() && owned->metadata.size() < 4) {
    owned->metadata.emplace_back(some() ? text_of<std::string>(input) : "s/i/range/mode",
                                 text_of<std::string>(input));
  }
  Js220Driver driver({.serial = "1"}, std::move(owned), clock);
  const auto opened = driver.open();
  WS_CHECK(opened.has_value() || !opened.error().message().empty());
  driver.close();
}

}  // namespace
}  // namespace drivers

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  drivers::drive(drivers::Input(std::span(data, size)));
  drivers::open_described(drivers::Input(std::span(data, size)));
  return 0;
}
