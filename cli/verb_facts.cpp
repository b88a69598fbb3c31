// SPDX-License-Identifier: Apache-2.0
// The verb facts: what is known of this machine, or of a captured one.
#include <fmt/format.h>

#include "base/exit_code.h"
#include "base/output.h"
#include "base/output_file.h"
#include "base/version.h"
#include "cli/commands.h"
#include "host/captured/machine.h"
#include "host/facts/measured_cpus.h"
#include "host/os.h"
#include "host/readiness/capture_machine.h"
#include "results/json.h"
#include "runner/complain.h"

namespace isolab {

ExitCode facts_command(const std::filesystem::path& host, bool json,
                       const std::filesystem::path& capture) {
  const auto machine = open_machine(host);
  if (!machine) return complain(machine.error());
  if (!capture.empty()) {
    auto out = OutputFile::create(capture);
    if (!out) return complain(out.error());
    const auto written = out->write(capture_machine(
        *machine->files, "captured by isolab " + std::string(kVersion) + " on " + utc_now()));
    if (!written) return complain(written.error());
    if (const auto finished = out->finish(); !finished) return complain(finished.error());
    say_line("captured: " + capture.string() +
             " (it names this machine's host name and command line)");
    return ExitCode::done;
  }
  const HostFacts& facts = machine->facts;
  // What can be read is printed all the same: facts are for bug reports.
  if (const auto online = require_online(facts); !online) (void)complain(online.error());
  if (json) {
    JsonObject object;
    for (const auto& [key, value] : facts.all) object.emplace(key, value);
    print_as_json(print_json(object));
    return ExitCode::done;
  }
  std::string out;
  for (const auto& [key, value] : facts.all)
    out += fmt::format("{:<34} {}\n", visible_line(key), visible_line(value));
  print(out);
  return ExitCode::done;
}

}  // namespace isolab
