// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/supervisor.h"

#include <algorithm>
#include <utility>

#include "agent/config/config_options.h"

namespace agent {
namespace {

// One thread and one ring each; a bus at full rate is exhausted long before.
constexpr std::size_t kInstrumentsMax = 16;

bool is_on_bus(const Settings& instrument) { return instrument.text("port") == "usb"; }

DiscoveryRules rules_of(const Config& config) {
  const Settings& settings = config.settings;
  DiscoveryRules rules;
  rules.adds = settings.text("usb.discover") == "auto";
  const auto& serials = settings.list("usb.serials");
  rules.serials = {serials.begin(), serials.end()};
  const std::size_t configured = std::min(config.instruments.size(), kInstrumentsMax);
  rules.added_max = std::min(kInstrumentsMax - configured, rings_to_spare(config));
  return rules;
}

}  // namespace

Supervisor::Supervisor(Parts& parts, const PartsSetup& setup, MainMailbox& mailbox)
    : parts_(parts),
      setup_(setup),
      mailbox_(mailbox),
      discovery_(rules_of(setup.loaded.config)),
      watch_(*parts.usb, [&mailbox](BusScan scan) { mailbox.post(std::move(scan)); }) {}

void Supervisor::start() {
  const Config& config = setup_.loaded.config;
  const bool discovers = config.settings.text("usb.discover") == "auto";
  if (discovers || std::ranges::any_of(config.instruments, is_on_bus)) watch_.start();
}

bool Supervisor::serve() {
  const auto scan = mailbox_.take_scan();
  if (!scan) return false;
  std::set<proto::InstrumentId> known;
  for (const InstrumentPart* part : parts_.instruments.all()) known.insert(part->worker->id());
  BusView view = discovery_.look(*scan, known);
  for (const proto::InstrumentId& id : view.add) add(id, refused_);
  for (const InstrumentPart* part : parts_.instruments.all()) {
    if (std::ranges::find(view.arrived, part->worker->id()) != view.arrived.end()) {
      part->worker->arrived();
    }
  }
  view.findings.insert(view.findings.end(), refused_.begin(), refused_.end());
  tell(view.findings);
  findings_ = std::move(view.findings);
  return true;
}

void Supervisor::add(const proto::InstrumentId& id, std::vector<HealthReason>& findings) {
  const Settings settings = discovered_instrument(setup_.loaded.config, id);
  const auto added = add_instrument(parts_, setup_, settings, true);
  if (added) {
    setup_.log.info("instrument was discovered", {{"instrument", id.to_string()}});
    (*added)->start();
    return;
  }
  findings.push_back(
      {Health::kDegraded, "usb_instrument_refused", id.to_string(),
       id.to_string() + " was discovered and cannot be read: " + added.error().message() + ".",
       "update wattspool, or set usb.serials to the instruments that are wanted"});
}

// Once for each, while it lasts.
void Supervisor::tell(const std::vector<HealthReason>& findings) {
  const auto is_told = [&](const HealthReason& one) {
    return std::ranges::any_of(findings_, [&](const HealthReason& told) {
      return told.code == one.code && told.object == one.object && told.message == one.message;
    });
  };
  for (const HealthReason& one : findings) {
    if (is_told(one)) continue;
    setup_.log.warning(one.message, {{"code", one.code}, {"try", one.remedy}});
  }
}

}  // namespace agent
