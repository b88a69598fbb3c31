// SPDX-License-Identifier: Apache-2.0
// Names for the numbers in a trace: kernel addresses -> symbols, and what a trace mentions. Pure:
// the text of /proc/kallsyms and pages in, values and files beside the pages out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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
  std::map<int, std::uint64_t> first, last;  // times of each CPU's first and last event
  std::set<std::uint16_t> ids;               // of the events that are there
};

/// One pass over all pages. [begin, end] is the window in the trace clock.
Mentions find_mentions(const TraceFormats& formats, std::vector<CpuReader> readers,
                       const std::set<std::int32_t>& own, std::uint64_t begin, std::uint64_t end);
Result<Mentions> find_mentions(const TraceDirectory& trace, const std::set<std::int32_t>& own,
                               std::uint64_t begin, std::uint64_t end);

/// Writes `symbols` and `comms` beside the pages, in the form TraceDirectory reads.
Result<void> save_symbols(const std::filesystem::path& directory, const KernelSymbols& symbols,
                          const std::set<std::uint64_t>& addresses);
Result<void> save_comms(const std::filesystem::path& directory, const Comms& comms);

}  // namespace isolab
