// SPDX-License-Identifier: Apache-2.0
// isolab-profile(5): the keys of a profile from the table of its reader, the plug-ins from the
// registries.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/man_pages.h"
#include "cli/plugin_entries.h"
#include "cli/roff.h"
#include "plan/profile_keys.h"

namespace isolab {
namespace {

// A test plans this profile.
constexpr std::string_view kExample = R"(name: direct-map
question: What does a flush of the direct map cost a CPU that takes no part?
probe: {busy_loop: {threshold: 1us}}
observe: [interrupts, cpu_time, faults]
arms:
  idle: {}
  one_page: {workloads: [direct_map: {rate: 100/s}]}
matrix:
  direct_map.pages: [1, 16]
design: {repeats: 3, warmup: 1s, measure: 10s}
budget:
  - {metric: gap_max, arm: idle, limit: 50us, reason: a soft PLC allows 50 us}
)";

std::string keys() {
  std::string text, map;
  for (const auto& key : profile_keys()) {
    if (key.map != map) {
      map = key.map;
      text += ".SS " + roff::plain("Keys of " + map) + "\n";
    }
    const bool required = key.standard == "required";
    text += roff::entry(roff::bold(key.name),
                        fmt::format("{} {}", key.value,
                                    required ? std::string("Required.")
                                             : fmt::format("Default: {}.", key.standard)));
  }
  return text;
}

std::string parameter(const ParamSpec& spec) {
  std::string text = fmt::format("{} ({}", spec.summary, to_string(spec.type));
  if (!spec.choices.empty()) text += ", one of " + join(spec.choices, ", ");
  if (!spec.least.empty()) text += ", " + range_text(spec);
  const std::string fallback = join(spec.fallback, " ");
  return roff::entry(roff::italic(spec.name),
                     text + "; default: " + (fallback.empty() ? "empty" : fallback) + ")");
}

std::string plug_ins() {
  std::string text, kind;
  for (const auto& plug_in : plugin_entries()) {
    if (plug_in.kind != kind) {
      kind = plug_in.kind;
      text += fmt::format(".SH {}S\n", kind == "workload" ? "WORKLOAD"
                                       : kind == "probe"  ? "PROBE"
                                                          : "OBSERVER");
    }
    text += fmt::format(".SS {}\n{}\n", roff::plain(plug_in.name), roff::plain(plug_in.summary));
    for (const auto& spec : plug_in.params) text += parameter(spec);
  }
  return text;
}

}  // namespace

std::string profile_page() {
  return roff::head("isolab-profile", 5, "the profile format of isolab") + ".SH DESCRIPTION\n" +
         roff::plain(
             "A profile is a YAML file that describes one experiment: what occupies the measured "
             "CPUs, which workloads run on the housekeeping CPUs, and how long and how often. "
             "It is checked before anything runs; every error names the file, the line and the "
             "column. `isolab plan` prints what a profile resolves to.") +
         "\n.PP\n" +
         roff::plain(
             "The key include names one file, or a list of files, below the profile's "
             "directory. Maps are merged; for all else the profile's own value holds.") +
         "\n.PP\n" +
         roff::plain(
             "Values have units: 30s, 100us, 5min; 64KiB; 100/s or max; 200%. A number "
             "without its unit is an error.") +
         "\n.SH KEYS\n" + keys() + plug_ins() + ".SH EXAMPLE\n.EX\n" + roff::plain(kExample) +
         ".EE\n.SH FILES\n" +
         roff::entry(roff::italic("PREFIX/share/isolab/profiles/*.yaml"),
                     "The profiles that ship with isolab, each of which can be named without path "
                     "and suffix, as in `isolab plan quick`.") +
         fmt::format(".SH SEE ALSO\n{},\n{},\n{}\n", roff::reference("isolab", 1),
                     roff::reference("isolab-plan", 1), roff::reference("isolab-run", 1));
}

}  // namespace isolab
