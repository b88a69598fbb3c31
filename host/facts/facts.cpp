// SPDX-License-Identifier: Apache-2.0
#include "host/facts/facts.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sstream>
#include <string_view>
#include <vector>

#include "host/arch/cycles.h"
#include "host/facts/all_facts.h"
#include "host/facts/cpuset.h"
#include "host/facts/kernel_config.h"
#include "host/os.h"

namespace isolab {
namespace {

const char kCpuDir[] = "/sys/devices/system/cpu/";

CpuSet read_list(const Files& files, const std::string& path) {
  const auto text = files.read(path);
  if (!text) return {};
  return CpuSet::parse(trimmed(*text)).value_or(CpuSet{});
}

/// The online CPUs, or why they are not known.
CpuSet read_online(const Files& files, std::string& unknown) {
  const std::string path = std::string(kCpuDir) + "online";
  const auto text = files.read(path);
  if (!text) {
    unknown = text.error().what;
    return {};
  }
  const auto cpus = CpuSet::parse(*text);
  if (cpus && !cpus->empty()) return *cpus;
  unknown = path + (cpus ? " is empty" : ": " + cpus.error().what);
  return {};
}

std::string first_line_after(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos) return {};
  const auto colon = text.find(':', at);
  if (colon == std::string_view::npos) return {};
  return std::string(trimmed(text.substr(colon + 1, text.find('\n', colon) - colon - 1)));
}

bool has_word(std::string_view words, std::string_view wanted) {
  const std::string spaced = " " + std::string(words) + " ";
  return spaced.find(" " + std::string(wanted) + " ") != std::string::npos;
}

std::string arch_of(const Files& files) {
  if (const auto text = files.read("/proc/sys/kernel/arch"); text) {  // since 6.1
    const std::string_view arch = trimmed(*text);
    return arch == "aarch64" ? "arm64" : std::string(arch);
  }
  // arch/arm64/kernel/cpuinfo.c, arch/x86/kernel/cpu/proc.c
  const std::string cpuinfo = files.read("/proc/cpuinfo").value_or(std::string());
  if (cpuinfo.find("CPU implementer") != std::string::npos) return "arm64";
  if (cpuinfo.find("vendor_id") != std::string::npos) return "x86_64";
  return kArch == Arch::arm64 ? "arm64" : "x86_64";
}

std::string release_of(const Files& files) {
  if (const auto text = files.read("/proc/sys/kernel/osrelease"))
    return std::string(trimmed(*text));
  std::istringstream words(files.read("/proc/version").value_or(std::string()));
  std::string system, version, release;  // "Linux version 6.12.9 (builder ..."
  words >> system >> version >> release;
  return system == "Linux" && version == "version" ? release : "";
}

/// The name of the hypervisor; x86 sets the cpuinfo flag "hypervisor", and DMI or the device tree
/// say which one. "unnamed" when only the flag is there.
std::string hypervisor_of(const Files& files, std::string_view cpuinfo) {
  std::string vendor;
  for (const char* path : {"/sys/class/dmi/id/sys_vendor", "/sys/class/dmi/id/product_name"})
    if (const auto text = files.read(path); text) vendor += " " + std::string(trimmed(*text));
  const auto names = [&](const char* part) { return vendor.find(part) != std::string::npos; };
  const bool flag = has_word(first_line_after(cpuinfo, "flags"), "hypervisor");
  if (const auto type = files.read("/sys/hypervisor/type"); type) {
    if (trimmed(*type) == "xen") return "Xen";
  }
  if (const auto model = files.read("/proc/device-tree/hypervisor/compatible"); model)
    return std::string(trimmed(std::string_view(model->c_str())));
  if (names("VMware")) return "VMware";
  if (names("innotek") || names("VirtualBox")) return "VirtualBox";
  if (flag && names("Microsoft")) return "Hyper-V";
  if (names("QEMU") || names("KVM") || names("Amazon EC2") || names("Google Compute Engine")) {
    // Bare-metal cloud instances carry the vendor's name without the flag.
    if (flag || names("QEMU") || names("KVM")) return "KVM";
  }
  if (!flag) return {};
  const auto source =
      files.read("/sys/devices/system/clocksource/clocksource0/available_clocksource");
  if (source && has_word(trimmed(*source), "kvm-clock")) return "KVM";
  if (source && has_word(trimmed(*source), "hyperv_clocksource_tsc_page")) return "Hyper-V";
  return "unnamed";
}

/// QEMU without acceleration: x86 names the CPU so (target/i386/cpu.c); elsewhere only who booted
/// the guest knows, and isolab vm says so on the command line (vm/machine.cpp).
std::string emulator_of(std::string_view cpuinfo, std::string_view command_line) {
  const bool named = first_line_after(cpuinfo, "model name").starts_with("QEMU TCG CPU");
  return named || command_line_value(command_line, "isolab.vm") == "tcg" ? "QEMU" : "";
}

std::map<int, CpuSet> siblings_of(const Files& files, const CpuSet& online) {
  std::map<int, CpuSet> siblings;
  for (int cpu : online) {
    CpuSet set =
        read_list(files, fmt::format("{}cpu{}/topology/thread_siblings_list", kCpuDir, cpu));
    set.add(cpu);
    siblings.emplace(cpu, std::move(set));
  }
  return siblings;
}

std::uint64_t available_memory(const Files& files) {
  const auto text = files.read("/proc/meminfo");
  if (!text) return 0;
  const std::string line = first_line_after(*text, "MemAvailable");
  return std::strtoull(line.c_str(), nullptr, 10) * 1024;
}

/// The effective user of this process, as a captured machine tells it too.
bool root_by(const Files& files) {
  const auto status = files.read("/proc/self/status");
  if (!status || status->find("\nUid:") == std::string::npos) return is_root();
  std::istringstream ids(first_line_after(*status, "\nUid"));
  int real = -1, effective = -1;
  ids >> real >> effective;
  return effective == 0;
}

/// From the files; `invlpgb` is what CPUID answers, where it can be asked.
void set_kernel_flush(const Files& files, std::optional<bool> invlpgb, HostFacts& facts) {
  if (facts.arch == "arm64") {
    facts.kernel_flush = arm64_kernel_flush();
  } else if (facts.arch == "x86_64") {
    facts.kernel_flush =
        x86_kernel_flush({invlpgb, files.read("/proc/cpuinfo").value_or(std::string()),
                          files.read("/proc/cmdline").value_or(std::string()), facts.kernel_release,
                          facts.config("CONFIG_BROADCAST_TLB_FLUSH")});
  } else {
    facts.kernel_flush.source = "architecture " + facts.arch;
  }
  facts.all["kernel.tlb_flush"] = facts.kernel_flush.text();
}

/// drivers/base/cpu.c: `isolated` is there since Linux 4.2, `nohz_full` since then and with
/// CONFIG_NO_HZ_FULL only.
std::optional<bool> nohz_full_support(const Files& files, const HostFacts& facts) {
  if (files.exists(std::string(kCpuDir) + "nohz_full")) return true;
  if (!facts.kernel_config.empty()) return facts.config_on("CONFIG_NO_HZ_FULL");
  if (files.exists(std::string(kCpuDir) + "isolated")) return false;
  return std::nullopt;
}

}  // namespace

std::string command_line_value(std::string_view line, std::string_view name) {
  const std::string spaced = " " + std::string(trimmed(line)) + " ";
  const std::string wanted = " " + std::string(name) + "=";
  const auto at = spaced.rfind(wanted);  // the last one wins, as in the kernel
  if (at == std::string::npos) return {};
  const auto begin = at + wanted.size();
  return spaced.substr(begin, spaced.find(' ', begin) - begin);
}

bool HostFacts::config_on(const std::string& option) const {
  const std::string value = config(option);
  return value == "y" || value == "m";
}

std::string HostFacts::config(const std::string& option) const {
  if (kernel_config.empty()) return "unknown";
  const auto found = kernel_config.find(option);
  return found == kernel_config.end() ? "n" : found->second;
}

HostFacts read_kernel_facts(const Files& files) {
  HostFacts facts;
  facts.arch = arch_of(files);
  facts.page_size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  facts.root = root_by(files);
  facts.kernel_release = release_of(files);
  facts.online = read_online(files, facts.online_unknown);
  facts.allowed = cpuset_cpus(files);
  facts.kinds = read_cpu_kinds(files, facts.online);
  facts.isolated = read_list(files, std::string(kCpuDir) + "isolated");
  facts.nohz_full = read_list(files, std::string(kCpuDir) + "nohz_full");
  facts.siblings = siblings_of(files, facts.online);
  facts.memory_bytes = available_memory(files);

  const std::string command_line = files.read("/proc/cmdline").value_or(std::string());
  const std::string nocbs = command_line_value(command_line, "rcu_nocbs");
  if (nocbs == "all") {
    facts.rcu_nocbs = facts.online;
  } else {
    facts.rcu_nocbs = CpuSet::parse(nocbs).value_or(CpuSet{});
  }
  facts.rcu_nocbs = facts.rcu_nocbs | facts.nohz_full;  // kernel/rcu/tree_nocb.h rcu_init_nohz()

  const std::string cpuinfo = files.read("/proc/cpuinfo").value_or(std::string());
  facts.emulator = emulator_of(cpuinfo, command_line);
  facts.hypervisor = facts.emulator.empty() ? hypervisor_of(files, cpuinfo) : facts.emulator;
  const std::string flags = first_line_after(cpuinfo, "flags");
  facts.tsc_reliable = has_word(flags, "constant_tsc") && has_word(flags, "nonstop_tsc");

  auto config = read_kernel_config(files, facts.kernel_release);
  if (config) facts.kernel_config = config->options;
  facts.has_nohz_full = nohz_full_support(files, facts);
  add_all_facts(files, facts, config);
  set_kernel_flush(files, std::nullopt, facts);
  return facts;
}

HostFacts read_host_facts(const Files& files) {
  HostFacts facts = read_kernel_facts(files);
  add_topology(facts.all);
  set_kernel_flush(files, processor_has_invlpgb(), facts);
  return facts;
}

}  // namespace isolab
