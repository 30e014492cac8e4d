// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon/parts.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "agent/config/config_options.h"
#include "agent/daemon/life_events.h"
#include "proto/topics.h"

namespace agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

// What the last commit may need of a stop's time, its retries included.
constexpr std::chrono::milliseconds kCommitReserve{1'800};
// Even a late stop lets the transaction in hand end, if the broker answers at once.
constexpr std::chrono::milliseconds kGraceMin{200};

std::uint64_t largest_ring(const Config& config) {
  std::uint64_t largest = config.settings.bytes("memory.ring");  // of those that are discovered
  for (const Settings& instrument : config.instruments) {
    largest = std::max(largest, instrument.bytes("memory.ring"));
  }
  return largest;
}

SpoolEntry entry_of(std::vector<buffer::NewRow> rows) {
  SpoolEntry entry;
  entry.rows = std::move(rows);
  return entry;
}

// The queue has one limit for all; an instrument's own ring may be smaller.
PipelineLinks links_of(Parts& parts, const std::string& device_id, std::uint64_t ring_bytes,
                       const proto::Clock& clock) {
  const auto push = [&parts, device_id, ring_bytes](SpoolEntry&& entry) {
    const std::uint64_t size = entry.size_bytes();
    const std::uint64_t held = parts.queue.bytes_of(device_id);
    if (held != 0 && held + size > ring_bytes) return false;
    if (!parts.queue.try_push(std::move(entry))) return false;
    parts.pushed_bytes += size;
    return true;
  };
  const auto push_always = [&parts](SpoolEntry&& entry) {
    parts.queue.push(std::move(entry));
    return true;
  };
  return {clock, parts.events, push, push_always};
}

std::set<std::string> open_runs_of(const Parts& parts) {
  std::set<std::string> runs;
  for (const InstrumentPart* part : parts.instruments.all()) {
    const PipelineStatus pipeline = part->worker->status().pipeline;
    if (pipeline.run_state != "running") continue;
    runs.insert(part->worker->id().device_id() + "/" + pipeline.test_id);
  }
  return runs;
}

void add_lost_runs(Parts& parts, const PartsSetup& setup, const KafkaSettings& kafka) {
  const Settings& settings = setup.loaded.config.settings;
  OpenRunsQuery query;
  query.kafka = kafka;
  query.client_id = settings.text("agent.id");
  query.topic = proto::topic_name(settings.text("topics.prefix"), proto::Topic::kRun);
  for (const InstrumentPart* part : parts.instruments.all()) {
    query.device_ids.insert(part->worker->id().device_id());
  }
  parts.lost_runs = std::make_unique<LostRuns>(
      std::move(query), LostRuns::Links{.queue = parts.queue,
                                        .clock = setup.clock,
                                        .log = setup.log,
                                        .open_now = [&parts] { return open_runs_of(parts); },
                                        .kafka = [&parts] { return parts.kafka.read(); }});
}

proto::Result<void> add_forwarder(Parts& parts, const PartsSetup& setup) {
  const Config& config = setup.loaded.config;
  if (config.settings.list("kafka.brokers").empty()) return {};
  auto options = forwarder_options(config, setup.loaded.credentials);
  if (!options) return tl::unexpected(options.error());
  options->stream = parts.open_report.stream;
  options->read_kafka = [&parts] { return parts.kafka.read(); };
  options->on_event = [&parts](const ForwarderEvent& event) {
    parts.queue.push(parts.losses.on_forwarder_event(event));
  };
  if (parts.open_report.created) add_lost_runs(parts, setup, options->kafka);
  parts.forwarder = std::make_unique<Forwarder>(std::move(*options), *parts.writer, setup.clock);
  return {};
}

}  // namespace

Parts::Parts(std::uint64_t ring_bytes_max, buffer::OpenReport opened, const LoadedConfig& loaded,
             const proto::Clock& clock)
    : open_report(std::move(opened)),
      queue(ring_bytes_max),
      events(open_report.stream, loaded.config.settings.text("agent.id"),
             loaded.config.settings.text("topics.prefix")),
      losses(events, clock),
      kafka(loaded.config, loaded.credentials) {}

tl::expected<std::unique_ptr<Parts>, StartFailure> build_parts(const PartsSetup& setup) {
  const Config& config = setup.loaded.config;
  auto spool = buffer::Spool::open(spool_options(config), setup.clock);
  if (!spool) return tl::unexpected(spool_failure(spool.error(), config));
  auto parts = std::make_unique<Parts>(largest_ring(config), (*spool)->open_report(), setup.loaded,
                                       setup.clock);
  // Before anything else can push: the first record of a stream says which one went before.
  SpoolEntry first =
      entry_of(parts->events.rows(start_events(parts->open_report, setup.clock.utc_ns() / 1000)));
  // Nearly always none: rows that had to go for the new stream's own entry.
  std::ranges::move(parts->losses.on_evicted(parts->open_report.evicted),
                    std::back_inserter(first.rows));
  parts->queue.push(std::move(first));
  (*spool)->set_eviction_observer(
      [&losses = parts->losses](auto ranges) { return losses.on_evicted(ranges); });
  parts->usb = setup.make_usb(setup.clock);
  auto saved = (*spool)->state_with_prefix(Pipeline::kStatePrefix);
  if (!saved) return tl::unexpected(spool_failure(saved.error(), config));
  parts->saved = std::move(*saved);
  for (const Settings& instrument : config.instruments) {
    const auto added = add_instrument(*parts, setup, instrument, false);
    if (!added) return tl::unexpected(config_failure(added.error()));
  }
  parts->writer =
      std::make_unique<SpoolWriter>(std::move(*spool), parts->queue, spool_writer_options(config));
  if (const auto added = add_forwarder(*parts, setup); !added) {
    return tl::unexpected(config_failure(added.error()));
  }
  return parts;
}

proto::Result<InstrumentWorker*> add_instrument(Parts& parts, const PartsSetup& setup,
                                                const Settings& instrument, bool discovered) {
  const proto::InstrumentId id = instrument_id(instrument);
  auto driver = setup.make_driver(instrument, setup.clock, *parts.usb);
  if (!driver) return tl::unexpected(driver.error());
  const std::uint64_t ring_bytes = instrument.bytes("memory.ring");
  auto pipeline =
      std::make_unique<Pipeline>(pipeline_options(setup.loaded.config, instrument), id, parts.saved,
                                 links_of(parts, id.device_id(), ring_bytes, setup.clock));
  const InstrumentPart& part = parts.instruments.add(
      {.telemetry_rate_hz = instrument.amount("telemetry.rate"),
       .waveform_rate = instrument.text("waveform.rate"),
       .ring_bytes = ring_bytes,
       .discovered = discovered,
       .worker = std::make_unique<InstrumentWorker>(id, std::move(*driver), std::move(pipeline),
                                                    setup.clock, setup.on_instrument)});
  return part.worker.get();
}

void start(Parts& parts) {
  parts.writer->start();
  for (const InstrumentPart* instrument : parts.instruments.all()) instrument->worker->start();
  if (parts.forwarder) parts.forwarder->start();
  if (parts.lost_runs) parts.lost_runs->start();
}

std::vector<std::string> stop(Parts& parts, const proto::Clock& clock,
                              std::chrono::milliseconds limit, const StopStep& on_step) {
  const auto deadline = SteadyClock::now() + limit - kCommitReserve;
  std::vector<std::string> hung;
  const auto instruments = parts.instruments.all();
  for (const InstrumentPart* instrument : instruments) instrument->worker->request_stop();
  for (const InstrumentPart* instrument : instruments) {
    const std::string name = instrument->worker->id().to_string();
    on_step("instrument " + name);
    if (instrument->worker->wait_stopped(deadline)) {
      instrument->worker->join();
    } else {
      hung.push_back(name);
    }
  }
  on_step("question for open runs");
  if (parts.lost_runs) parts.lost_runs->stop();
  parts.queue.push(entry_of(parts.events.rows({stop_event(clock.utc_ns() / 1000)})));
  if (parts.forwarder) {
    on_step("forwarder");
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    parts.forwarder->stop(std::max(left, kGraceMin));
  }
  on_step("spool writer");
  parts.writer->stop();
  return hung;
}

}  // namespace agent
