// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "agent/cli/daemon_link.h"
#include "agent/cli/verb.h"
#include "agent/metrics/exposition.h"
#include "agent/metrics/metrics.h"

namespace agent {
namespace {

class MetricsVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("metrics", "The status in Prometheus's text format");
    verb->footer(
        "Example, for node_exporter's textfile collector:\n"
        "  wattspool metrics >wattspool.prom.new && mv wattspool.prom.new wattspool.prom\n"
        "The daemon serves the same over HTTP: metrics.listen. One that does not answer has no\n"
        "metrics: nothing is printed, exit code 3.");
    return verb;
  }

  int run(const CliContext& cli) override {
    const auto fetched = fetch_status(daemon_paths(cli), cli.clock);
    if (!fetched) return report_trouble(cli, fetched.error(), false);
    if (!fetched->live) {
      return report_trouble(cli,
                            {"no_answer", "wattspoold does not answer; its last status is old.",
                             "Try: journalctl -u wattspoold"},
                            false);
    }
    cli.out << exposition_text(metric_families(fetched->status));
    return kExitDone;
  }
};

}  // namespace

std::unique_ptr<Verb> make_metrics_verb() { return std::make_unique<MetricsVerb>(); }

}  // namespace agent
