// SPDX-License-Identifier: Apache-2.0
// Interrupts that may hit measured CPUs: where devices send theirs, who moves them, and polling.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/interrupts.h"
#include "base/text.h"
#include "host/captured/machine.h"
#include "host/readiness/checks.h"

namespace isolab {
namespace {

constexpr std::size_t kNamed = 5;

/// Which CPUs a list file names; nothing if it cannot be read.
std::optional<CpuSet> list_of(const Files& files, const std::string& path) {
  const auto text = files.read(path);
  if (!text) return std::nullopt;
  const auto set = CpuSet::parse(*text);
  if (!set) return std::nullopt;
  return *set;
}

/// Per-CPU interrupts of the GIC (timers, PMU) belong to their CPU. GICv2 and v3: hardware numbers
/// below 32. GICv5 numbers each type from 0 and names it (drivers/irqchip/irq-gic-v5.c, 6.17).
bool bound_to_its_cpu(std::string_view label) {
  if (label.starts_with("GICv5-")) return label.starts_with("GICv5-PPI ");
  if (!label.starts_with("GIC")) return false;
  const auto space = label.find(' ');
  if (space == std::string_view::npos) return false;
  int number = 1024;
  std::from_chars(label.data() + space + 1, label.data() + label.size(), number);
  return number < 32;
}

/// "36 virtio1-req.0"
std::string device_name(const CounterRow& row) {
  const auto space = row.label.rfind(' ');
  return row.id + " " + (space == std::string::npos ? row.label : row.label.substr(space + 1));
}

struct Device {
  std::string id;  // its number
  std::string name;
  CpuSet hits;
  std::uint64_t so_far = 0;  // on the measured CPUs, since boot
  bool may_move = false;     // not there now, but the mask lets it go there
};

std::vector<Device> devices_on(const Readiness& on, const std::vector<CounterRow>& rows) {
  std::vector<Device> devices;
  for (const CounterRow& row : rows) {
    if (row.kind != "device" || bound_to_its_cpu(row.label)) continue;
    const std::string directory = "/proc/irq/" + row.id;
    const auto mask = list_of(on.files, directory + "/smp_affinity_list");
    auto now = list_of(on.files, directory + "/effective_affinity_list");
    if (!now || now->empty()) now = mask;
    if (!now) continue;
    Device device;
    device.id = row.id;
    device.name = device_name(row);
    device.hits = *now & on.measured;
    device.may_move = device.hits.empty();
    if (device.may_move && mask) device.hits = *mask & on.measured;
    if (device.hits.empty()) continue;
    for (int cpu : device.hits)
      if (const auto count = row.before.find(cpu); count != row.before.end())
        device.so_far += count->second;
    devices.push_back(std::move(device));
  }
  std::stable_sort(devices.begin(), devices.end(),
                   [](const Device& a, const Device& b) { return a.so_far > b.so_far; });
  return devices;
}

std::string named(const std::vector<Device>& devices, bool may_move) {
  std::string out;
  std::size_t shown = 0, all = 0;
  for (const Device& device : devices) {
    if (device.may_move != may_move) continue;
    if (++all > kNamed) continue;
    ++shown;
    append_item(
        out, ", ",
        fmt::format("{} -> CPU {} ({} so far)", device.name, device.hits.list(), device.so_far));
  }
  if (all > shown) out += fmt::format(" and {} more", all - shown);
  return out;
}

/// Only debugfs tells (kernel/irq/debugfs.c, CONFIG_GENERIC_IRQ_DEBUGFS).
constexpr const char* kStates = "/sys/kernel/debug/irq/irqs/";

bool is_managed(const std::string& state) {
  return state.find("IRQD_AFFINITY_MANAGED") != std::string::npos;
}

std::vector<Interrupter> with_advice(const Readiness& on, const std::vector<Device>& devices,
                                     bool may_move) {
  std::vector<Interrupter> out;
  for (const Device& device : devices)
    if (device.may_move == may_move)
      out.push_back(
          {device.name, 0,
           fmt::format("{} CPU {} ({} so far)", may_move ? "may be moved to" : "routed to",
                       device.hits.list(), device.so_far),
           is_managed(text_of(on.files, kStates + device.id))
               ? "boot with isolcpus=managed_irq,...: it cannot be moved at run time"
               : fmt::format("write {} to /proc/irq/{}/smp_affinity_list", on.housekeeping().list(),
                             device.id)});
  return out;
}

void check_devices(const Readiness& on, const Result<std::vector<CounterRow>>& rows) {
  constexpr const char *kId = "irq_affinity", *kSubject = "Device interrupts";
  if (!rows) {
    on.not_applicable(kId, kSubject, rows.error().what);
    return;
  }
  const auto devices = devices_on(on, *rows);
  const auto is_there = [](const Device& device) { return !device.may_move; };
  const auto there = std::count_if(devices.begin(), devices.end(), is_there);
  const std::string advice =
      "write the housekeeping CPUs to /proc/irq/N/smp_affinity_list, or boot with irqaffinity= and "
      "isolcpus=managed_irq,... for queues that drivers manage";
  if (there > 0) {
    on.problem(kId, kSubject,
               fmt::format("{} are routed to measured CPUs: {}", there, named(devices, false)),
               "each one interrupts the measured CPU for some microseconds", advice);
  } else if (!devices.empty()) {
    on.advise(
        kId, kSubject,
        fmt::format("{} may be moved to measured CPUs: {}", devices.size(), named(devices, true)),
        "the kernel or irqbalance can route them there at any time", advice);
  } else {
    on.ok(kId, kSubject, "none is routed to a measured CPU");
  }
  on.findings.back().named = with_advice(on, devices, there == 0);
}

/// Interrupts that are delivered outside the mask that was asked for: the driver or the kernel had
/// no vector left on those CPUs, or all of them are offline.
void check_masks(const Readiness& on, const Result<std::vector<CounterRow>>& rows) {
  constexpr const char *kId = "irq_outside_mask", *kSubject = "Interrupts outside their mask";
  if (!rows) {
    on.not_applicable(kId, kSubject, rows.error().what);
    return;
  }
  std::vector<Interrupter> strays;
  std::size_t known = 0;
  bool hit = false;
  for (const CounterRow& row : *rows) {
    if (row.kind != "device" || bound_to_its_cpu(row.label)) continue;
    const std::string directory = "/proc/irq/" + row.id;
    const auto mask = list_of(on.files, directory + "/smp_affinity_list");
    const auto now = list_of(on.files, directory + "/effective_affinity_list");
    if (!mask || !now) continue;
    ++known;
    const CpuSet outside = *now - *mask;
    if (outside.empty()) continue;
    const bool measured = !(outside & on.measured).empty();
    hit = hit || measured;
    strays.insert(measured ? strays.begin() : strays.end(),
                  {device_name(row), 0,
                   fmt::format("asked for CPU {}, delivered to CPU {}", mask->list(), now->list()),
                   fmt::format("reduce the queues of its device (ethtool -L), then write {} to {}",
                               on.housekeeping().list(), directory + "/smp_affinity_list")});
  }
  if (known == 0) {
    on.not_applicable(kId, kSubject, "no interrupt has a readable effective affinity");
  } else if (strays.empty()) {
    on.ok(kId, kSubject, "none");
  } else {
    on.name(
        hit ? ReadinessLevel::problem : ReadinessLevel::advice, kId, kSubject,
        fmt::format("{} of {}", strays.size(), known),
        "the kernel found no free vector on the CPUs that were asked for (dmesg: Affinity broken "
        "due "
        "to vector space exhaustion), and can choose a measured CPU",
        "reduce the number of queues of the devices (ethtool -L), or offer more housekeeping CPUs",
        std::move(strays));
  }
}

/// Queues whose affinity the kernel manages cannot be moved from user space.
void check_managed(const Readiness& on, const Result<std::vector<CounterRow>>& rows) {
  constexpr const char *kId = "managed_queues", *kSubject = "Queues that the kernel manages";
  std::vector<Interrupter> queues;
  std::size_t known = 0, managed = 0;
  for (const CounterRow& row : rows.value_or(std::vector<CounterRow>())) {
    if (row.kind != "device" || bound_to_its_cpu(row.label)) continue;
    const std::string state = text_of(on.files, kStates + row.id);
    known += state.empty() ? 0 : 1;
    if (!is_managed(state)) continue;
    ++managed;
    const auto now = list_of(on.files, "/proc/irq/" + row.id + "/effective_affinity_list");
    const CpuSet hit = now.value_or(CpuSet{}) & on.measured;
    if (!hit.empty())
      queues.push_back({device_name(row), 0, "on CPU " + hit.list(),
                        "boot with isolcpus=managed_irq,...: it cannot be moved at run time"});
  }
  if (known == 0) {
    on.not_applicable(kId, kSubject, std::string("not shown in ") + kStates,
                      "use a kernel with CONFIG_GENERIC_IRQ_DEBUGFS, and mount debugfs");
  } else if (queues.empty()) {
    on.ok(kId, kSubject, fmt::format("{}, none on a measured CPU", managed));
  } else {
    on.name(ReadinessLevel::problem, kId, kSubject,
            fmt::format("{} of {} on measured CPUs", queues.size(), managed),
            "a request sent from a measured CPU completes there; smp_affinity refuses changes",
            "boot with isolcpus=managed_irq,..., and send no I/O from the measured CPUs",
            std::move(queues));
  }
}

void check_default_mask(const Readiness& on) {
  constexpr const char *kId = "irq_default_affinity", *kSubject = "New interrupts";
  const std::string mask = text_of(on.files, "/proc/irq/default_smp_affinity");
  const auto cpus = CpuSet::parse_mask(mask);
  if (!cpus) {
    on.not_applicable(kId, kSubject, "/proc/irq/default_smp_affinity cannot be read");
    return;
  }
  const CpuSet hit = *cpus & on.measured;
  if (hit.empty()) {
    on.ok(kId, kSubject, fmt::format("they are routed to CPUs {}", cpus->list()));
  } else {
    on.advise(kId, kSubject, fmt::format("they may be routed to measured CPUs {}", hit.list()),
              "a device that appears later can interrupt a measured CPU",
              "boot with irqaffinity= set to the housekeeping CPUs");
  }
}

bool running(const Files& files, std::string_view name) {
  const auto entries = files.list("/proc");
  if (!entries) return false;
  for (const std::string& entry : *entries)
    if (entry.front() >= '1' && entry.front() <= '9' &&
        text_of(files, "/proc/" + entry + "/comm") == name)
      return true;
  return false;
}

void check_irqbalance(const Readiness& on) {
  constexpr const char *kId = "irqbalance", *kSubject = "irqbalance";
  if (!running(on.files, "irqbalance")) {
    on.ok(kId, kSubject, "not running");
    return;
  }
  // It leaves alone what /sys/devices/system/cpu/{isolated,nohz_full} list (irqbalance 1.0.8 and
  // later).
  const CpuSet open = on.measured - on.facts.isolated - on.facts.nohz_full;
  if (open.empty()) {
    on.ok(kId, kSubject, "running; it excludes isolated and nohz_full CPUs");
  } else {
    on.problem(kId, kSubject, fmt::format("running, and may use CPUs {}", open.list()),
               "it moves device interrupts onto measured CPUs during the measurement",
               fmt::format("systemctl stop irqbalance, or set IRQBALANCE_BANNED_CPULIST={}",
                           on.measured.list()));
  }
}

void check_machine_check(const Readiness& on) {
  constexpr const char *kId = "machine_check_polling", *kSubject = "Machine check polling";
  std::string polled;
  bool any = false;
  for (int cpu : on.measured) {
    const std::string interval =
        text_of(on.files,
                fmt::format("/sys/devices/system/machinecheck/machinecheck{}/check_interval", cpu));
    any = any || !interval.empty();
    if (!interval.empty() && interval != "0") polled = interval;
  }
  if (!any) {
    on.not_applicable(kId, kSubject, "this machine has no /sys/devices/system/machinecheck");
  } else if (polled.empty()) {
    on.ok(kId, kSubject, "off");
  } else {
    on.advise(kId, kSubject, fmt::format("every {} s on measured CPUs", polled),
              "a timer wakes each CPU to read its error banks",
              "boot with mce=ignore_ce, or write 0 to "
              "/sys/devices/system/machinecheck/machinecheck0/check_interval");
  }
}

}  // namespace

void check_interrupts(const Readiness& on) {
  const auto text = on.files.read("/proc/interrupts");
  const auto rows = text ? parse_interrupts(*text) : Result<std::vector<CounterRow>>(text.error());
  check_devices(on, rows);
  check_masks(on, rows);
  check_managed(on, rows);
  check_default_mask(on);
  check_irqbalance(on);
  check_machine_check(on);
}

}  // namespace isolab
