// SPDX-License-Identifier: Apache-2.0
#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "agent/cli/duration_argument.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/verb.h"
#include "agent/config/config_options.h"
#include "agent/record/record_usb.h"
#include "drivers/usb/libusb_bus.h"
#include "drivers/usb/usb_errc.h"

namespace agent {
namespace {

constexpr double kBytesPerMb = 1e6;

class RecordUsbVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand(
        "record-usb", "Keep all that an instrument and its driver say to each other in a file");
    verb->add_option("INSTRUMENT", instrument_, "As configured, such as js220/001234")->required();
    verb->add_option("FILE", file_, "Must not exist; zstd, about a third of 8 MB/s")->required();
    verb->add_option("--for", for_, "How long: 500ms, 10s (default), 1min; up to 10min")
        ->check(duration_problem);
    verb->add_flag("--json", json_, "What was recorded as JSON, schema 1");
    verb->footer(
        "To send us the capture of an instrument that behaves oddly. The daemon must have let go "
        "of\n"
        "it. The file plays again with: wattspool emulate --play FILE\n"
        "Example:\n"
        "  wattspool record-usb js220/001234 odd.wscap --for 5s\n"
        "Exit codes: 0 recorded for that long, 1 not, 2 wrong usage.");
    return verb;
  }

  int run(const CliContext& cli) override {
    const auto duration = duration_of(for_);
    if (duration.count() < 1 || duration > std::chrono::minutes(10)) {
      cli.err << "wattspool record-usb: --for " << for_ << ": 1ms to 10min\n";
      return kExitUsage;
    }
    const LoadedConfig loaded = load_config(cli.sources);
    for (const ConfigIssue& issue : loaded.issues) cli.err << issue.to_string() << "\n";
    if (!loaded.ok()) return kExitFailed;
    const Settings* const instrument = find(cli, loaded.config);
    if (instrument == nullptr) return kExitUsage;
    drivers::LibusbBus usb(cli.clock);
    const auto recording = record_usb({.instrument = *instrument,
                                       .file = file_,
                                       .duration = duration,
                                       .clock = cli.clock,
                                       .usb = usb,
                                       .stop = stop_on_signals(),
                                       .on_progress = progress(cli)});
    if (cli.err_is_terminal) cli.err << "\r\x1b[K";
    if (!recording) {
      cli.err << "wattspool record-usb: " << recording.error().message()
              << remedy(recording.error()) << "\n";
      return kExitFailed;
    }
    report(cli, *recording);
    return recording->trouble.empty() ? kExitDone : kExitFailed;
  }

 private:
  const Settings* find(const CliContext& cli, const Config& config) const {
    std::string known;
    for (const Settings& candidate : config.instruments) {
      const proto::InstrumentId id = instrument_id(candidate);
      if (instrument_ == id.to_string() || instrument_ == id.device_id()) return &candidate;
      known += (known.empty() ? "" : ", ") + id.to_string();
    }
    cli.err << "wattspool record-usb: no instrument " << instrument_ << " is configured ("
            << (known.empty() ? "none is" : "there are " + known)
            << "); add an [[instrument]] with its id and port\n";
    return nullptr;
  }

  std::string remedy(const proto::Error& error) const {
    if (error.code != drivers::UsbErrc::kBusy) return "";
    return "\nIf wattspoold has it: wattspool release " + instrument_;
  }

  static std::function<void(const UsbRecording&)> progress(const CliContext& cli) {
    if (!cli.err_is_terminal) return {};
    return [&err = cli.err](const UsbRecording& now) {
      err << fmt::format("\r{:.1f} MB, {} values, {} gaps ", now.raw_bytes / kBytesPerMb,
                         now.values, now.gaps)
          << std::flush;
    };
  }

  void report(const CliContext& cli, const UsbRecording& recording) const {
    if (json_) {
      cli.out << nlohmann::ordered_json{{"schema", 1},
                                        {"instrument", instrument_},
                                        {"file", file_},
                                        {"exchanges", recording.exchanges},
                                        {"raw_bytes", recording.raw_bytes},
                                        {"file_bytes", recording.file_bytes},
                                        {"values", recording.values},
                                        {"gaps", recording.gaps},
                                        {"firmware", recording.firmware},
                                        {"trouble", recording.trouble}}
                     .dump()
              << "\n";
    } else {
      cli.out << fmt::format(
          "{}: {} exchanges, {:.1f} MB ({:.1f} MB in the file), {} values of current, {} gaps\n",
          file_, recording.exchanges, recording.raw_bytes / kBytesPerMb,
          recording.file_bytes / kBytesPerMb, recording.values, recording.gaps);
    }
    if (!recording.trouble.empty()) {
      cli.err << "wattspool record-usb: it ended early: " << recording.trouble
              << "\nThe file holds what was said until then.\n";
    }
  }

  std::string instrument_;
  std::string file_;
  std::string for_ = "10s";
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_record_usb_verb() { return std::make_unique<RecordUsbVerb>(); }

}  // namespace agent
