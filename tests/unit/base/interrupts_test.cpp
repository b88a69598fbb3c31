// SPDX-License-Identifier: Apache-2.0
// Rows as the kernels print them: x86 6.18 (a 2-CPU guest), x86 6.12 rows, arm64 6.1 and 6.12.
#include "base/interrupts.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace isolab {
namespace {

const char kX86Guest[] =
    R"(           CPU0       CPU1       
 24:          1          0  IO-APIC   5-edge      ACPI:Ged
 36:          0      66766 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
NMI:          0          0   Non-maskable interrupts
LOC:      32184      32579   Local timer interrupts
SPU:          0          0   Spurious interrupts
PMI:          0          0   Performance monitoring interrupts
IWI:          0          1   IRQ work interrupts
RTR:          0          0   APIC ICR read retries
RES:      12891       7174   Rescheduling interrupts
CAL:      44340      30929   Function call interrupts
TLB:       2140       1761   TLB shootdowns
TRM:          0          0   Thermal event interrupts
HYP:         26         86   Hypervisor callback interrupts
ERR:          0
MIS:          0
PIN:          0          0   Posted-interrupt notification event
NPI:          0          0   Nested posted-interrupt event
PIW:          0          0   Posted-interrupt wakeup event
)";

const char kArm64_6_12[] =
    R"(           CPU0       CPU1       CPU2       CPU3       
 10:       3312       2786       2410       2575     GICv3  30 Level     arch_timer
 13:          7          0          0          0     GICv3  33 Level     uart-pl011
 15:          0          0          0          0     GICv3  23 Level     arm-pmu
 20:          0          0       1201          0       MSI 524289 Edge      nvme0q1
IPI0:       541       1022        733        640       Rescheduling interrupts
IPI1:       907        958       1017        611       Function call interrupts
IPI2:         0          0          0          0       CPU stop interrupts
IPI3:         0          0          0          0       CPU stop NMIs
IPI4:         3          0          0          0       Timer broadcast interrupts
IPI5:         2          0          1          0       IRQ work interrupts
IPI6:         0          0          0          0       CPU backtrace interrupts
IPI7:         0          0          0          0       KGDB roundup interrupts
Err:          2
)";

const char kArm64_6_1[] =
    R"(           CPU0       CPU1       
 11:       1500       1400     GICv2  30 Level     arch_timer
IPI0:        10         20       Rescheduling interrupts
IPI1:        30         40       Function call interrupts
IPI2:         0          0       CPU stop interrupts
IPI3:         0          0       CPU stop (for crash dump) interrupts
IPI4:         0          0       Timer broadcast interrupts
IPI5:         0          0       IRQ work interrupts
IPI6:         0          0       CPU wake-up interrupts
Err:          0
)";

std::vector<CounterRow> parsed_rows(std::string_view text) {
  auto rows = parse_interrupts(text);
  EXPECT_TRUE(rows) << rows.error().what;
  return rows ? *rows : std::vector<CounterRow>{};
}

const CounterRow& row(const std::vector<CounterRow>& rows, std::string_view id) {
  for (const CounterRow& row : rows)
    if (row.id == id) return row;
  throw std::logic_error("no row " + std::string(id));
}

TEST(Interrupts, X86Rows) {
  const auto rows = parsed_rows(kX86Guest);
  EXPECT_EQ(rows.size(), 18u);
  EXPECT_EQ(row(rows, "CAL").before, (std::map<int, std::uint64_t>{{0, 44340}, {1, 30929}}));
  EXPECT_EQ(row(rows, "CAL").label, "Function call interrupts");
  EXPECT_TRUE(row(rows, "CAL").after.empty());
  const std::map<std::string, std::string> kinds = {
      {"36", "device"},      {"NMI", "nmi"},           {"LOC", "timer"},      {"SPU", "error"},
      {"PMI", "other"},      {"RTR", "error"},         {"IWI", "irq_work"},   {"TLB", "tlb"},
      {"RES", "reschedule"}, {"CAL", "function_call"}, {"ERR", "error"},      {"HYP", "hypervisor"},
      {"TRM", "thermal"},    {"MIS", "error"},         {"PIN", "hypervisor"}, {"24", "device"},
      {"PIW", "hypervisor"}, {"NPI", "hypervisor"}};
  for (const auto& [id, kind] : kinds) EXPECT_EQ(row(rows, id).kind, kind) << id;
}

TEST(Interrupts, DeviceRowsKeepChipAndNameInTheLabel) {
  EXPECT_EQ(row(parsed_rows(kX86Guest), "36").label, "PCI-MSIX-0000:00:02.0 1-edge virtio1-req.0");
  const auto rows = parsed_rows(kArm64_6_12);
  // The hardware interrupt number after the chip is no count of a fifth CPU.
  EXPECT_EQ(row(rows, "20").before,
            (std::map<int, std::uint64_t>{{0, 0}, {1, 0}, {2, 1201}, {3, 0}}));
  EXPECT_EQ(row(rows, "20").label, "MSI 524289 Edge nvme0q1");
}

TEST(Interrupts, MachineWideRowsStandUnderNoCpu) {
  EXPECT_EQ(row(parsed_rows(kX86Guest), "ERR").before,
            (std::map<int, std::uint64_t>{{kWholeMachine, 0}}));
  EXPECT_EQ(row(parsed_rows(kArm64_6_12), "Err").before,
            (std::map<int, std::uint64_t>{{kWholeMachine, 2}}));
}

TEST(Interrupts, Arm64RowsMatchByTextWhateverTheirNumber) {
  const auto new_rows = parsed_rows(kArm64_6_12);
  const std::map<std::string, std::string> kinds = {
      {"10", "timer"},           {"13", "device"},
      {"15", "device"},          {"IPI0", "reschedule"},
      {"IPI1", "function_call"}, {"IPI2", "cpu_stop"},
      {"IPI3", "cpu_stop"},      {"IPI4", "timer_broadcast"},
      {"IPI5", "irq_work"},      {"IPI6", "other"},
      {"IPI7", "other"},         {"Err", "error"}};
  for (const auto& [id, kind] : kinds) EXPECT_EQ(row(new_rows, id).kind, kind) << id;
  const auto old_rows = parsed_rows(kArm64_6_1);
  EXPECT_EQ(row(old_rows, "IPI3").kind, "cpu_stop");
  EXPECT_EQ(row(old_rows, "IPI6").kind, "other");
  EXPECT_EQ(row(old_rows, "11").kind, "timer");
}

TEST(Interrupts, OtherX86Rows) {
  EXPECT_EQ(interrupt_kind("MCE", "Machine check exceptions"), "machine_check");
  EXPECT_EQ(interrupt_kind("MCP", "Machine check polls"), "machine_check");
  EXPECT_EQ(interrupt_kind("THR", "Threshold APIC interrupts"), "machine_check");
  EXPECT_EQ(interrupt_kind("DFR", "Deferred Error APIC interrupts"), "machine_check");
  EXPECT_EQ(interrupt_kind("HVS", "Hyper-V stimer0 interrupts"), "timer");
  EXPECT_EQ(interrupt_kind("HRE", "Hyper-V reenlightenment interrupts"), "hypervisor");
  EXPECT_EQ(interrupt_kind("PLT", "Platform interrupts"), "other");
  EXPECT_EQ(interrupt_kind("0", "IO-APIC 2-edge timer"), "device");
}

std::string many_cpus(int cpus) {
  std::string text = "     ";
  for (int cpu = 0; cpu < cpus; ++cpu) text += fmt::format("{:>11}", fmt::format("CPU{}", 2 * cpu));
  text += "\n 128: ";
  for (int cpu = 0; cpu < cpus; ++cpu) text += fmt::format("{:>10} ", cpu);
  text += " IR-PCI-MSI 1048576-edge      mlx5_comp0@pci:0000:3b:00.0\n LOC: ";
  for (int cpu = 0; cpu < cpus; ++cpu)
    text += fmt::format("{:>10} ", 4294967000U + static_cast<unsigned>(cpu));
  return text + "   Local timer interrupts\n ERR:          0\n";
}

TEST(Interrupts, ManyCpusSomeOffline) {
  const auto rows = parsed_rows(many_cpus(256));
  EXPECT_EQ(row(rows, "128").before.size(), 256u);
  EXPECT_EQ(row(rows, "128").before.at(510), 255u);
  EXPECT_FALSE(row(rows, "128").before.contains(511));
  EXPECT_EQ(row(rows, "LOC").before.at(2), 4294967001U);
}

TEST(Interrupts, OneCpu) {
  const auto rows = parsed_rows(
      "           CPU0       \n  0:         44   IO-APIC   2-edge      timer\nERR:          3\n");
  EXPECT_EQ(row(rows, "0").before.at(0), 44u);
  EXPECT_EQ(row(rows, "ERR").before, (std::map<int, std::uint64_t>{{kWholeMachine, 3}}));
}

TEST(Interrupts, GarbledTablesAreRefused) {
  for (const char* text :
       {"", "hello\n", "CPU0 CPUx\n", "  CPU0 CPU1\nLOC: 5\n", "  CPU0\nLOC 5 Local\n",
        "  CPU0\nLOC: five Local\n", "  CPU0\nLOC: 99999999999999999999 Local\n"}) {
    const auto rows = parse_interrupts(text);
    ASSERT_FALSE(rows) << text;
    EXPECT_EQ(rows.error().kind, ErrorKind::parse);
  }
}

TEST(Interrupts, AnArm64CountOfTenDigitsFollowsItsNameWithoutABlank) {
  const auto rows = parsed_rows(
      "          CPU0       CPU1\n"
      " 11: 4012345678 4098765432     GICv3  27 Level     arch_timer\n"
      "IPI0:3912345678 4123456789       Rescheduling interrupts\n"
      "IPI1:       812       4321       Function call interrupts\n"
      "IPI2:1234567890          7       CPU stop interrupts\n"
      "Err:          0\n"
      "                              \n");
  EXPECT_EQ(row(rows, "IPI0").before,
            (std::map<int, std::uint64_t>{{0, 3912345678U}, {1, 4123456789U}}));
  EXPECT_EQ(row(rows, "IPI0").kind, "reschedule");
  EXPECT_EQ(row(rows, "IPI2").before.at(0), 1234567890U);
  EXPECT_EQ(rows.size(), 5u);
}

// drivers/irqchip/irq-gic-v5.c, 6.17: PPI, SPI and LPI each count from 0.
TEST(Interrupts, Gicv5) {
  const auto rows = parsed_rows(
      "           CPU0       CPU1\n"
      " 12:       4567       5678 GICv5-PPI  27 Level     arch_timer\n"
      " 14:          0          0 GICv5-PPI  23 Level     arm-pmu\n"
      " 20:         12          0 GICv5-SPI   1 Level     uart-pl011\n"
      " 33:          3          0 GICv5-IPI   0 Edge      IPI\n"
      "IPI0:       101        202       Rescheduling interrupts\n"
      "IPI1:        11         22       Function call interrupts\n"
      "IPI3:         0          0       CPU stop NMIs\n"
      "Err:          0\n");
  EXPECT_EQ(row(rows, "12").kind, "timer");
  EXPECT_EQ(row(rows, "20").kind, "device");
  EXPECT_EQ(row(rows, "33").kind, "other");
  EXPECT_EQ(row(rows, "IPI1").before.at(1), 22u);
  EXPECT_EQ(row(rows, "IPI3").kind, "cpu_stop");
}

TEST(Interrupts, Arm32) {
  const auto old_rows = parsed_rows(
      "           CPU0\n"
      "  3:          5   8250\n"
      "  9:        120   4711KEY\n"
      " 27:      90210   board Timer Tick\n"
      "FIQ:              sound\n"
      "Err:          1\n");
  EXPECT_EQ(row(old_rows, "3").label, "8250");
  EXPECT_EQ(row(old_rows, "9").before.at(0), 120u);
  EXPECT_EQ(row(old_rows, "Err").before.at(kWholeMachine), 1u);
  EXPECT_EQ(old_rows.size(), 4u);  // a FIQ handler is named, not counted
  const auto smp = parsed_rows(
      "           CPU0       CPU1\n"
      " 29:       1000       2000     GIC-0  29 Level     twd\n"
      "IPI0:          0          0  CPU wakeup interrupts\n"
      "IPI2:         70         80  Rescheduling interrupts\n"
      "IPI3:          1          2  Single function call interrupts\n");
  EXPECT_EQ(row(smp, "29").kind, "timer");
  EXPECT_EQ(row(smp, "IPI3").kind, "function_call");
}

TEST(Interrupts, AnyRowMayBeMissing) {
  const auto rows = parsed_rows("  CPU0 CPU1\r\nRES: 5 6 Rescheduling interrupts\r\n");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].label, "Rescheduling interrupts");
  EXPECT_TRUE(parsed_rows("  CPU0 CPU1\n").empty());
}

TEST(Interrupts, ATableReadWhileACpuCameOrWentIsRefusedWithThatReason) {
  for (const char* text :
       {"  CPU0 CPU1 CPU2\nLOC: 5 6 Local timer interrupts\n",
        "  CPU0 CPU1\nLOC: 5 6 7 Local timer interrupts\n", "  CPU0 CPU1\n 36: 5 PCI-MSI eth0\n"}) {
    const auto rows = parse_interrupts(text);
    ASSERT_FALSE(rows) << text;
    EXPECT_THAT(rows.error().what, testing::HasSubstr("counts for")) << text;
    EXPECT_THAT(rows.error().hint, testing::HasSubstr("went offline while it was read"));
  }
}

TEST(Interrupts, ACpuThatWasOfflineAtOneEndHasNoDifference) {
  const auto before = parsed_rows("  CPU0 CPU2\nLOC: 10 1000 Local timer interrupts\nERR: 1\n");
  const auto after = parsed_rows("  CPU0 CPU3\nLOC: 14 9000 Local timer interrupts\nERR: 1\n");
  EXPECT_EQ(cpus_of_one_reading(before, after), (CpuSet{2, 3}));
  const auto rows = join_counters(before, after);
  EXPECT_EQ(row(rows, "LOC").gained(0), 4u);
  EXPECT_EQ(row(rows, "LOC").gained(3), 0u);  // not the 9000 since boot
  EXPECT_FALSE(row(rows, "LOC").after.contains(3));
  EXPECT_FALSE(row(rows, "LOC").before.contains(2));
  EXPECT_TRUE(cpus_of_one_reading(after, after).empty());
}

TEST(Interrupts, SoftirqsOfAKernelWithOtherRows) {
  const auto rows = parse_softirqs(
      "                    CPU0       CPU7\n          HI:          7          1\n"
      "    IRQ_POLL:4012345678 4012345679\n");
  ASSERT_TRUE(rows);
  EXPECT_EQ(row(*rows, "IRQ_POLL").before.at(7), 4012345679U);
  const auto cut = parse_softirqs("  CPU0 CPU1\n  HI: 7\n");
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().what, testing::HasSubstr("\"HI\" has 1 counts for 2 CPUs"));
}

TEST(Interrupts, Softirqs) {
  const auto rows = parse_softirqs(
      "                    CPU0       CPU1       \n          HI:          0          0\n       "
      "TIMER:      11414      11603\n");
  ASSERT_TRUE(rows);
  EXPECT_EQ(row(*rows, "TIMER").before.at(1), 11603u);
  EXPECT_EQ(row(*rows, "TIMER").kind, "softirq");
  EXPECT_EQ(row(*rows, "HI").label, "");
}

TEST(Interrupts, JoiningPairsRowsByIdAndLabel) {
  const auto before =
      parsed_rows("  CPU0 CPU1\n 36: 5 6 PCI eth0\nLOC: 10 20 Local timer interrupts\n");
  const auto after =
      parsed_rows("  CPU0 CPU1\n 36: 1 2 PCI eth1\nLOC: 11 25 Local timer interrupts\n");
  const auto rows = join_counters(before, after);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(row(rows, "LOC").gained(0), 1u);
  EXPECT_EQ(row(rows, "LOC").gained(1), 5u);
  EXPECT_EQ(rows[0].label, "PCI eth0");  // went: its number was given to another device
  EXPECT_EQ(rows[0].after, (std::map<int, std::uint64_t>{{0, 0}, {1, 0}}));
  EXPECT_EQ(rows[0].gained(0), 0u);
  EXPECT_EQ(rows[2].label, "PCI eth1");  // came
  EXPECT_EQ(rows[2].gained(1), 2u);
}

}  // namespace
}  // namespace isolab
