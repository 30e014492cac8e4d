// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "agent/emulate/emulate.h"
#include "drivers/js110_device_faults.h"
#include "drivers/js220_device_faults.h"
#include "drivers/signal/load_shape.h"
#include "drivers/usb/faulty_bus.h"

namespace agent {
namespace {

std::string footer() {
  std::string text = "Loads:\n";
  for (const drivers::Scenario& scenario : drivers::scenarios()) {
    std::string line = "  " + std::string(scenario.name);
    line.resize(14, ' ');
    text += line + std::string(scenario.description) + "\n";
  }
  text += "  edge        random values of every size that a float32 can have\n";
  text += "\nFaults of a js220 (--fault from the start, --send at any time):\n";
  text += drivers::js220::describe_faults();
  text += "\nFaults of a js110:\n";
  text += drivers::js110::describe_faults();
  text += "\nFaults of the bus, of both:\n";
  text += drivers::describe_bus_faults();
  text += "\nOther commands for --send: counter, state\n";
  text +=
      "\nExamples:\n"
      "  wattspool emulate js220 --serial 000001 --socket ./js220.sock --load ble\n"
      "  wattspool emulate js220 --serial 000001 --listen 127.0.0.1:3240\n"
      "  wattspool emulate js220 --serial 000001 --truth --ids 0:1999999\n";
  return text;
}

}  // namespace

CLI::App* add_emulate_verb(CLI::App& app, EmulateOptions& options) {
  CLI::App* verb =
      app.add_subcommand("emulate", "Emulate instruments, behind a Unix socket or USB/IP");
  verb->add_option("model", options.model, "Instrument family: js220 or js110");
  verb->add_option("--serial", options.serials, "Serial number, at most 7 characters; repeatable");
  verb->add_option("--socket", options.socket, "Unix socket of the emulator");
  verb->add_option("--listen", options.listen,
                   "ADDRESS:PORT; serve USB/IP there, for `usbip attach` (loopback: no password)");

  verb->add_option("--load", options.load, "Load scenario (see below)")->capture_default_str();
  verb->add_option("--play", options.play,
                   "Recorded trace of the current, played in a loop; or a capture of record-usb, "
                   "played once for each host");
  verb->add_option("--play-voltage", options.play_voltage,
                   "Recorded trace of the voltage (V), of the same rate and format");
  verb->add_option("--rate", options.rate_hz, "Rate of the traces, Hz")->capture_default_str();
  verb->add_option("--format", options.format, "Format of the traces: f32 or i16")
      ->capture_default_str();
  verb->add_option("--scale", options.scale, "Amperes per unit of the trace")
      ->capture_default_str();
  verb->add_option("--voltage", options.voltage_v, "Voltage of the supply, V");
  verb->add_option("--seed", options.seed, "Same seed, same samples")->capture_default_str();

  verb->add_option("--time-scale", options.time_scale,
                   "Speed of the instrument's clock; 0.1: ten times slower")
      ->capture_default_str();
  verb->add_option("--start-id", options.start_id, "Sample counter of a js220 at the start")
      ->capture_default_str();
  verb->add_option("--fault", options.faults, "A fault from the start (see below); repeatable");

  verb->add_option("--send", options.send, "Send this command to the emulator at --socket");
  verb->add_flag("--truth", options.truth, "Print the exact sums of the samples of --ids");
  verb->add_option("--ids", options.id_ranges, "FIRST:LAST, inclusive; repeatable");
  verb->add_flag("--json", options.json, "Print --truth as JSON");
  verb->footer(footer());
  return verb;
}

}  // namespace agent
