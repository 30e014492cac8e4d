// SPDX-License-Identifier: Apache-2.0
#include "agent/emulate/emulate.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <system_error>
#include <thread>

#include "agent/emulate/emulated_instrument.h"
#include "agent/emulate/truth_report.h"
#include "agent/record/capture_store.h"
#include "drivers/js110_device.h"
#include "drivers/signal/load_source.h"
#include "drivers/usb/socket_command.h"
#include "drivers/usb/socket_server.h"
#include "drivers/usb/usb_errc.h"
#include "drivers/usb/usbip_server.h"
#include "proto/ids.h"
#include "proto/instrument.h"

namespace agent {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kUnreachable = 3;

constexpr std::string_view kJs110 = "js110";
constexpr std::string_view kJs220 = "js220";

// The instrument's topics leave no room for more.
constexpr std::size_t kSerialCharsMax = 7;

tl::unexpected<proto::Error> usage(std::string what) {
  return proto::fail(make_error_code(std::errc::invalid_argument), std::move(what));
}

proto::Result<void> check(const EmulateOptions& options) {
  if (options.model != kJs220 && options.model != kJs110) {
    return usage("'" + options.model + "': js220 and js110 can be emulated");
  }
  if (options.model == kJs110 && options.start_id != 0) {
    return usage("--start-id: a JS110 counts from 0");
  }
  for (const std::string& serial : options.serials) {
    if (!proto::is_wire_id(serial) || serial.size() > kSerialCharsMax) {
      return usage("--serial '" + serial + "': 1 to 7 letters, digits, '.', '_' or '-'");
    }
    if (std::ranges::count(options.serials, serial) > 1) {
      return usage("--serial '" + serial + "': is given twice");
    }
  }
  if (!(options.time_scale >= 1e-6 && options.time_scale <= 2)) {
    return usage("--time-scale: 0.000001 to 2");
  }
  if (options.start_id >= std::uint64_t{1} << 52) return usage("--start-id: must be below 2^52");
  if (!drivers::trace_format_from(options.format)) {
    return usage("--format '" + options.format + "': f32 or i16");
  }
  return {};
}

// Blocks SIGINT and SIGTERM for the process, and stops the loop when one comes.
class SignalWatch {
 public:
  explicit SignalWatch(drivers::ServeLoop& loop) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    thread_ = std::thread([this, &loop] {
      int signal = 0;
      sigwait(&signals_, &signal);
      loop.stop();
    });
  }
  ~SignalWatch() {
    // In case the loop ended by itself: the signal is blocked, it ends sigwait() and nothing else.
    pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  sigset_t signals_{};
  sigset_t before_{};
  std::thread thread_;
};

proto::Result<void> serve(const EmulateOptions& options, std::ostream& out) {
  const bool plays_capture = !options.play.empty() && is_capture(options.play);
  if ((options.serials.empty() && !plays_capture) ||
      (options.socket.empty() && options.listen.empty())) {
    return usage("emulate: needs --serial and --socket or --listen (or --truth, or --send)");
  }
  const proto::SystemClock clock;
  std::deque<Emulated> instruments;
  std::vector<drivers::ServedDevice> served;
  if (plays_capture) {
    auto device = add_capture(options, instruments);
    if (!device) return tl::unexpected(device.error());
    served.push_back(std::move(*device));
  } else {
    for (const std::string& serial : options.serials) {
      auto device = add_instrument(options, serial, clock, instruments);
      if (!device) return tl::unexpected(device.error());
      served.push_back(std::move(*device));
    }
  }
  auto loop = drivers::ServeLoop::make(clock);
  if (!loop) return tl::unexpected(loop.error());
  std::unique_ptr<drivers::SocketServer> socket;
  std::unique_ptr<drivers::UsbipServer> usbip;
  if (!options.socket.empty()) {
    auto server = drivers::SocketServer::open(options.socket, served);
    if (!server) return tl::unexpected(server.error());
    socket = std::move(*server);
    (*loop)->add(*socket);
  }
  if (!options.listen.empty()) {
    auto server = drivers::UsbipServer::open(options.listen, served);
    if (!server) return tl::unexpected(server.error());
    usbip = std::move(*server);
    (*loop)->add(*usbip);
  }
  const SignalWatch watch(**loop);
  for (std::size_t k = 0; k < served.size(); ++k) {
    out << "emulating " << instruments[k].id.to_string();
    if (socket) out << " at " << options.socket;
    if (usbip) out << " at USB/IP port " << usbip->port() << " as 1-" << k + 1;
    out << "\n" << std::flush;
  }
  return (*loop)->run();
}

proto::Result<void> send(const EmulateOptions& options, std::ostream& out) {
  if (options.socket.empty()) return usage("--send: needs --socket");
  if (options.serials.size() > 1) return usage("--send: goes to one --serial");
  const std::string serial = options.serials.empty() ? "" : options.serials.front();
  const auto answer = drivers::send_emulator_command(options.socket, serial, options.send);
  if (!answer) return tl::unexpected(answer.error());
  out << *answer << "\n";
  return {};
}

proto::Result<void> tell_truth(const EmulateOptions& options, std::ostream& out) {
  if (!options.play.empty() && is_capture(options.play)) {
    return usage("--truth: of a capture only what was captured is known; play a trace or a load");
  }
  if (options.serials.size() != 1) {
    return usage("--truth: needs one --serial (each instrument has a noise of its own)");
  }
  if (options.id_ranges.empty()) return usage("--truth: needs --ids FIRST:LAST");
  const auto source = drivers::make_source(spec_of(options, options.serials.front()));
  if (!source) return tl::unexpected(source.error());
  std::vector<RangeTruth> ranges;
  for (const std::string& text : options.id_ranges) {
    const auto ids = parse_id_range(text);
    if (!ids) return tl::unexpected(ids.error());
    const std::string& serial = options.serials.front();
    ranges.push_back({*ids, options.model == kJs110
                                ? drivers::js110::compute_truth(**source, serial, *ids)
                                : drivers::compute_truth(**source, *ids)});
  }
  if (options.json) {
    print_truth_json(proto::InstrumentId{options.model, options.serials.front()}.device_id(),
                     ranges, out);
  } else {
    print_truth(ranges, out);
  }
  return {};
}

}  // namespace

int run_emulate(const EmulateOptions& options, std::ostream& out, std::ostream& err) {
  auto done = check(options);
  if (done) {
    done = options.truth           ? tell_truth(options, out)
           : !options.send.empty() ? send(options, out)
                                   : serve(options, out);
  }
  if (done) return kDone;
  const bool is_usage = done.error().code == std::errc::invalid_argument;
  err << "wattspool emulate: " << (is_usage ? done.error().context : done.error().message())
      << "\n";
  if (is_usage) return kUsage;
  if (done.error().code != drivers::UsbErrc::kNoDevice) return kFailed;
  err << "Is one running there? Start it: wattspool emulate --socket " << options.socket << "\n";
  return kUnreachable;
}

}  // namespace agent
