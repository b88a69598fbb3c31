// SPDX-License-Identifier: Apache-2.0
#include "base/interrupts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace isolab {
namespace {

struct Kind {
  std::string_view text;  // the row's text, or a part of it that no other row has
  std::string_view kind;
};

// arch/x86/kernel/irq.c and arch/arm64/kernel/smp.c, 6.1 to 6.18. PMI is counted beside NMI, so it
// is "other" here. THR, DFR, MCE and MCP all come from the machine check code.
constexpr std::array kByText = {
    Kind{"Rescheduling interrupts", "reschedule"},
    Kind{"Function call interrupts", "function_call"},
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

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The next word of `line`; empty at its end.
std::string_view take_word(std::string_view& line) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    line = {};
    return {};
  }
  const auto last = std::min(line.find_first_of(" \t", first), line.size());
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

Result<CounterRow> read_row(std::string_view line, const std::vector<int>& cpus) {
  CounterRow row;
  std::string_view rest = line;
  std::string_view id = take_word(rest);
  if (!id.ends_with(':'))
    return Error{ErrorKind::parse, fmt::format("interrupt table: row \"{}\" has no name", line)};
  id.remove_suffix(1);
  row.id = id;

  std::vector<std::uint64_t> counts;
  while (counts.size() < cpus.size()) {
    std::string_view ahead = rest;
    const std::string_view word = take_word(ahead);
    std::uint64_t count = 0;
    if (!all_digits(word) ||
        std::from_chars(word.data(), word.data() + word.size(), count).ec != std::errc{})
      break;
    counts.push_back(count);
    rest = ahead;
  }
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (!row.label.empty()) row.label += ' ';
    row.label += word;
  }

  const bool one_for_all = id == "ERR" || id == "MIS" || id == "Err";
  if (one_for_all && !counts.empty()) {
    row.before[kWholeMachine] = counts.front();
  } else if (counts.size() == cpus.size()) {
    for (std::size_t i = 0; i < cpus.size(); ++i) row.before[cpus[i]] = counts[i];
  } else {
    return Error{ErrorKind::parse,
                 fmt::format("interrupt table: row \"{}\" has {} counts for {} CPUs", id,
                             counts.size(), cpus.size())};
  }
  return row;
}

template <class KindOf>
Result<std::vector<CounterRow>> parse_table(std::string_view text, KindOf kind_of) {
  const std::vector<int> cpus = TRY(read_header(take_line(text)));
  std::vector<CounterRow> rows;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    CounterRow row = TRY(read_row(line, cpus));
    row.kind = kind_of(row);
    rows.push_back(std::move(row));
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
  if (id == "ERR" || id == "MIS" || id == "Err") return "error";
  if (all_digits(id)) {
    // The arm64 tick is a per-CPU device interrupt (drivers/clocksource/arm_arch_timer.c).
    return label.ends_with("arch_timer") ? "timer" : "device";
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
      before[found->second].after = row.before;
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
