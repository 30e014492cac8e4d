// SPDX-License-Identifier: Apache-2.0
// One verb of the command line. A new one is a file with a class like these, a line here and a line
// in cli.cc.
#pragma once

#include <memory>

#include "agent/cli/cli_context.h"

namespace CLI {
class App;
}

namespace agent {

class Verb {
 public:
  virtual ~Verb() = default;
  // Adds its name, options and examples. What is parsed ends up in this object.
  virtual CLI::App* add_to(CLI::App& app) = 0;
  // After parsing. Returns the exit code.
  virtual int run(const CliContext& cli) = 0;
};

std::unique_ptr<Verb> make_status_verb();
std::unique_ptr<Verb> make_check_verb();
std::unique_ptr<Verb> make_metrics_verb();
std::unique_ptr<Verb> make_run_verb();
std::unique_ptr<Verb> make_release_verb();
std::unique_ptr<Verb> make_claim_verb();
std::unique_ptr<Verb> make_spool_verb();
std::unique_ptr<Verb> make_topics_verb();
std::unique_ptr<Verb> make_audit_verb();
std::unique_ptr<Verb> make_config_verb();
std::unique_ptr<Verb> make_emulate_verb();
std::unique_ptr<Verb> make_record_usb_verb();
std::unique_ptr<Verb> make_report_verb();
std::unique_ptr<Verb> make_version_verb();

}  // namespace agent
