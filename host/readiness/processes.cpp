// SPDX-License-Identifier: Apache-2.0
// Processes that can interrupt the measured CPUs from elsewhere: by open descriptors of registers,
// counters and BPF programs, by timers, and programs that are known to poll every CPU.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>
#include <utility>

#include "base/text.h"
#include "host/readiness/checks.h"

namespace isolab {
namespace {

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : what.ends_with('s') ? "es" : "s");
}

struct Users {
  std::size_t all = 0, unreadable = 0;
};

/// Processes but the kernel's, and those of them whose descriptors cannot be listed.
Users users_of(const Tasks& tasks) {
  Users users;
  for (const Process& process : tasks.processes) {
    users.all += process.kernel ? 0 : 1;
    users.unreadable += process.kernel || process.readable ? 0 : 1;
  }
  return users;
}

/// " (...)" of what the scan could not see; empty when it saw all.
std::string not_seen(const Readiness& on) {
  std::string out;
  if (const Users users = users_of(on.tasks); users.unreadable > 0)
    out = fmt::format("the descriptors of {} of {} processes cannot be read", users.unreadable,
                      users.all);
  if (on.tasks.left_out > 0)
    append_item(out, "; ", fmt::format("{} processes were not looked at", on.tasks.left_out));
  if (!on.tasks.kernel_threads)
    append_item(out, "; ", "only processes of this PID namespace are visible");
  return out.empty() ? "" : " (" + out + ")";
}

/// Whether descriptors of any process are known; otherwise adds the finding that says why not.
bool descriptors_known(const Readiness& on, const char* id, const char* subject) {
  const Users users = users_of(on.tasks);
  if (users.all > users.unreadable) return true;
  if (on.facts.captured)
    on.not_applicable(id, subject, "captured machine, without /proc/PID/fd");
  else if (users.all == 0)
    on.not_applicable(id, subject, "/proc shows no process but this one");
  else
    on.not_applicable(id, subject, "the descriptors of no process can be read", "run as root");
  return false;
}

/// The CPU of /dev/cpu/N/msr; -1: another file.
int device_cpu(std::string_view target) {
  constexpr std::string_view kDirectory = "/dev/cpu/";
  if (!target.starts_with(kDirectory)) return -1;
  int cpu = -1;
  std::from_chars(target.data() + kDirectory.size(), target.data() + target.size(), cpu);
  return cpu;
}

void check_registers(const Readiness& on) {
  constexpr const char *kId = "register_readers", *kSubject = "Registers of measured CPUs";
  if (!descriptors_known(on, kId, kSubject)) return;
  std::vector<Interrupter> readers;
  for (const Process& process : on.tasks.processes) {
    std::map<std::string, CpuSet> open;  // "msr" -> CPUs
    for (const Descriptor& descriptor : process.descriptors)
      if (const int cpu = device_cpu(descriptor.target); on.measured.contains(cpu))
        open[descriptor.target.substr(descriptor.target.rfind('/') + 1)].add(cpu);
    std::string seen;
    for (const auto& [name, cpus] : open)
      append_item(seen, ", ", fmt::format("{} of CPU {}", name, cpus.list()));
    if (!seen.empty())
      readers.push_back(
          {process.name, process.id, seen,
           fmt::format("stop it, or exclude CPU {} in its configuration", on.measured.list())});
  }
  if (readers.empty()) {
    on.ok(kId, kSubject, "no process has /dev/cpu/N/msr or cpuid of one open" + not_seen(on));
    return;
  }
  on.name(ReadinessLevel::problem, kId, kSubject, "open in " + counted(readers.size(), "process"),
          "each read of a register is an IPI to its CPU",
          "stop these processes, or exclude the measured CPUs in their configuration",
          std::move(readers));
}

void check_counters(const Readiness& on) {
  constexpr const char *kId = "perf_events", *kSubject = "Performance counters";
  if (!descriptors_known(on, kId, kSubject)) return;
  std::vector<std::pair<std::size_t, Interrupter>> counts;
  for (const Process& process : on.tasks.processes) {
    const auto count = static_cast<std::size_t>(
        std::count_if(process.descriptors.begin(), process.descriptors.end(),
                      [](const auto& one) { return one.target == "anon_inode:[perf_event]"; }));
    if (count == 0) continue;
    const bool all = count >= static_cast<std::size_t>(on.facts.online.count());
    const std::string housekeeping = on.housekeeping().list();
    counts.emplace_back(
        count, Interrupter{process.name, process.id,
                           counted(count, "perf event") + (all ? ", enough for every CPU" : ""),
                           fmt::format("stop it, or limit it to CPU {} (perf: -C {})", housekeeping,
                                       housekeeping)});
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Interrupter> users;
  for (auto& [count, user] : counts) users.push_back(std::move(user));
  if (users.empty()) {
    on.ok(kId, kSubject, "no process holds a perf event" + not_seen(on));
    return;
  }
  on.name(
      ReadinessLevel::advice, kId, kSubject, "used by " + counted(users.size(), "process"),
      "an event of another CPU is read, enabled and closed there by IPI, and samples with NMIs; "
      "/proc does not show which CPU an event counts",
      "stop these processes during the measurement, or limit them to housekeeping CPUs",
      std::move(users));
}

struct Known {
  std::string_view name;  // comm; ends in '*': a prefix
  const char* does;
};

// Reports of interrupted isolated CPUs: intel/intel-lpmd 122, intel/pcm 273, netdata 6741,
// influxdata/telegraf 13830. turbostat and powertop: their manual pages.
constexpr std::array kPollers = {
    Known{"intel_lpmd", "reads MSRs of every CPU in each poll"},
    Known{"pcm*", "samples counters and MSRs of every CPU"},
    Known{"turbostat", "visits every CPU to read its counters"},
    Known{"powertop", "counts events on every CPU"},
    Known{"netdata", "reads the frequency and idle states of every CPU"},
    Known{"telegraf", "may read MSRs and frequencies of every CPU"},
    Known{"node_exporter", "may read the frequency of every CPU at each request"}};

// Programs that ask for software time stamps of packets (SO_TIMESTAMP, SO_TIMESTAMPING).
constexpr std::array kTimeStampers = {Known{"chronyd", "takes time stamps of packets"},
                                      Known{"ntpd", "takes time stamps of packets"},
                                      Known{"ptp4l", "takes time stamps of packets"},
                                      Known{"systemd-timesyn", "takes time stamps of packets"}};

template <std::size_t kCount>
const Known* known_as(const std::array<Known, kCount>& all, std::string_view name) {
  for (const Known& one : all)
    if (one.name.ends_with('*') ? name.starts_with(one.name.substr(0, one.name.size() - 1))
                                : name == one.name)
      return &one;
  return nullptr;
}

/// Programs by name, since a poll opens its files for moments only, and descriptors of cpufreq
/// files that stay open.
void check_pollers(const Readiness& on) {
  constexpr const char *kId = "pollers", *kSubject = "Programs that poll every CPU";
  if (on.tasks.processes.empty()) {
    on.not_applicable(kId, kSubject,
                      on.facts.captured ? "captured machine, without /proc/PID/task/TID/status"
                                        : "/proc shows no process but this one");
    return;
  }
  std::vector<Interrupter> pollers;
  for (const Process& process : on.tasks.processes) {
    const auto files = std::count_if(
        process.descriptors.begin(), process.descriptors.end(),
        [](const auto& one) { return one.target.starts_with("/sys/devices/system/cpu/"); });
    const Known* known = known_as(kPollers, process.name);
    if (!known && files == 0) continue;
    pollers.push_back(
        {process.name, process.id,
         known ? known->does : counted(static_cast<std::size_t>(files), "cpufreq file") + " open",
         fmt::format("stop it, or exclude CPU {} in its configuration", on.measured.list())});
  }
  if (pollers.empty()) {
    on.ok(kId, kSubject,
          "no program of the known ones runs, and no cpufreq file is open; a reader that opens its "
          "files for moments only is not visible" +
              not_seen(on));
    return;
  }
  on.name(ReadinessLevel::advice, kId, kSubject, counted(pollers.size(), "process"),
          "frequencies, counters and MSRs of another CPU are read there, by IPI or by moving to it",
          "stop these programs during the measurement, or exclude the measured CPUs in their "
          "configuration",
          std::move(pollers));
}

std::string info_row(const std::string& info, const std::string& name) {
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return std::string(trimmed(line.substr(name.size() + 1)));
  return {};
}

/// Links and programs that run where their event occurs, on any CPU. include/uapi/linux/bpf.h:
/// kprobe 2, tracepoint 5, perf_event 7, raw_tracepoint 17 and 24, tracing 26.
bool traces(const Descriptor& descriptor) {
  constexpr std::array<std::string_view, 6> kLinks = {
      "raw_tracepoint", "tracing", "perf_event", "kprobe_multi", "uprobe_multi", "struct_ops"};
  constexpr std::array<std::string_view, 6> kPrograms = {"2", "5", "7", "17", "24", "26"};
  const std::string link = info_row(descriptor.info, "link_type");
  const std::string program = info_row(descriptor.info, "prog_type");
  if (descriptor.target == "anon_inode:bpf-prog")
    return std::find(kPrograms.begin(), kPrograms.end(), program) != kPrograms.end();
  return std::find(kLinks.begin(), kLinks.end(), link) != kLinks.end();
}

void check_bpf(const Readiness& on) {
  constexpr const char *kId = "bpf_programs", *kSubject = "BPF programs that trace";
  if (!descriptors_known(on, kId, kSubject)) return;
  std::vector<Interrupter> holders;
  std::size_t others = 0;
  for (const Process& process : on.tasks.processes) {
    std::map<std::string, int> kinds;
    for (const Descriptor& descriptor : process.descriptors) {
      if (!descriptor.target.starts_with("anon_inode:bpf") ||
          descriptor.target == "anon_inode:bpf-stats")
        continue;
      if (!traces(descriptor)) {
        ++others;
        continue;
      }
      const std::string link = info_row(descriptor.info, "link_type");
      ++kinds[link.empty() ? "program of type " + info_row(descriptor.info, "prog_type")
                           : link + " link"];
    }
    std::string seen;
    for (const auto& [kind, count] : kinds)
      append_item(seen, ", ", fmt::format("{} {}", count, kind));
    if (!seen.empty())
      holders.push_back({process.name, process.id, seen,
                         "stop it before the measurement, not during it: detaching patches code on "
                         "every CPU"});
  }
  const std::string rest =
      others == 0 ? "" : fmt::format("; {} for sockets, cgroups or devices", others);
  if (holders.empty()) {
    on.ok(kId, kSubject, "no process holds one" + rest + not_seen(on));
    return;
  }
  on.name(
      ReadinessLevel::advice, kId, kSubject, "held by " + counted(holders.size(), "process"),
      "they run on the CPU where their event occurs, and attaching or detaching one patches code "
      "on every CPU by IPI",
      "stop these processes before the measurement", std::move(holders));
}

void check_keys(const Readiness& on) {
  constexpr const char *kId = "static_keys", *kSubject = "Static keys held on";
  if (!descriptors_known(on, kId, kSubject)) return;
  std::vector<Interrupter> holders;
  if (text_of(on.files, "/proc/sys/kernel/bpf_stats_enabled") == "1")
    holders.push_back({"kernel.bpf_stats_enabled", 0, "1: run times of BPF programs are taken",
                       "write 0 to /proc/sys/kernel/bpf_stats_enabled before the measurement"});
  const std::string keep =
      "leave it running, or stop it before the measurement; do not start or "
      "stop it during the measurement";
  for (const Process& process : on.tasks.processes) {
    if (std::any_of(process.descriptors.begin(), process.descriptors.end(),
                    [](const auto& one) { return one.target == "anon_inode:bpf-stats"; }))
      holders.push_back({process.name, process.id, "holds BPF statistics", keep});
    if (const Known* known = known_as(kTimeStampers, process.name))
      holders.push_back({process.name, process.id, known->does, keep});
  }
  constexpr const char* kHidden =
      "; sockets with SO_TIMESTAMP of other programs are not visible in /proc";
  if (holders.empty()) {
    on.ok(kId, kSubject, std::string("BPF statistics are off") + kHidden + not_seen(on));
    return;
  }
  on.name(
      ReadinessLevel::advice, kId, kSubject, "by " + counted(holders.size(), "holder"),
      "a key that is switched when its first holder begins or its last one ends patches code on "
      "every CPU by IPI" +
          std::string(kHidden),
      "start and stop these before the measurement, not during it", std::move(holders));
}

/// Armed high-resolution timers by function and CPU, of /proc/timer_list.
std::map<std::string, std::map<int, int>> armed_timers(const std::string& list,
                                                       const CpuSet& measured) {
  std::map<std::string, std::map<int, int>> out;
  std::istringstream lines(list);
  int cpu = -1;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("cpu: ")) cpu = std::atoi(line.c_str() + 5);
    const auto close = line.find(">, ");
    if (!line.starts_with(" #") || close == std::string::npos || !measured.contains(cpu)) continue;
    const std::string function = line.substr(close + 3, line.find(',', close + 3) - close - 3);
    if (function == "tick_nohz_handler" || function == "tick_sched_timer") continue;  // the tick
    ++out[function][cpu];
  }
  return out;
}

bool is_armed(const Descriptor& descriptor) {
  const std::string value = info_row(descriptor.info, "it_value");
  return descriptor.target == "anon_inode:[timerfd]" && !value.empty() &&
         value.find_first_of("123456789") != std::string::npos;
}

void add_timer_owners(const Readiness& on, std::vector<Interrupter>& named) {
  for (const Process& process : on.tasks.processes) {
    CpuSet may;
    for (const Thread& thread : process.threads) may = may | (thread.allowed & on.measured);
    const auto files =
        std::count_if(process.descriptors.begin(), process.descriptors.end(), is_armed);
    const auto timers = static_cast<std::size_t>(files) + static_cast<std::size_t>(process.timers);
    if (may.empty() || timers == 0) continue;
    named.push_back({process.name, process.id,
                     fmt::format("{}, may run on CPU {}", counted(timers, "timer"), may.list()),
                     fmt::format("taskset -apc {} {}", on.housekeeping().list(), process.id)});
  }
}

void check_timers(const Readiness& on) {
  constexpr const char *kId = "armed_timers", *kSubject = "Armed timers";
  const auto list = on.files.read("/proc/timer_list");
  if (!list) {
    on.not_applicable(kId, kSubject, list.error().what, "run as root");
    return;
  }
  std::vector<Interrupter> named;
  std::size_t armed = 0;
  for (const auto& [function, by_cpu] : armed_timers(*list, on.measured)) {
    CpuSet cpus;
    std::size_t count = 0;
    for (const auto& [cpu, number] : by_cpu) {
      cpus.add(cpu);
      count += static_cast<std::size_t>(number);
    }
    armed += count;
    named.push_back({function, 0, fmt::format("{} on CPU {}", count, cpus.list()),
                     "move the tasks that may run there; isolab run with ipi_trace names a timer "
                     "that expires"});
  }
  add_timer_owners(on, named);
  if (named.empty()) {
    on.ok(kId, kSubject, "none on the measured CPUs but the tick" + not_seen(on));
    return;
  }
  on.name(ReadinessLevel::advice, kId, kSubject,
          fmt::format("{} on measured CPUs, besides the tick", armed),
          "each one interrupts the CPU on which it is armed; the kernel shows its function but not "
          "the task that armed it, and processes with timers are listed as candidates",
          "move tasks with timers to housekeeping CPUs before they arm them again",
          std::move(named));
}

}  // namespace

void check_processes(const Readiness& on) {
  check_registers(on);
  check_counters(on);
  check_pollers(on);
  check_bpf(on);
  check_keys(on);
  check_timers(on);
}

}  // namespace isolab
