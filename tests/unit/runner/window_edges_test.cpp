// SPDX-License-Identifier: Apache-2.0
// The span that counts are divided by begins and ends with the counters, however long an operation
// of a workload takes to end.
#include "runner/window_edges.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "host/os.h"
#include "tests/support/workload_bench.h"
#include "workloads/support/generator.h"

namespace isolab {
namespace {

/// A workload whose operations last as long as `kOperation`, and when the latest one ended.
class Slow final : public Generator {
 public:
  static constexpr auto kOperation = std::chrono::milliseconds(300);
  explicit Slow(const WorkloadContext& context) : Generator({0, true}, context) {}
  Result<void> prepare() override { return {}; }
  std::atomic<int> begun{0};
  std::atomic<std::uint64_t> ended_ns{0};

 protected:
  Result<void> op() override {
    ++begun;
    sleep_for(kOperation);
    ended_ns = mono_raw_ns();
    return {};
  }
};

/// Notes the name and the time of each step.
struct Steps {
  std::vector<std::string> names;
  std::vector<std::uint64_t> times;
  Result<void> did(const std::string& name, Result<void> outcome = {}) {
    names.push_back(name);
    times.push_back(mono_raw_ns());
    return outcome;
  }
  WindowSteps all() {
    return {.hold = [this](const char* edge) { (void)did(std::string("hold ") + edge); },
            .open = [this] { return did("open"); },
            .begin = [this] { return did("begin"); },
            .release = [this] { (void)did("release"); },
            .wait = [this] { return did("wait"); },
            .end = [this] { return did("end"); },
            .close = [this] { return did("close"); }};
  }
  std::uint64_t time(const std::string& name, int nth = 0) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name && nth-- == 0) return times[i];
    return 0;
  }
};

const std::vector<std::string> kWhole{"hold start", "open", "begin",   "release", "wait",
                                      "hold end",   "end",  "release", "close"};

TEST(WindowEdges, TheSpanEnclosesTheReadingsAndNothingElse) {
  Steps steps;
  WindowRecord record;
  ASSERT_TRUE(measure_between_edges(steps.all(), record));
  EXPECT_EQ(steps.names, kWhole);
  EXPECT_GE(record.begin_ns, steps.time("open"));
  EXPECT_LE(record.begin_ns, steps.time("begin"));
  EXPECT_GE(record.end_ns, steps.time("end"));
  EXPECT_LE(record.end_ns, steps.time("release", 1));
}

TEST(WindowEdges, TheWaitForALongOperationIsNoExposure) {
  MemoryFiles files;
  WorkloadBench bench(files);
  Slow work(bench.context());
  std::thread worker([&] { EXPECT_TRUE(work.run()); });
  while (work.begun.load() == 0) sleep_for(std::chrono::milliseconds(1));  // the first is under way

  std::uint64_t counted_from = 0, counted_to = 0, operations = 0, opened_ns = 0;
  const auto count = [&] { return bench.context().counters.get(0); };
  Steps steps;
  auto all = steps.all();
  all.hold = [&](const char*) { EXPECT_TRUE(bench.block().hold(std::chrono::seconds(30))); };
  all.release = [&] { bench.block().release(); };
  all.open = [&]() -> Result<void> {
    opened_ns = mono_raw_ns();
    return {};
  };
  all.begin = [&]() -> Result<void> {
    counted_from = work.ended_ns.load();
    operations = count();
    return {};
  };
  all.wait = [&]() -> Result<void> {
    while (count() < operations + 2) sleep_for(std::chrono::milliseconds(1));
    return {};
  };
  all.end = [&]() -> Result<void> {
    counted_to = work.ended_ns.load();
    operations = count() - operations;
    return {};
  };
  WindowRecord record;
  ASSERT_TRUE(measure_between_edges(all, record));
  bench.block().request_stop();
  worker.join();

  // The operation that was under way ended before probe and counters began.
  EXPECT_GE(opened_ns, counted_from);
  EXPECT_GE(record.begin_ns, counted_from);
  EXPECT_GE(record.end_ns, counted_to);
  EXPECT_GE(operations, 2U);
  const auto span = std::chrono::nanoseconds(record.end_ns - record.begin_ns);
  EXPECT_GE(span, static_cast<int>(operations) * Slow::kOperation);
}

TEST(WindowEdges, AnErrorOfTheWaitStillEndsEverything) {
  Steps steps;
  auto all = steps.all();
  all.wait = [&] { return steps.did("wait", Error{ErrorKind::interrupted, "interrupted"}); };
  all.end = [&] { return steps.did("end", Error{ErrorKind::io, "no counters"}); };
  WindowRecord record;
  const auto outcome = measure_between_edges(all, record);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::interrupted);
  EXPECT_EQ(steps.names, kWhole);
  EXPECT_GT(record.end_ns, record.begin_ns);
}

TEST(WindowEdges, AProbeThatCannotListenEndsTheWindowBeforeItBegan) {
  Steps steps;
  auto all = steps.all();
  all.open = [&] { return steps.did("open", Error{ErrorKind::busy, "it never ran"}); };
  WindowRecord record;
  EXPECT_FALSE(measure_between_edges(all, record));
  EXPECT_EQ(steps.names, (std::vector<std::string>{"hold start", "open"}));
  EXPECT_EQ(record.begin_ns, 0U);
  EXPECT_EQ(record.end_ns, 0U);
}

}  // namespace
}  // namespace isolab
