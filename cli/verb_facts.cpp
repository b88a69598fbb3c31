// SPDX-License-Identifier: Apache-2.0
// The verb facts: what is known of this machine, or of a captured one.
#include <fmt/format.h>

#include <memory>

#include "base/output.h"
#include "base/output_file.h"
#include "base/version.h"
#include "cli/shared_options.h"
#include "host/captured/machine.h"
#include "host/facts/measured_cpus.h"
#include "host/os.h"
#include "host/readiness/capture_machine.h"
#include "results/json.h"
#include "runner/complain.h"

namespace isolab {
namespace {

struct FactsOptions {
  std::filesystem::path host;
  std::filesystem::path capture;  // a file to make (tests/hosts/*.txt); empty: none
  bool json = false;
};

Result<ExitCode> capture(const Machine& machine, const std::filesystem::path& file) {
  auto out = TRY(OutputFile::create(file));
  TRY(out.write(capture_machine(
      *machine.files, "captured by isolab " + std::string(kVersion) + " on " + utc_now())));
  TRY(out.finish());
  say_line(
      "captured: " + file.string() +
      " (it contains this machine's host name and command line, and the names of its processes)");
  return ExitCode::done;
}

Result<ExitCode> print_facts(const FactsOptions& options) {
  const Machine machine = TRY(open_machine(options.host));
  if (!options.capture.empty()) return capture(machine, options.capture);
  // What can be read is printed all the same: facts are for bug reports.
  if (const auto online = require_online(machine.facts); !online) (void)complain(online.error());
  std::string text;
  JsonObject object;
  for (const auto& [key, value] : machine.facts.all) {
    object.emplace(key, value);
    text += fmt::format("{:<34} {}\n", visible_line(key), visible_line(value));
  }
  options.json ? print_as_json(print_json(object)) : print(text);
  return ExitCode::done;
}

}  // namespace

Verb verb_facts() {
  const auto options = std::make_shared<FactsOptions>();
  return {"facts",
          "print the facts of this machine (for bug reports)",
          {json_flag(options->json),
           {"--capture", &options->capture,
            "write the kernel files that facts and check read to this file (for a bug report)"},
           host_option(options->host)},
          [options](const Call&) { return print_facts(*options); }};
}

}  // namespace isolab
