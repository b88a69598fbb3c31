// SPDX-License-Identifier: Apache-2.0
// Facts of captured machines (tests/hosts) and of the one we run on.
#include "host/facts/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <iterator>

#include "host/facts/kernel_config.h"
#include "host/facts/software.h"
#include "host/os.h"
#include "tests/support/captured_machine.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kMachines[] = {"guest_x86_2cpu", "server_x86_smt", "two_sockets_x86_8cpu",
                                     "emag_arm64_32cpu", "guest_arm64_32cpu"};

CapturedMachine machine(const std::string& name) {
  return {ISOLAB_SOURCE_DIR "/tests/hosts", name};
}

HostFacts facts_of(const std::string& name) { return read_kernel_facts(machine(name).files()); }

TEST(Facts, AGuestWithoutIsolation) {
  const HostFacts facts = facts_of("guest_x86_2cpu");
  EXPECT_EQ(facts.arch, "x86_64");
  EXPECT_EQ(facts.kernel_release, "6.18.44");
  EXPECT_EQ(facts.hypervisor, "KVM");
  EXPECT_EQ(facts.online, (CpuSet{0, 1}));
  EXPECT_TRUE(facts.isolated.empty());
  EXPECT_TRUE(facts.nohz_full.empty());
  EXPECT_TRUE(facts.rcu_nocbs.empty());
  EXPECT_EQ(facts.siblings.at(1), CpuSet{1});
  EXPECT_TRUE(facts.tsc_reliable);
  EXPECT_TRUE(facts.root);
  EXPECT_EQ(facts.config("CONFIG_HZ"), "250");
  EXPECT_EQ(facts.config("CONFIG_NO_HZ_FULL"), "n");
  EXPECT_TRUE(facts.config_on("CONFIG_JUMP_LABEL"));
  EXPECT_EQ(facts.all.at("memory.thp"), "madvise");
  EXPECT_THAT(facts.all.at("cpu.governor"), StartsWith("unknown: "));
  EXPECT_EQ(facts.all.at("cpu.hypervisor"), "KVM");
  EXPECT_EQ(facts.all.at("cpu.microcode"), "0x1");
  EXPECT_EQ(facts.all.at("kernel.config_source"), "/boot/config-6.18.44");
  EXPECT_EQ(facts.all.at("kernel.config_sha256").size(), 64u);
}

TEST(Facts, AnIsolatedServerWithHardwareThreads) {
  const HostFacts facts = facts_of("server_x86_smt");
  const CpuSet isolated{2, 3, 6, 7};
  EXPECT_EQ(facts.hypervisor, "");
  EXPECT_EQ(facts.isolated, isolated);
  EXPECT_EQ(facts.nohz_full, isolated);
  EXPECT_EQ(facts.rcu_nocbs, isolated);
  EXPECT_EQ(facts.siblings.at(2), (CpuSet{2, 6}));
  EXPECT_EQ(facts.memory_bytes, 60'000'000ULL * 1024);
  EXPECT_EQ(facts.config("CONFIG_DEFAULT_HOSTNAME"), "(none)");
  EXPECT_EQ(facts.all.at("cpu.hypervisor"), "none");
  EXPECT_EQ(facts.all.at("cpu.governor"), "performance: 2-3,6-7; schedutil: 0-1,4-5");
  EXPECT_EQ(facts.all.at("cpu.frequency_driver"), "intel_cpufreq");
  EXPECT_EQ(facts.all.at("cpu.threads"), "2 threads a core");
  EXPECT_EQ(facts.all.at("cpu.idle_states"), "POLL 0 us, C6 170 us off");
  EXPECT_EQ(facts.all.at("cpu.model"),
            "Intel(R) Xeon(R) Silver 4309Y CPU @ 2.80GHz (family 6 model 106 stepping 6)");
  EXPECT_EQ(facts.all.at("kernel.lockdown"), "integrity");
  EXPECT_EQ(facts.all.at("kernel.preempt"), "voluntary");
  EXPECT_EQ(facts.all.at("sched.fair_server_runtime_ns"), "50000000");
  EXPECT_EQ(facts.all.at("mitigation.mmio_stale_data"),
            "Mitigation: Clear CPU buffers; SMT vulnerable");
  EXPECT_EQ(facts.all.at("machine.product"), "SYS-110P-WTR");
  EXPECT_EQ(facts.all.at("kernel.config.CONFIG_KFENCE_STATIC_KEYS"), "n");
}

TEST(Facts, AnArm64Server) {
  const HostFacts facts = facts_of("emag_arm64_32cpu");
  EXPECT_EQ(facts.arch, "arm64");
  EXPECT_EQ(facts.hypervisor, "");
  EXPECT_EQ(facts.online.count(), 32);
  EXPECT_EQ(facts.isolated.list(), "4-31");
  EXPECT_EQ(facts.rcu_nocbs.list(), "4-31");  // implied by nohz_full
  EXPECT_EQ(facts.siblings.at(31), CpuSet{31});
  EXPECT_FALSE(facts.root);
  EXPECT_EQ(facts.all.at("cpu.model"), "implementer 0x50 part 0x000 variant 0x3 revision 2");
  EXPECT_THAT(facts.all.at("clock.tsc_reliable"), StartsWith("not applicable"));
  EXPECT_EQ(facts.all.at("clock.source"), "arch_sys_counter");
  EXPECT_EQ(facts.all.count("memory.direct_map_4k_bytes"), 0u);
}

TEST(Facts, TwoSocketsUnderAnEmulator) {
  const HostFacts facts = facts_of("two_sockets_x86_8cpu");
  EXPECT_EQ(facts.kernel_release, "6.12.117+deb12-amd64");
  EXPECT_EQ(facts.online.list(), "0-7");
  EXPECT_EQ(facts.isolated.list(), "4-7");
  EXPECT_EQ(facts.nohz_full.list(), "4-7");
  EXPECT_EQ(facts.siblings.at(4), (CpuSet{4, 5}));
  EXPECT_EQ(facts.emulator, "QEMU");
  EXPECT_EQ(facts.all.at("cpu.threads"), "2 threads a core");
  EXPECT_TRUE(facts.config_on("CONFIG_KPROBES"));
  EXPECT_EQ(facts.config("CONFIG_PREEMPT_RT"), "n");
}

TEST(Facts, AnArm64GuestOf32Cores) {
  const HostFacts facts = facts_of("guest_arm64_32cpu");
  EXPECT_EQ(facts.arch, "arm64");
  EXPECT_EQ(facts.online.list(), "0-31");
  EXPECT_EQ(facts.isolated.list(), "4-31");
  EXPECT_EQ(facts.siblings.at(31), CpuSet{31});
  EXPECT_EQ(facts.emulator, "QEMU");
  EXPECT_EQ(facts.page_size, 4096u);
  EXPECT_EQ(facts.all.at("clock.source"), "arch_sys_counter");
  EXPECT_TRUE(facts.config_on("CONFIG_ARM64_4K_PAGES"));
  EXPECT_FALSE(facts.config_on("CONFIG_KFENCE_STATIC_KEYS"));
}

TEST(Facts, AMachineThatShowsNothingIsUnknownNotEmpty) {
  const HostFacts facts = read_kernel_facts(MemoryFiles{});
  EXPECT_TRUE(facts.online.empty());
  EXPECT_EQ(facts.config("CONFIG_HZ"), "unknown");
  EXPECT_FALSE(facts.config_on("CONFIG_HZ"));
  for (const char* key :
       {"kernel.version", "cpu.model", "cpu.governor", "memory.total_bytes", "software.gcc",
        "mitigation", "kernel.config_source", "cpu.dma_latency_us", "cpu.idle_states"})
    EXPECT_THAT(facts.all.at(key), StartsWith("unknown: ")) << key;
}

TEST(Facts, NoFactHasControlCharactersOrIsEmptyWithoutReason) {
  for (const char* name : kMachines) {
    for (const auto& [key, value] : facts_of(name).all) {
      EXPECT_EQ(value.find_first_of("\n\r"), std::string::npos) << key;
      EXPECT_THAT(key, testing::MatchesRegex("[a-z0-9_]+([.][A-Za-z0-9_]+)*")) << key;
    }
  }
}

TEST(Facts, EveryKeyIsDocumented) {
  std::ifstream page(ISOLAB_SOURCE_DIR "/docs/recording-format.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  ASSERT_THAT(text, HasSubstr("## Facts"));
  for (const char* name : kMachines) {
    for (const auto& [key, value] : facts_of(name).all) {
      const std::string group = key.substr(0, key.find('.')), rest = key.substr(key.find('.') + 1);
      if (group == "mitigation" || rest.starts_with("config.")) continue;  // one row for the family
      const bool software = group == "software" && text.find("`" + rest + "`") != std::string::npos;
      const bool whole = text.find("`" + key + "`") != std::string::npos;
      const bool listed = text.find("`" + group + ".") != std::string::npos &&
                          text.find("`." + rest + "`") != std::string::npos;
      EXPECT_TRUE(software || whole || listed) << key;
    }
  }
}

TEST(Facts, HypervisorsByName) {
  const CapturedMachine guest = machine("guest_x86_2cpu");
  const auto name_with = [&](const std::string& path, const std::string& text) {
    return read_kernel_facts(guest.with(path, text)).hypervisor;
  };
  EXPECT_EQ(name_with("/sys/class/dmi/id/sys_vendor", "VMware, Inc.\n"), "VMware");
  EXPECT_EQ(name_with("/sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"), "Hyper-V");
  EXPECT_EQ(name_with("/sys/class/dmi/id/sys_vendor", "QEMU\n"), "KVM");
  EXPECT_EQ(name_with("/sys/hypervisor/type", "xen\n"), "Xen");
  EXPECT_EQ(
      name_with("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n"),
      "unnamed");
  // A bare-metal machine of a cloud has the vendor's name but not the flag.
  const auto metal = machine("server_x86_smt").with("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
  EXPECT_EQ(read_kernel_facts(metal).hypervisor, "");
}

TEST(Facts, RcuOffloadOfAllCpus) {
  const auto all =
      machine("guest_x86_2cpu").with("/proc/cmdline", "rcu_nocbs=0 quiet rcu_nocbs=all\n");
  EXPECT_EQ(read_kernel_facts(all).rcu_nocbs, (CpuSet{0, 1}));
}

TEST(Facts, CommandLineValues) {
  const char line[] = "root=/dev/sda ro isolcpus=domain,2-3 tsc=unstable xtsc=1 tsc=reliable\n";
  EXPECT_EQ(command_line_value(line, "tsc"), "reliable");
  EXPECT_EQ(command_line_value(line, "isolcpus"), "domain,2-3");
  EXPECT_EQ(command_line_value(line, "ro"), "");
  EXPECT_EQ(command_line_value(line, "none"), "");
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 100, '\0'), copy = text;
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

TEST(KernelConfig, PackedOrPlain) {
  const std::string text =
      "#\n# comment\nCONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=\"a "
      "b\"\nCONFIG_E=100\n";
  const MemoryFiles packed({{"/proc/config.gz", gzip(text)}, {"/boot/config-1", "CONFIG_Z=y\n"}});
  const auto config = read_kernel_config(packed, "1");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->source, "/proc/config.gz");
  EXPECT_EQ(config->text, text);
  EXPECT_EQ(config->options,
            (std::map<std::string, std::string>{
                {"CONFIG_A", "y"}, {"CONFIG_B", "m"}, {"CONFIG_D", "a b"}, {"CONFIG_E", "100"}}));
  const MemoryFiles plain({{"/boot/config-1", text}, {"/boot/config-2", ""}});
  EXPECT_EQ(read_kernel_config(plain, "1")->source, "/boot/config-1");
}

TEST(KernelConfig, DamageIsAnErrorAndAbsenceUnsupported) {
  std::string damaged = gzip(std::string(10'000, 'x'));
  damaged.resize(damaged.size() / 2);
  EXPECT_EQ(unpack_gzip(damaged).error().kind, ErrorKind::parse);
  EXPECT_EQ(read_kernel_config(MemoryFiles{}, "1").error().kind, ErrorKind::unsupported);
  EXPECT_FALSE(unpack_gzip(gzip(std::string(20U << 20, 'x'))));  // a bomb
}

TEST(Software, DpkgStatus) {
  const auto packages = installed_packages(
      "Package: gcc\nStatus: install ok installed\nVersion: 4:12.2.0-3\nDescription: compiler\n "
      "Version: 9\n\n"
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: last\nStatus: hold "
      "ok installed\nVersion: 2");
  EXPECT_EQ(packages, (std::map<std::string, std::string>{{"gcc", "4:12.2.0-3"}, {"last", "2"}}));
}

TEST(Software, LibrariesAreFoundByFamily) {
  const MemoryFiles files{
      {{"/var/lib/dpkg/status",
        "Package: libyaml-cpp0.8\nStatus: install ok installed\nVersion: 0.8.0\n\n"
        "Package: libyaml-cpp0.8-dev\nStatus: install ok installed\nVersion: 0.8.0\n"}}};
  Facts facts;
  add_software(files, facts);
  EXPECT_EQ(facts.at("software.yaml_cpp"), "libyaml-cpp0.8 0.8.0");
  EXPECT_EQ(facts.at("software.gcc"), "not installed");
  EXPECT_THAT(facts.at("software.built_with"),
              testing::AnyOf(StartsWith("GCC "), StartsWith("Clang ")));
}

TEST(Facts, ThisMachineIsReadWithTopology) {
  const HostFacts facts = read_host_facts(SystemFiles{});
  EXPECT_FALSE(facts.online.empty());
  EXPECT_EQ(facts.siblings.size(), static_cast<std::size_t>(facts.online.count()));
  EXPECT_GT(facts.memory_bytes, 0u);
  EXPECT_EQ(facts.root, is_root());
  EXPECT_FALSE(facts.kernel_release.empty());
  EXPECT_GE(std::stoi(facts.all.at("topology.cpus")), facts.online.count());
  EXPECT_GE(std::stoi(facts.all.at("topology.packages")), 1);
}

}  // namespace
}  // namespace isolab
