// SPDX-License-Identifier: Apache-2.0
// Which faults of a window end a run with the exit code for disturbed measurements.
#include "runner/disturbances.h"
#include "base/warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "trace/read/meta.h"

namespace isolab {
namespace {

struct Case {
  const char* fault;  // a part of the sentence; empty: the window is whole
  std::function<void(WindowRecord&)> change;
};

void trace(WindowRecord& window, const std::function<void(TraceMeta&)>& change) {
  TraceMeta meta;
  meta.level = "A";
  meta.clock = "x86-tsc";
  meta.loss = {{0, {}}, {1, {}}};
  change(meta);
  meta.write(window.notes);
}

WindowRecord whole() {
  WindowRecord window;
  window.status = "complete";
  window.end_ns = 1;
  window.probe.cpus.resize(2);
  window.work.resize(1);
  window.work[0].workload = "hackbench";
  return window;
}

TEST(Disturbances, EachFaultIsOne) {
  const std::vector<Case> cases{
      {"", [](WindowRecord&) {}},
      {"", [](WindowRecord& w) { trace(w, [](TraceMeta&) {}); }},
      {"",
       [](WindowRecord& w) {
         w.notes["ipi_trace.level"] = "D";  // not traced: said elsewhere, nothing was lost
       }},
      {"", [](WindowRecord& w) { w.work[0].notes["operation_cut_at"] = "end"; }},
      {"", [](WindowRecord& w) { w.warnings.push_back(make_warning(WarningId::steal, "0.1 s")); }},
      {"interrupted", [](WindowRecord& w) { w.status = "interrupted"; }},
      {"failed: x", [](WindowRecord& w) { w.status = "failed: x"; }},
      {"disturbed: the trace reader ended",
       [](WindowRecord& w) { w.status = "disturbed: the trace reader ended"; }},
      {"lost 3 events",
       [](WindowRecord& w) { trace(w, [](TraceMeta& m) { m.loss[1].dropped = 3; }); }},
      {"lost 1 events",
       [](WindowRecord& w) { trace(w, [](TraceMeta& m) { m.loss[0].overrun = 1; }); }},
      {"lost 2 events",
       [](WindowRecord& w) { trace(w, [](TraceMeta& m) { m.loss[0].commit_overrun = 2; }); }},
      {"trace of CPU 2",
       [](WindowRecord& w) { trace(w, [](TraceMeta& m) {
                               m.cut[2] = {5, "gone"};
                             }); }},
      {"ipi_trace.window",
       [](WindowRecord& w) {
         trace(w, [](TraceMeta&) {});
         w.notes["ipi_trace.window"] = "garbage";
       }},
      {"it never ran", [](WindowRecord& w) { w.probe.cpus[1].error = "it never ran"; }},
      {"7 gaps did not fit", [](WindowRecord& w) { w.probe.cpus[0].gaps_dropped = 7; }},
      {"hackbench: killed", [](WindowRecord& w) { w.work[0].error = "killed by SIGKILL"; }},
      {"disturbed: killed",  // said once
       [](WindowRecord& w) {
         w.work[0].error = "killed by SIGKILL";
         w.status = status_at_end(w, "", false);
       }},
  };
  for (const auto& disturbance : cases) {
    auto window = whole();
    disturbance.change(window);
    const auto found = disturbances(window);
    if (*disturbance.fault == '\0')
      EXPECT_THAT(found, testing::IsEmpty());
    else
      EXPECT_THAT(found, testing::ElementsAre(testing::HasSubstr(disturbance.fault)));
  }
}

// Its zeroes and its counts are no numbers: window_counts() (analysis/model/windows.h) leaves it
// out.
TEST(Disturbances, AWindowWithoutItsDataOrItsWorkloadIsNotComplete) {
  auto window = whole();
  EXPECT_EQ(status_at_end(window, "", false), "complete");
  EXPECT_EQ(status_at_end(window, "", true), "interrupted");
  for (const bool interrupted : {false, true})
    EXPECT_EQ(status_at_end(window, "the trace reader ended", interrupted),
              "disturbed: the trace reader ended");
  window.work[0].error = "workload hackbench ignored the request to stop";
  window.end_ns = 0;  // Ctrl-C came before the window began
  EXPECT_EQ(status_at_end(window, "", true), "interrupted");
  window.end_ns = 1;
  for (const bool interrupted : {false, true})
    EXPECT_EQ(status_at_end(window, "", interrupted), "disturbed: " + window.work[0].error);
}

}  // namespace
}  // namespace isolab
