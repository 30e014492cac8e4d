// SPDX-License-Identifier: Apache-2.0
// `wattspool emulate`: serves emulated instruments to a daemon, tells a running emulator what to do
// wrong, and computes what a perfect recorder would have recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace agent {

struct EmulateOptions {
  std::string model = "js220";
  std::vector<std::string> serials;
  std::string socket;
  std::string listen;  // ADDRESS:PORT of a USB/IP server

  // The source.
  std::string play;  // trace of the current; empty: `load`
  std::string play_voltage;
  std::uint32_t rate_hz = 1000;
  std::string format = "f32";
  double scale = 1;
  std::optional<double> voltage_v;
  std::string load = "ble";
  std::uint64_t seed = 1;

  // The instrument.
  double time_scale = 1;
  std::uint64_t start_id = 0;
  std::vector<std::string> faults;  // from the start, at each instrument

  // Instead of serving.
  std::string send;  // a command for the emulator at `socket`
  bool truth = false;
  std::vector<std::string> id_ranges;  // FIRST:LAST, inclusive
  bool json = false;
};

// Adds the verb and its options; `options` outlives the app. The caller runs run_emulate() when the
// verb was given.
CLI::App* add_emulate_verb(CLI::App& app, EmulateOptions& options);

// Exit code: 0 done, 1 failed, 2 wrong usage, 3 no emulator at the socket. When it serves, it
// returns after SIGINT or SIGTERM; call it before any other thread is started.
int run_emulate(const EmulateOptions& options, std::ostream& out, std::ostream& err);

// The seed of one instrument: instruments of one command differ in their noise.
std::uint64_t seed_of(std::uint64_t seed, const std::string& serial);

}  // namespace agent
