// SPDX-License-Identifier: Apache-2.0
// A real tracefs instance under real IPIs: a child process fires membarriers at its own thread on
// the measured CPU, and every call that arrives there must have its sender.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "host/clock.h"
#include "host/os.h"
#include "tests/support/temporary_directory.h"
#include "trace/live/drain.h"
#include "trace/live/instance.h"
#include "trace/live/kernel_names.h"

namespace isolab {
namespace {

constexpr int kBarriers = 400;

long membarrier(int command) { return ::syscall(SYS_membarrier, command, 0, 0); }

/// Runs in a child: a thread spins on `target`, this thread sends it one IPI per call.
int fire_membarriers(int target) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> turns{0};
  if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0) return 2;
  std::thread peer([&] {
    if (!pin_this_thread(CpuSet{target})) std::_Exit(3);
    while (!stop.load(std::memory_order_relaxed)) turns.fetch_add(1, std::memory_order_relaxed);
  });
  for (int i = 0; i < kBarriers; ++i) {
    // A peer that is scheduled out gets no IPI: wait until it runs.
    for (const auto seen = turns.load(); turns.load() == seen;) std::this_thread::yield();
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  }
  stop = true;
  peer.join();
  return 0;
}

class TraceLive : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root";
    facts_ = read_host_facts(files_);
    capability_ = find_trace_capability(files_, facts_);
    if (!capability_.can_trace()) GTEST_SKIP() << capability_.reasons.front();
    if (facts_.online.count() < 2) GTEST_SKIP() << "needs two CPUs";
    measured_ = CpuSet{facts_.online.last().value()};
    housekeeping_ = facts_.online - measured_;
    std::filesystem::create_directories(directory_ / "trace");
  }

  std::string top(const std::string& name) const {
    return files_.read(capability_.tracefs + "/" + name).value_or("unreadable");
  }
  std::vector<std::string> instances() const {
    return files_.list(capability_.tracefs + "/instances").value_or(std::vector<std::string>());
  }

  SystemFiles files_;
  HostFacts facts_;
  TraceCapability capability_;
  CpuSet measured_, housekeeping_;
  const test::TemporaryDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path();
};

TEST_F(TraceLive, JoinsEveryCallToItsSenderAndLeavesNothingBehind) {
  if (capability_.level != TraceLevel::A) GTEST_SKIP() << "level " << to_string(capability_.level);
  const auto top_before = std::tuple(top("tracing_on"), top("trace_clock"), top("set_event"),
                                     top("current_tracer"), top("buffer_size_kb"));
  std::map<int, TraceLoss> loss;
  std::string instance_name;
  std::uint64_t begin = 0, end = 0;
  {
    StateGuard guard(files_, directory_ / "journal");
    auto instance = TraceInstance::create(
        files_, facts_, guard, capability_,
        {.measured = measured_, .measured_buffer = Bytes{8 << 20}, .other_buffer = Bytes{1 << 20}});
    ASSERT_TRUE(instance) << instance.error().text();
    EXPECT_THAT(instance->remarks(), testing::IsEmpty());
    instance_name = std::filesystem::path(instance->path()).filename();
    EXPECT_THAT(instances(), testing::Contains(instance_name));
    ASSERT_TRUE(instance->save_formats(directory_ / "trace/formats"));

    DrainPlan plan{.instance = instance->path(),
                   .directory = directory_ / "trace",
                   .cpus = housekeeping_,
                   .runs_on = housekeeping_};
    auto drain = TraceDrain::start(plan);
    ASSERT_TRUE(drain) << drain.error().text();
    const bool tsc = instance->clock() == "x86-tsc";
    const auto now = [&] { return tsc ? read_clock_pair().ticks : read_clock_pair().ns; };
    ASSERT_TRUE(instance->start());
    begin = now();
    auto storm = Child::fork_into("storm", housekeeping_,
                                  [this] { return fire_membarriers(measured_.first().value()); });
    ASSERT_TRUE(storm);
    const auto exit = storm->wait_for(std::chrono::seconds{60});
    end = now();
    ASSERT_TRUE(instance->stop());
    ASSERT_TRUE(exit && exit->ok());
    ASSERT_TRUE(drain->stop());
    plan.cpus = facts_.online;
    ASSERT_TRUE(drain_rest(plan));
    loss = *instance->loss();
    ASSERT_TRUE(instance->switch_off());
    EXPECT_THAT(guard.restore(), testing::IsEmpty());
  }
  EXPECT_THAT(instances(), testing::Not(testing::Contains(instance_name)));
  EXPECT_EQ(top_before, std::tuple(top("tracing_on"), top("trace_clock"), top("set_event"),
                                   top("current_tracer"), top("buffer_size_kb")));
  for (const auto& [cpu, one] : loss) EXPECT_EQ(one.total(), 0u) << "CPU " << cpu;

  auto trace = TraceDirectory::load(directory_ / "trace");
  ASSERT_TRUE(trace) << trace.error().text();
  EXPECT_EQ(trace->pages.size(), static_cast<std::size_t>(facts_.online.count()));
  const auto& formats = trace->formats;
  const auto queue = formats.id_of("csd:csd_queue_cpu");
  const auto entry = formats.id_of("csd:csd_function_entry");
  const auto target = *NumberField::resolve(formats, "csd:csd_queue_cpu", "cpu");
  const auto queue_csd = *NumberField::resolve(formats, "csd:csd_queue_cpu", "csd");
  const auto queue_func = *NumberField::resolve(formats, "csd:csd_queue_cpu", "func");
  const auto entry_csd = *NumberField::resolve(formats, "csd:csd_function_entry", "csd");
  const auto entry_func = *NumberField::resolve(formats, "csd:csd_function_entry", "func");
  const auto stack = *StackField::resolve(formats);
  const auto send = formats.id_of("ipi:ipi_send_cpu");
  const auto callback = *NumberField::resolve(formats, "ipi:ipi_send_cpu", "callback");

  std::map<std::pair<std::uint64_t, std::uint64_t>, int> waiting;
  int queued = 0, reschedules = 0, entered = 0, joined = 0, stacks = 0, outside = 0, elsewhere = 0;
  auto readers = trace->open_all();
  ASSERT_TRUE(readers);
  const auto summaries = merge_cpus(std::move(*readers), [&](const TraceEvent& event) {
    outside += event.time < begin || event.time > end ? 1 : 0;
    if (event.id() == queue) {
      elsewhere += measured_.contains(static_cast<int>(target(event))) ? 0 : 1;
      ++queued;
      ++waiting[{queue_csd(event), queue_func(event)}];
    } else if (event.id() == entry && entry_csd(event) != 0) {
      elsewhere += measured_.contains(event.cpu) ? 0 : 1;
      ++entered;
      auto& count = waiting[{entry_csd(event), entry_func(event)}];
      joined += count > 0 ? 1 : 0;
      count -= count > 0 ? 1 : 0;
    } else if (event.id() == stack.id()) {
      stacks += stack.frames(event) > 2 ? 1 : 0;
    } else if (event.id() == send && callback(event) == 0) {
      ++reschedules;
    }
  });
  for (const auto& summary : summaries) {
    EXPECT_EQ(summary.faulty_pages, 0u);
    EXPECT_EQ(summary.backward, 0u);
    EXPECT_EQ(summary.lost_flags, 0u);
  }
  // On a busy machine the peer is scheduled out for some of the barriers.
  EXPECT_GE(queued, kBarriers / 10);
  EXPECT_GE(entered, kBarriers / 10);
  EXPECT_GE(joined, entered - 1);  // one may have been under way when recording began
  // Recording may end between an event and its stack: once on each CPU at most.
  EXPECT_LE(stacks, queued + reschedules);
  EXPECT_GE(stacks, queued + reschedules - facts_.online.count());
  EXPECT_EQ(elsewhere, 0);
  EXPECT_LE(outside, 16);  // around the clock readings

  const auto found = find_mentions(*trace, {::getpid()}, begin, end);
  ASSERT_TRUE(found) << found.error().text();
  const auto kallsyms = files_.read("/proc/kallsyms");
  const auto symbols = KernelSymbols::parse(*kallsyms);
  ASSERT_TRUE(symbols) << symbols.error().text();
  ASSERT_TRUE(save_symbols(directory_ / "trace", *symbols, found->addresses));
  const auto named = TraceDirectory::load(directory_ / "trace");
  bool has_ipi_mb = false;
  for (const auto& [key, count] : waiting) has_ipi_mb |= named->function(key.second) == "ipi_mb";
  EXPECT_TRUE(has_ipi_mb) << "the membarrier's function has no name";
}

TEST_F(TraceLive, BuffersBeyondHalfTheMemoryAreRefused) {
  StateGuard guard(files_, directory_ / "journal");
  const auto instance =
      TraceInstance::create(files_, facts_, guard, capability_,
                            {.measured = measured_, .measured_buffer = Bytes{facts_.memory_bytes}});
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind, ErrorKind::usage);
  EXPECT_THAT(guard.entries(), testing::IsEmpty());
  EXPECT_THAT(guard.restore(), testing::IsEmpty());
}

}  // namespace
}  // namespace isolab
