// SPDX-License-Identifier: Apache-2.0
#include "base/interrupts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

namespace isolab {
namespace {

struct Kind {
  std::string_view text;  // the row's text, or a part of it that no other row has
  std::string_view kind;
};

// arch/x86/kernel/irq.c, arch/arm64/kernel/smp.c and arch/arm/kernel/smp.c, 6.1 to 6.18; older
// kernels wrote "Single function call interrupts" (arm, arm64 before 4.8). PMI is counted beside
// NMI, so it is "other" here. THR, DFR, MCE and MCP all come from the machine check code.
constexpr std::array kByText = {
    Kind{"Rescheduling interrupts", "reschedule"},
    Kind{"unction call interrupts", "function_call"},
    Kind{"TLB shootdowns", "tlb"},
    Kind{"Local timer interrupts", "timer"},
    Kind{"Hyper-V stimer0 interrupts", "timer"},
    Kind{"IRQ work interrupts", "irq_work"},
    Kind{"Non-maskable interrupts", "nmi"},
    Kind{"CPU stop", "cpu_stop"},
    Kind{"Thermal event interrupts", "thermal"},
    Kind{"Threshold APIC interrupts", "machine_check"},
    Kind{"Deferred Error APIC interrupts", "machine_check"},
    Kind{"Machine check", "machine_check"},
    Kind{"Hypervisor callback interrupts", "hypervisor"},
    Kind{"Hyper-V reenlightenment interrupts", "hypervisor"},
    Kind{"osted-interrupt", "hypervisor"},
    Kind{"Timer broadcast interrupts", "timer_broadcast"},
    Kind{"Spurious interrupts", "error"},
    Kind{"APIC ICR read retries", "error"},
};

constexpr std::string_view kBlank = " \t\r";

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The next word of `line`; empty at its end.
std::string_view take_word(std::string_view& line) {
  const auto first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) {
    line = {};
    return {};
  }
  const auto last = std::min(line.find_first_of(kBlank, first), line.size());
  const std::string_view word = line.substr(first, last - first);
  line.remove_prefix(last);
  return word;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return line;
}

Result<std::vector<int>> read_header(std::string_view line) {
  std::vector<int> cpus;
  for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
    int cpu = 0;
    if (!word.starts_with("CPU") || !all_digits(word.substr(3)) ||
        std::from_chars(word.data() + 3, word.data() + word.size(), cpu).ec != std::errc{})
      return Error{ErrorKind::parse,
                   fmt::format("interrupt table: header word \"{}\" is not a CPU", word)};
    cpus.push_back(cpu);
  }
  if (cpus.empty()) return Error{ErrorKind::parse, "interrupt table: the header names no CPU"};
  return cpus;
}

/// Whether a row is one count for the whole machine: ERR and MIS (x86), Err (arm, arm64).
bool counts_the_machine(std::string_view id) { return id == "ERR" || id == "MIS" || id == "Err"; }

/// Takes the name of a row: the text before its first colon. The first count may follow without
/// a blank, as in "IPI0:2768808080" (arm64 with fewer than 1000 interrupts,
/// arch/arm64/kernel/smp.c arch_show_interrupts()).
Result<std::string> take_name(std::string_view& line) {
  const auto first = line.find_first_not_of(kBlank);
  const auto colon = line.find(':');
  if (first == std::string_view::npos || colon == std::string_view::npos || colon <= first ||
      line.substr(first, colon - first).find_first_of(kBlank) != std::string_view::npos)
    return Error{ErrorKind::parse, fmt::format("interrupt table: row \"{}\" has no name", line)};
  std::string name(line.substr(first, colon - first));
  line.remove_prefix(colon + 1);
  return name;
}

/// The next word as a count; nothing if it is none.
std::optional<std::uint64_t> take_count(std::string_view& line) {
  std::string_view ahead = line;
  const std::string_view word = take_word(ahead);
  std::uint64_t count = 0;
  if (!all_digits(word) ||
      std::from_chars(word.data(), word.data() + word.size(), count).ec != std::errc{})
    return std::nullopt;
  line = ahead;
  return count;
}

Error wrong_count(std::string_view id, std::size_t counts, std::size_t cpus) {
  return {ErrorKind::parse,
          fmt::format("interrupt table: row \"{}\" has {}{} counts for {} CPUs", id,
                      counts > cpus ? "more than " : "", std::min(counts, cpus), cpus),
          "the table is truncated, or a CPU came online or went offline while it was read"};
}

/// Nothing: a row that counts nothing, such as the FIQ handler's name on arm
/// (arch/arm/kernel/fiq.c show_fiq_list()).
Result<std::optional<CounterRow>> read_row(std::string_view line, const std::vector<int>& cpus) {
  CounterRow row;
  row.id = TRY(take_name(line));
  std::vector<std::uint64_t> counts;
  while (counts.size() < cpus.size()) {
    const auto count = take_count(line);
    if (!count) break;
    counts.push_back(*count);
  }
  std::string_view label = line;
  // A label that begins with a number belongs to a device without a chip's name (old arm kernels).
  // No architecture's own row has such a label: there it is the count of a CPU that came online.
  if (counts.size() == cpus.size() && !all_digits(row.id) && take_count(line))
    return wrong_count(row.id, counts.size() + 1, cpus.size());
  for (std::string_view word = take_word(label); !word.empty(); word = take_word(label)) {
    if (!row.label.empty()) row.label += ' ';
    row.label += word;
  }
  if (counts.empty() && row.id == "FIQ") return std::optional<CounterRow>{};
  if (counts_the_machine(row.id) && !counts.empty()) {
    row.before[kWholeMachine] = counts.front();
  } else if (counts.size() == cpus.size()) {
    for (std::size_t i = 0; i < cpus.size(); ++i) row.before[cpus[i]] = counts[i];
  } else {
    return wrong_count(row.id, counts.size(), cpus.size());
  }
  return std::optional(std::move(row));
}

template <class KindOf>
Result<std::vector<CounterRow>> parse_table(std::string_view text, KindOf kind_of) {
  const std::vector<int> cpus = TRY(read_header(take_line(text)));
  std::vector<CounterRow> rows;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.find_first_not_of(kBlank) == std::string_view::npos) continue;
    std::optional<CounterRow> row = TRY(read_row(line, cpus));
    if (!row) continue;
    row->kind = kind_of(*row);
    rows.push_back(*std::move(row));
  }
  return rows;
}

std::map<int, std::uint64_t> zeroes_like(const std::map<int, std::uint64_t>& counts) {
  std::map<int, std::uint64_t> out;
  for (const auto& [cpu, count] : counts) out[cpu] = 0;
  return out;
}

}  // namespace

std::string interrupt_kind(std::string_view id, std::string_view label) {
  if (counts_the_machine(id)) return "error";
  if (all_digits(id)) {
    // The tick of arm and arm64 is a per-CPU device interrupt
    // (drivers/clocksource/arm_arch_timer.c; arch/arm/kernel/smp_twd.c).
    if (label.ends_with("arch_timer") || label.ends_with(" twd")) return "timer";
    // With a GICv5 each CPU has a separate interrupt for each IPI (irq-gic-v5.c, Linux 6.17).
    // They are hidden from the table, whose IPI rows hold the sums; a kernel that shows them must
    // not make devices of them.
    return label.starts_with("GICv5-IPI ") ? "other" : "device";
  }
  for (const Kind& known : kByText)
    if (label.find(known.text) != std::string_view::npos) return std::string(known.kind);
  return "other";
}

Result<std::vector<CounterRow>> parse_interrupts(std::string_view text) {
  return parse_table(text, [](const CounterRow& row) { return interrupt_kind(row.id, row.label); });
}

Result<std::vector<CounterRow>> parse_softirqs(std::string_view text) {
  return parse_table(text, [](const CounterRow&) { return std::string("softirq"); });
}

CpuSet cpus_of_one_reading(const std::vector<CounterRow>& before,
                           const std::vector<CounterRow>& after) {
  const auto columns = [](const std::vector<CounterRow>& rows) {
    CpuSet cpus;
    std::set<int> seen;
    for (const CounterRow& row : rows)
      for (const auto& [cpu, count] : row.before)
        if (cpu != kWholeMachine && seen.insert(cpu).second) cpus.add(cpu);
    return cpus;
  };
  const CpuSet first = columns(before), second = columns(after);
  return (first - second) | (second - first);
}

std::vector<CounterRow> join_counters(std::vector<CounterRow> before,
                                      const std::vector<CounterRow>& after) {
  std::map<std::pair<std::string, std::string>, std::size_t> where;
  for (std::size_t i = 0; i < before.size(); ++i) {
    before[i].after = zeroes_like(before[i].before);
    where.emplace(std::pair{before[i].id, before[i].label}, i);
  }
  for (const CounterRow& row : after) {
    const auto found = where.find({row.id, row.label});
    if (found != where.end()) {
      CounterRow& both = before[found->second];
      both.after = row.before;
      // A CPU in one of them only was offline for the other, where its counter went on existing.
      std::erase_if(both.after, [&](const auto& one) { return !both.before.contains(one.first); });
      std::erase_if(both.before, [&](const auto& one) { return !both.after.contains(one.first); });
    } else {
      CounterRow came = row;
      came.after = row.before;
      came.before = zeroes_like(row.before);
      before.push_back(std::move(came));
    }
  }
  return before;
}

}  // namespace isolab
