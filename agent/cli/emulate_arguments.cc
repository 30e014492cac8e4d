// SPDX-License-Identifier: Apache-2.0
// `wattspool emulate`: see agent/emulate.
#include "agent/cli/verb.h"
#include "agent/emulate/emulate.h"

namespace agent {
namespace {

class EmulateVerb final : public Verb {
 public:
  CLI::App* add_to(CLI::App& app) override { return add_emulate_verb(app, options_); }
  int run(const CliContext& cli) override { return run_emulate(options_, cli.out, cli.err); }

 private:
  EmulateOptions options_;
};

}  // namespace

std::unique_ptr<Verb> make_emulate_verb() { return std::make_unique<EmulateVerb>(); }

}  // namespace agent
