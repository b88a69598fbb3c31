// SPDX-License-Identifier: Apache-2.0
// One profile on two machines in one table: counts, zeros with their bound, what is not applicable.
#include "report/side_by_side.h"

#include <gmock/gmock.h>

#include "tests/support/golden_file.h"
#include "tests/support/session_findings.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using testing::Not;

Findings findings_of_machine(const std::string& arch, const std::string& release) {
  Findings out = test::empty_session({"idle", "toggle", "membarrier"});
  out.facts["kernel.arch"] = arch;
  out.facts["kernel.release"] = release;
  out.facts["cpu.online"] = "0-3";
  out.facts["cpu.emulated"] = "yes: QEMU";
  out.measured = "2-3";
  return out;
}

/// Two traced CPUs of six seconds.
void traced(Findings& findings, const std::string& arm) {
  for (const int cpu : {2, 3}) {
    CpuInterruptions one;
    one.arm = arm;
    one.cpu = cpu;
    one.windows = 1;
    one.exposure_s = 6;
    findings.interruptions.cpus.push_back(one);
  }
}

void ran(Findings& findings, const std::string& arm, const std::string& klass, std::uint64_t first,
         std::uint64_t second) {
  std::uint64_t count = first;
  for (auto& cpu : findings.interruptions.cpus) {
    if (cpu.arm != arm) continue;
    CauseRow row;
    row.name.klass = klass;
    row.name.by_ipi = true;
    row.callbacks = count;
    row.ipis = count / 2;  // two functions an IPI
    cpu.causes.push_back(row);
    count = second;
  }
}

void did(Findings& findings, const std::string& arm, std::uint64_t operations) {
  Metric metric = test::value_metric(
      "ipis_per_op", {{"arm", arm}, {"workload", arm}, {"row", "CAL"}, {"cpu", "all"}}, 1);
  metric.n = operations;
  findings.metrics.push_back(metric);
}

std::vector<Findings> two() {
  std::vector<Findings> out{findings_of_machine("x86_64", "6.12.117+deb12-amd64"),
                            findings_of_machine("arm64", "6.12.117+deb12-arm64")};
  for (auto& findings : out) {
    traced(findings, "idle");
    traced(findings, "toggle");
    did(findings, "toggle", 30);
  }
  ran(out[0], "idle", "timer_kick", 3, 3);
  ran(out[0], "toggle", "text_patch", 270, 270);
  ran(out[0], "toggle", "timer_kick", 3, 4);
  ran(out[1], "toggle", "text_patch", 30, 30);
  CauseRow own;  // not sent by another CPU: no row of this table
  own.name.klass = "tick";
  own.callbacks = 1000;
  out[0].interruptions.cpus[0].causes.push_back(own);
  traced(out[0], "membarrier");
  did(out[0], "membarrier", 60);
  ran(out[0], "membarrier", "membarrier", 60, 60);
  out[1].arms[2].windows = 0;
  out[1].arms[2].not_applicable = "membarrier: the kernel has no CONFIG_MEMBARRIER";
  return out;
}

TEST(SideBySide, CountsZerosAndWhatIsNotApplicable) {
  const auto all = two();
  const auto text = render_side_by_side(side_by_side(all));
  test::expect_page(text, 100);
  test::expect_golden("report/side_by_side.txt", text);
  EXPECT_THAT(text, Not(HasSubstr("tick")));
}

TEST(SideBySide, JsonHasCountExposureAndBound) {
  const auto all = two();
  test::expect_golden("report/side_by_side.json", print_json(side_by_side_json(side_by_side(all))));
}

TEST(SideBySide, AnOperationSendsWhatTheIdleArmDoesNotShow) {
  SideCell cell;
  cell.count = 60;
  cell.cpus = 2;
  cell.exposure_s = 12;
  cell.operations = 10;
  EXPECT_EQ(per_operation(cell), 3.0) << "no idle arm";
  cell.idle_exposure_s = 24;
  cell.idle_count = 40;
  EXPECT_EQ(per_operation(cell), 2.0);
  cell.idle_count = 110;
  EXPECT_FALSE(per_operation(cell)) << "55 of 60 come anyway";
  cell.operations = 0;
  EXPECT_FALSE(per_operation(cell));
}

TEST(SideBySide, AnArmThatWasNotTracedHasNoCount) {
  auto all = two();
  std::erase_if(all[1].interruptions.cpus, [](const auto& cpu) { return cpu.arm == "toggle"; });
  const auto table = side_by_side(all);
  EXPECT_EQ(table.rows[1].cells[1].not_applicable, "it was not traced");
  EXPECT_EQ(table.rows[0].klass, "timer_kick");
  EXPECT_EQ(table.rows[0].cells[1].count, 0u);
}

}  // namespace
}  // namespace isolab
