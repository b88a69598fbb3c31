// SPDX-License-Identifier: Apache-2.0
// The observer ipi_trace over one window on the real machine, in which a task of the test wakes on
// the measured CPU: an idle CPU may have no event of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/os.h"
#include "host/process.h"
#include "probes/contract/observer.h"
#include "tests/support/temporary_directory.h"
#include "trace/read/meta.h"
#include "trace/read/reader.h"

namespace isolab {
namespace {

class IpiTraceObserver : public testing::Test {
 protected:
  void SetUp() override { facts_ = read_host_facts(files_); }

  WindowRecord run(const ParamValues& values = {}) {
    WindowRecord record;
    StateGuard guard(files_, directory_ / "journal");
    const CpuSet measured{facts_.online.last().value()};
    // As the runner does: a task that moved would have its memory flushed on the CPU it left.
    EXPECT_TRUE(pin_this_thread(facts_.online - measured));
    const auto waking = Child::fork_into("waking", measured, [] {
      while (true) sleep_for(std::chrono::milliseconds{50});
      return 0;
    });
    EXPECT_TRUE(waking) << waking.error().text();
    const ObserverContext context{.host = {files_, facts_},
                                  .guard = guard,
                                  .measured = measured,
                                  .housekeeping = facts_.online - measured,
                                  .directory = directory_};
    auto observer = find_observer("ipi_trace")->make(values, context);
    EXPECT_TRUE(observer);
    for (const auto& [step, done] :
         {std::pair("prepare", (*observer)->prepare()), std::pair("begin", (*observer)->begin())})
      EXPECT_TRUE(done) << step << ": " << done.error().text();
    sleep_for(std::chrono::milliseconds{300});
    const auto ended = (*observer)->end();
    EXPECT_TRUE(ended) << ended.error().text();
    const auto finished = (*observer)->finish(record);
    EXPECT_TRUE(finished) << finished.error().text();
    observer->reset();
    EXPECT_THAT(guard.restore(), testing::IsEmpty());
    return record;
  }

  SystemFiles files_;
  HostFacts facts_;
  const test::TemporaryDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path();
};

TEST_F(IpiTraceObserver, RecordsAWindowWithoutSendingAnIpiIntoIt) {
  if (!is_root() || facts_.online.count() < 2) GTEST_SKIP() << "needs root and two CPUs";
  const auto record = run({{"buffer", {"2MiB"}}, {"quiet", {"100ms"}}});
  const auto meta = TraceMeta::read(record.notes);
  ASSERT_TRUE(meta) << meta.error().text();
  if (!meta->traced()) GTEST_SKIP() << testing::PrintToString(meta->reasons);
  EXPECT_EQ(meta->lost(), 0u);
  EXPECT_LT(meta->begin, meta->end);
  EXPECT_EQ(meta->other.at("own_calls"), "0");
  EXPECT_EQ(meta->other.at("remarks"), "");
  EXPECT_GE(meta->line.ns1 - meta->line.ns0, 250'000'000u);
  for (const auto& file : record.files)
    EXPECT_TRUE(std::filesystem::is_regular_file(directory_ / file)) << file;
  EXPECT_THAT(record.files,
              testing::IsSupersetOf({"trace/formats/header_page", "trace/symbols", "trace/comms",
                                     "trace/formats/sched/sched_switch"}));

  const auto trace = TraceDirectory::load(directory_ / "trace");
  ASSERT_TRUE(trace) << trace.error().text();
  EXPECT_EQ(trace->comms.at(1).empty(), false);
  auto readers = trace->open_all();
  ASSERT_TRUE(readers);
  std::uint64_t events = 0, inside = 0;
  merge_cpus(std::move(*readers), [&](const TraceEvent& event) {
    ++events;
    inside += event.time >= meta->begin && event.time <= meta->end ? 1 : 0;
    EXPECT_NE(trace->formats.find(event.id()), nullptr) << event.id();
  });
  EXPECT_EQ(std::to_string(events), meta->other.at("events"));
  EXPECT_GT(inside, 0u);
  EXPECT_LE(events - inside, 16u);
}

TEST_F(IpiTraceObserver, GoesOnWithoutRightsAndSaysWhatIsLost) {
  facts_.root = false;
  const auto record = run();
  const auto meta = TraceMeta::read(record.notes);
  ASSERT_TRUE(meta) << meta.error().text();
  EXPECT_EQ(meta->level, "D");
  EXPECT_FALSE(meta->traced());
  EXPECT_THAT(meta->reasons, testing::ElementsAre(testing::HasSubstr("Not root")));
  EXPECT_THAT(record.files, testing::IsEmpty());
}

}  // namespace
}  // namespace isolab
