// SPDX-License-Identifier: Apache-2.0
// Names for the numbers in a trace, taken on the machine that made it, so that the recording can be
// read on another: kernel addresses -> symbols, task ids -> comms.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "host/files.h"
#include "trace/read/reader.h"

namespace isolab {

/// The kernel's text symbols, from /proc/kallsyms.
class KernelSymbols {
 public:
  /// denied if all addresses read as zero (kptr_restrict, no CAP_SYSLOG).
  static Result<KernelSymbols> parse(std::string_view kallsyms);
  /// Of the first text symbol of this name; 0 if there is none.
  std::uint64_t address(std::string_view name) const;
  /// "name+0x1a/0x40" or "name+0x1a/0x40 [module]"; empty if no text symbol covers the address.
  std::string resolve(std::uint64_t address) const;

 private:
  struct Symbol {
    std::uint64_t address;
    std::string name;
  };
  std::vector<Symbol> symbols_;  // by address
};

using Comms = std::map<std::int32_t, std::string>;

/// Every task now alive, by its thread id. Tasks that end in the meantime are left out. Takes some
/// milliseconds and sends no IPI.
Comms read_comms(const Files& files);
/// The kernel's own small table of an instance: tasks that were switched in while tracing.
Comms read_saved_comms(const Files& files, const std::string& instance);

/// What a trace mentions.
struct Mentions {
  std::set<std::uint64_t> addresses;  // functions, call sites, stack frames
  Comms comms;                        // of tasks that began or were renamed; the last name wins
  // Sent by tasks of `own` in the window, from process context: their own doing.
  std::uint64_t own_calls = 0;        // functions queued for measured CPUs
  std::uint64_t own_reschedules = 0;  // reschedule IPIs: tasks that they woke
  // Of both kinds, sent by interrupts and softirqs that came while a task of `own` ran: the tick, a
  // timer, work of others.
  std::uint64_t interrupts_in_own = 0;
  std::uint64_t events = 0;
  std::map<int, std::uint64_t> last;  // time of each CPU's last event
};

/// One pass over all pages. [begin, end] is the window in the trace clock.
Result<Mentions> find_mentions(const TraceDirectory& trace, const std::set<std::int32_t>& own,
                               std::uint64_t begin, std::uint64_t end);

/// Writes `symbols` and `comms` beside the pages, in the form TraceDirectory reads.
Result<void> save_symbols(const std::filesystem::path& directory, const KernelSymbols& symbols,
                          const std::set<std::uint64_t>& addresses);
Result<void> save_comms(const std::filesystem::path& directory, const Comms& comms);

}  // namespace isolab
