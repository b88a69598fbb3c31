// SPDX-License-Identifier: Apache-2.0
#include "trace/read/kernel_symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <unordered_set>

namespace isolab {

namespace {

// A last symbol, or one before a gap in the address space, ends somewhere below this.
constexpr std::uint64_t kLongestFunction = 1 << 20;

Result<void> write_copy(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) return Error{ErrorKind::io, fmt::format("cannot write {}", path.string())};
  return {};
}

/// A pointer to code: functions and call sites, but not the csd (data), and not user addresses,
/// which no symbol covers.
bool points_to_code(const EventField& field) {
  static constexpr std::array<std::string_view, 4> kData{"csd", "hrtimer", "timer", "work"};
  if (field.is_array || field.size != 8 ||
      std::find(kData.begin(), kData.end(), field.name) != kData.end())
    return false;
  return field.type.find('*') != std::string::npos || field.name == "func" || field.name == "ip";
}

/// The fields of each event id, found once.
class CodeFields {
 public:
  explicit CodeFields(const TraceFormats& formats) {
    for (const auto* format : formats.all()) {
      if (by_id_.size() <= format->id) by_id_.resize(std::size_t{format->id} + 1);
      for (const auto& field : format->fields)
        if (points_to_code(field)) by_id_[format->id].emplace_back(field);
    }
  }
  const std::vector<NumberField>& of(std::uint16_t id) const {
    static const std::vector<NumberField> none;
    return id < by_id_.size() ? by_id_[id] : none;
  }

 private:
  std::vector<std::vector<NumberField>> by_id_;
};

/// Where a new name of a task is: event, field of the task id, field of the name.
struct NameSource {
  std::uint16_t id = 0;
  NumberField pid;
  BytesField comm;
};

std::vector<NameSource> name_sources(const TraceFormats& formats) {
  std::vector<NameSource> sources;
  const auto add = [&](const char* event, const char* pid, const char* comm) {
    const auto pid_field = NumberField::resolve(formats, event, pid);
    const auto comm_field = BytesField::resolve(formats, event, comm);
    if (pid_field && comm_field) sources.push_back({formats.id_of(event), *pid_field, *comm_field});
  };
  add("task:task_newtask", "pid", "comm");
  add("task:task_rename", "pid", "newcomm");
  return sources;
}

/// Tells what a task's own events sent to measured CPUs (the events are filtered by target).
class OwnSends {
 public:
  explicit OwnSends(const TraceFormats& formats)
      : send_(formats.id_of("ipi:ipi_send_cpu")),
        callback_(
            NumberField::resolve(formats, "ipi:ipi_send_cpu", "callback").value_or(NumberField())) {
    for (const auto* format : formats.all()) {
      const bool kprobe = format->system.starts_with("isolab_");  // of levels B and C
      if (kprobe || (format->system == "csd" && format->name == "csd_queue_cpu"))
        calls_.insert(format->id);
    }
  }
  void count(const TraceEvent& event, Mentions& found) const {
    const bool call = calls_.contains(event.id());
    const bool reschedule = event.id() == send_ && callback_(event) == 0;
    if (!call && !reschedule) return;
    if ((event.flags() & kInterrupt) != 0)
      ++found.interrupts_in_own;
    else
      ++(call ? found.own_calls : found.own_reschedules);
  }

 private:
  // TRACE_FLAG_HARDIRQ, _SOFTIRQ, _NMI (include/linux/trace_events.h; the same values since 5.14).
  static constexpr std::uint8_t kInterrupt = 0x08 | 0x10 | 0x40;
  std::set<std::uint16_t> calls_;
  std::uint16_t send_;
  NumberField callback_;
};

}  // namespace

Result<KernelSymbols> KernelSymbols::parse(std::string_view kallsyms) {
  KernelSymbols symbols;
  bool any_address = false;
  while (!kallsyms.empty()) {
    const auto end = kallsyms.find('\n');
    auto line = kallsyms.substr(0, end);
    kallsyms.remove_prefix(end == std::string_view::npos ? kallsyms.size() : end + 1);
    std::uint64_t address = 0;
    const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), address, 16);
    const auto used = static_cast<std::size_t>(at - line.data());
    if (error != std::errc{} || line.size() < used + 4) continue;
    const char type = line[used + 1];
    if (type != 't' && type != 'T' && type != 'w' && type != 'W') continue;
    any_address |= address != 0;
    std::string name(line.substr(used + 3));
    std::replace(name.begin(), name.end(), '\t', ' ');
    symbols.symbols_.push_back({address, std::move(name)});
  }
  if (!any_address)
    return Error{ErrorKind::denied, "/proc/kallsyms tells no addresses",
                 "kernel.kptr_restrict must be 0 or 1"};
  std::stable_sort(symbols.symbols_.begin(), symbols.symbols_.end(),
                   [](const auto& a, const auto& b) { return a.address < b.address; });
  return symbols;
}

std::uint64_t KernelSymbols::address(std::string_view name) const {
  const auto found = std::find_if(symbols_.begin(), symbols_.end(),
                                  [&](const Symbol& symbol) { return symbol.name == name; });
  return found == symbols_.end() ? 0 : found->address;
}

std::string KernelSymbols::resolve(std::uint64_t address) const {
  const auto above = std::upper_bound(
      symbols_.begin(), symbols_.end(), address,
      [](std::uint64_t value, const Symbol& symbol) { return value < symbol.address; });
  if (above == symbols_.begin()) return {};
  // Of aliases the first one listed names the function.
  const auto below = std::prev(above)->address;
  const auto symbol =
      std::lower_bound(symbols_.begin(), above, below,
                       [](const Symbol& one, std::uint64_t value) { return one.address < value; });
  const std::uint64_t size =
      above == symbols_.end() ? kLongestFunction : above->address - symbol->address;
  const std::uint64_t offset = address - symbol->address;
  if (offset >= std::min(size, kLongestFunction)) return {};
  const auto bracket = symbol->name.find(" [");
  return fmt::format("{}+{:#x}/{:#x}{}", symbol->name.substr(0, bracket), offset, size,
                     bracket == std::string::npos ? "" : symbol->name.substr(bracket));
}

Mentions find_mentions(const TraceFormats& formats, std::vector<CpuReader> readers,
                       const std::set<std::int32_t>& own, std::uint64_t begin, std::uint64_t end) {
  const CodeFields code(formats);
  const auto names = name_sources(formats);
  const auto stack = StackField::resolve(formats);
  const OwnSends own_sends(formats);
  std::vector<bool> ids(std::size_t{1} << 16);
  Mentions found;
  std::unordered_set<std::uint64_t> addresses;  // millions of look-ups
  const auto visit = [&](const TraceEvent& event) {
    const auto id = event.id();
    ++found.events;
    found.first.try_emplace(event.cpu, event.time);
    found.last[event.cpu] = event.time;
    ids[id] = true;
    for (const auto& field : code.of(id)) addresses.insert(field(event));
    if (stack && id == stack->id())
      for (std::size_t i = 0; i < stack->frames(event); ++i)
        addresses.insert(stack->frame(event, i));
    for (const auto& source : names)
      if (id == source.id)
        found.comms[static_cast<std::int32_t>(source.pid(event))] = source.comm.text(event);
    if (event.time < begin || event.time > end || !own.contains(event.pid())) return;
    own_sends.count(event, found);
  };
  merge_cpus(std::move(readers), visit);
  found.addresses.insert(addresses.begin(), addresses.end());
  for (std::size_t id = 0; id < ids.size(); ++id)
    if (ids[id]) found.ids.insert(static_cast<std::uint16_t>(id));
  return found;
}

Result<Mentions> find_mentions(const TraceDirectory& trace, const std::set<std::int32_t>& own,
                               std::uint64_t begin, std::uint64_t end) {
  return find_mentions(trace.formats, TRY(trace.open_all()), own, begin, end);
}

Result<void> save_symbols(const std::filesystem::path& directory, const KernelSymbols& symbols,
                          const std::set<std::uint64_t>& addresses) {
  std::string text;
  for (const auto address : addresses)
    if (const auto name = symbols.resolve(address); !name.empty())
      text += fmt::format("{:x} {}\n", address, name);
  return write_copy(directory / "symbols", text);
}

Result<void> save_comms(const std::filesystem::path& directory, const Comms& comms) {
  std::string text;
  for (const auto& [pid, comm] : comms) text += fmt::format("{} {}\n", pid, comm);
  return write_copy(directory / "comms", text);
}

}  // namespace isolab
