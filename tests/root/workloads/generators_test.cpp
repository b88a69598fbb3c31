// SPDX-License-Identifier: Apache-2.0
// Every generator against the real kernel: a busy CPU receives as many interrupts per operation as
// its descriptor says. Needs root, two CPUs and /proc/interrupts; leaves no value changed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <thread>

#include "base/interrupts.h"
#include "host/process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/workload_bench.h"
#include "workloads/contract/workload_process.h"
#include "workloads/support/flush_calibration.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kOperations = 200;
constexpr Nanos kLimit = seconds(20);

struct Case {
  std::string workload;
  std::string title;
  ParamValues values;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.workload << " " << one.title; }

/// A listener that is always in user mode on a CPU that runs nothing else of ours: a process of its
/// own, or for peer workloads a thread of this process. (A thread would hear us too: after a fork
/// each page we write first is copied, and its old mapping shot down.)
class Spinner {
 public:
  Spinner(int cpu, bool peer) : memory_(std::move(*SharedMemory::create(4096))) {
    listening_ = new (memory_.data()) std::atomic<std::uint32_t>(0);
    if (peer) {
      thread_ = std::thread([this, cpu] {
        (void)pin_this_thread({cpu});
        // Peers must be running, not merely runnable: an IPI goes to running threads only.
        (void)set_this_thread_policy("fifo", 1);
        status_ = "/proc/self/task/" + std::to_string(gettid()) + "/status";
        while (!stop_.load(std::memory_order_relaxed)) spin();
      });
    } else {
      child_ = std::move(*Child::fork_into("spinner", {cpu}, [this] {
        while (true) spin();
        return 0;
      }));
      status_ = "/proc/" + std::to_string(child_.pid()) + "/status";
    }
    while (listening_->load() == 0) sleep_for(milliseconds(1));
  }
  ~Spinner() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  const std::atomic<std::uint32_t>& listening() const { return *listening_; }
  /// Its /proc/.../status.
  const std::string& status() const { return status_; }

 private:
  void spin() {
    listening_->store(1, std::memory_order_release);
    cpu_relax();
  }

  SharedMemory memory_;
  std::atomic<std::uint32_t>* listening_;
  std::atomic<bool> stop_{false};
  std::string status_;
  std::thread thread_;
  Child child_;
};

class GeneratorCounts : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root";
    const CpuSet own = this_thread_cpus();  // a container may have been given any of them
    if (own.count() < 2) GTEST_SKIP() << "needs two CPUs";
    worker_ = *own.first();
    heard_ = *own.last();
    info_ = find_workload(GetParam().workload);
    ASSERT_NE(info_, nullptr);
    values_ = default_params(*info_);
    for (const auto& [name, value] : GetParam().values) values_[name] = value;
    values_["rate"] = {"max"};
  }

  /// Interrupts of a kind that the CPU of the spinner has had.
  std::uint64_t interrupts(const std::string& kind) const {
    const auto rows = parse_interrupts(files_.read("/proc/interrupts").value_or(""));
    std::uint64_t sum = 0;
    if (rows)
      for (const auto& row : *rows)
        if (row.kind == kind && row.before.contains(heard_)) sum += row.before.at(heard_);
    return sum;
  }

  /// The number behind a word of a /proc/PID/status text.
  static std::uint64_t status_number(const std::string& status, const std::string& key) {
    const auto at = status.find(key);
    return at == std::string::npos ? 0 : std::stoull(status.substr(at + key.size()));
  }
  /// Of the spinner: how often something took the CPU from it.
  std::uint64_t preemptions(const Spinner& spinner) const {
    return status_number(files_.read(spinner.status()).value_or(""), "nonvoluntary_ctxt_switches:");
  }
  /// How often the kernel's workers of that CPU have finished their work and gone to sleep.
  std::uint64_t kworker_switches() const {
    const std::string worker = "Name:\tkworker/" + std::to_string(heard_) + ":";
    std::uint64_t sum = 0;
    for (const auto& pid : files_.list("/proc").value_or(std::vector<std::string>{})) {
      const auto status = files_.read("/proc/" + pid + "/status").value_or("");
      if (status.starts_with(worker)) sum += status_number(status, "\nvoluntary_ctxt_switches:");
    }
    return sum;
  }

  void wait_for_operations(const WorkloadBlock& block) const {
    const auto& first = info_->counts.front().name;
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    while (block.counts(*info_).at(first) < kOperations && !block.failure(info_->name) &&
           std::chrono::steady_clock::now() < deadline)
      sleep_for(milliseconds(1));
  }

  struct Seen {
    double operations = 0;
    double interrupts = 0;  // in the window, background included
    double background = 0;  // expected in the window from a quiet stretch just before
    double preemptions = 0;
    double per_operation() const { return interrupts / operations; }
  };

  /// One run as the runner does it: in a child, or beside the spinner for peers.
  Seen run_once(const std::string& kind, WorkloadSetup& setup) {
    const Spinner spinner(heard_, info_->shares_probe_memory);
    const auto quiet_start = interrupts(kind);
    const auto quiet_begin = std::chrono::steady_clock::now();
    sleep_for(milliseconds(200));
    const auto quiet = static_cast<double>(interrupts(kind) - quiet_start);
    const std::chrono::duration<double> quiet_time = std::chrono::steady_clock::now() - quiet_begin;

    const auto block = std::make_shared<WorkloadBlock>(std::move(*WorkloadBlock::create()));
    std::optional<WorkloadThread> thread;
    std::optional<Child> child;
    if (info_->shares_probe_memory) {
      auto started = WorkloadThread::start(*info_, values_, setup, block, spinner.listening());
      EXPECT_TRUE(started);
      thread.emplace(std::move(*started));
    } else {
      auto forked = Child::fork_into(info_->name, setup.cpus, [&] {
        return block->run_workload(*info_, values_, block->context(setup)) ? 0 : 1;
      });
      EXPECT_TRUE(forked);
      child.emplace(std::move(*forked));
    }
    const auto ready = block->wait_ready(info_->name, kLimit, {});
    EXPECT_TRUE(ready) << ready.error().text();

    const auto before = interrupts(kind);
    const auto preempted_before = preemptions(spinner);
    const auto begin = std::chrono::steady_clock::now();
    block->let_go();
    wait_for_operations(*block);
    block->request_stop();
    EXPECT_TRUE(thread ? thread->join(kLimit) : child->wait_for(kLimit).has_value());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const auto problem = block->error();
    EXPECT_FALSE(problem) << problem->text();

    Seen seen;
    seen.operations = static_cast<double>(block->counts(*info_).at(info_->counts.front().name));
    seen.interrupts = static_cast<double>(interrupts(kind) - before);
    seen.background = quiet * took.count() / quiet_time.count();
    seen.preemptions = static_cast<double>(preemptions(spinner) - preempted_before);
    return seen;
  }

  SystemFiles files_;
  HostFacts facts_ = read_host_facts(files_);
  const WorkloadInfo* info_ = nullptr;
  ParamValues values_;
  int worker_ = 0, heard_ = 0;  // the CPU of the workload, and that of the spinner
};

class KernelFlushMeasured : public testing::Test {};

class GeneratorWakesKernelThread : public GeneratorCounts {};

TEST_P(GeneratorCounts, InterruptsPerOperationAreTheExpectedOnes) {
  WorkloadBench bench(files_, facts_);
  bench.setup().cpus = {worker_};
  bench.setup().measured = {heard_};

  // The guard's journal is private to this test; the guard restores when it goes.
  test::TemporaryDirectory journals;
  std::map<std::string, std::string> originals;
  {
    StateGuard guard(files_, journals.path());
    const auto claims = info_->claims(values_, bench.host());
    ASSERT_TRUE(claims);
    for (const auto& claim : *claims) {
      ASSERT_EQ(claim.kind, Claim::Kind::value);
      const auto knob = guard.claim(claim.path);
      if (!knob) GTEST_SKIP() << knob.error().text();
      originals[claim.path] = files_.read(claim.path).value_or("?");
      bench.setup().knobs.emplace(claim.path, *knob);
    }
    std::map<std::string, std::string> notes;
    if (const auto dry = dry_run_in_child(*info_, values_, bench.setup(), kLimit, &notes); !dry)
      GTEST_SKIP() << dry.error().text();
    HostFacts facts = facts_;  // as the preflight: with what the dry run measured
    if (const auto flush = KernelFlush::parse(notes[kKernelFlushNote])) facts.kernel_flush = *flush;
    const auto expected = info_->expected(values_, Host{files_, facts}, kArch);
    ASSERT_TRUE(expected);
    if (!expected->per_op) GTEST_SKIP() << expected->source;

    // Other work on the machine only adds interrupts, so the best of a few runs counts; but where
    // it takes the CPU from a peer, the peer hears less.
    bool fits = false;
    Seen seen;
    for (int attempt = 0; attempt < 8 && !fits; ++attempt) {
      seen = run_once(expected->row, bench.setup());
      ASSERT_GE(seen.operations, static_cast<double>(kOperations));
      const double wanted = *expected->per_op * seen.operations;
      const double away = info_->shares_probe_memory && attempt >= 4 ? wanted / 2 : 0;
      const double slack = std::max(0.03 * wanted, 2 * seen.background + 8);
      fits = seen.interrupts >= wanted - slack - away && seen.interrupts <= wanted + slack;
    }
    std::printf(
        "[ MEASURED ] %s %s: %.3f %s per operation over %.0f operations, expected %g, "
        "background %.0f, preemptions %.3f per operation\n",
        info_->name.c_str(), GetParam().title.c_str(), seen.per_operation(), expected->row.c_str(),
        seen.operations, *expected->per_op, seen.background, seen.preemptions / seen.operations);
    EXPECT_TRUE(fits) << seen.per_operation() << " " << expected->row << " per operation, expected "
                      << *expected->per_op;
    EXPECT_TRUE(guard.restore().empty());
  }
  for (const auto& [path, original] : originals)
    EXPECT_EQ(files_.read(path).value_or("?"), original) << path;
}

std::vector<Case> cases() {
  std::vector<Case> list{
      {"hugepage_resize", "one_page", {{"pages", {"1"}}}},
      {"hugepage_resize", "sixteen_pages", {{"pages", {"16"}}}},
      {"direct_map", "one_page", {{"pages", {"1"}}}},
      {"direct_map", "sixteen_pages", {{"pages", {"16"}}}},
      {"direct_map", "plain_memory", {{"secret", {"false"}}}},
      {"mprotect_shootdown", "one_page", {{"pages", {"1"}}}},
      {"mprotect_shootdown", "many_pages", {{"pages", {"64"}}}},
      {"collapse", "default", {}},
  };
  for (const char* name : {"static_key_toggle", "membarrier", "remote_read"})
    for (const auto& spec : find_workload(name)->params)
      if (spec.name == "variant")
        for (const auto& variant : spec.choices)
          list.push_back({name, variant, {{"variant", {variant}}}});
  return list;
}

// vmstat_refresh has no expected IPIs; what it does is to run a kernel thread on the CPU.
TEST_P(GeneratorWakesKernelThread, OncePerOperation) {
  WorkloadBench bench(files_, facts_);
  bench.setup().cpus = {worker_};
  bench.setup().measured = {heard_};
  double most = 0;
  for (int attempt = 0; attempt < 5 && most < 0.9; ++attempt) {
    const auto before = kworker_switches();
    const Seen seen = run_once("function_call", bench.setup());
    most = std::max(most, static_cast<double>(kworker_switches() - before) / seen.operations);
  }
  std::printf("[ MEASURED ] %s: a kworker of CPU %d ran %.3f times per operation\n",
              info_->name.c_str(), heard_, most);
  EXPECT_GE(most, 0.8);
}

/// Where the machine says how it flushes, the measurement must say the same.
TEST_F(KernelFlushMeasured, AgreesWithWhatTheMachineSays) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  const CpuSet own = this_thread_cpus();
  if (own.count() < 2) GTEST_SKIP() << "needs two CPUs";
  SystemFiles files;
  const HostFacts known = read_host_facts(files);
  HostFacts unknown = known;
  unknown.kernel_flush = {KernelFlush::By::unknown, "the test hides it"};
  WorkloadBench bench(files, unknown);
  bench.setup().cpus = {*own.first()};
  bench.setup().measured = {*own.last()};
  for (const auto& [info, values] :
       {std::pair<const WorkloadInfo*, ParamValues>{&workloads::direct_map, {{"pages", {"4"}}}},
        {&workloads::vmalloc_churn, {}}}) {
    std::map<std::string, std::string> notes;
    const auto dry = dry_run_in_child(*info, values, bench.setup(), kLimit, &notes);
    if (!dry && dry.error().kind == ErrorKind::unsupported) continue;  // no secret memory, no BPF
    ASSERT_TRUE(dry) << dry.error().text();
    const auto flush = KernelFlush::parse(notes[kKernelFlushNote]);
    ASSERT_TRUE(flush) << notes[kKernelFlushNote];
    std::printf("[ MEASURED ] %s: %s\n", info->name.c_str(), flush->text().c_str());
    // The kernel purges vmalloc areas when it likes, so that a dry run of it may leave it open.
    const bool may_stay_open = info != &workloads::direct_map;
    if (may_stay_open && flush->by == KernelFlush::By::unknown) continue;
    EXPECT_NE(flush->by, KernelFlush::By::unknown) << flush->source;
    if (known.kernel_flush.by != KernelFlush::By::unknown) {
      EXPECT_EQ(flush->by, known.kernel_flush.by) << flush->source;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GeneratorCounts, testing::ValuesIn(cases()), [](const auto& test) {
  return test.param.workload + "_" + test.param.title;
});

INSTANTIATE_TEST_SUITE_P(All, GeneratorWakesKernelThread,
                         testing::Values(Case{"vmstat_refresh", "default", {}}),
                         [](const auto& test) { return test.param.workload; });

TEST(IdleRoot, DoesNothing) {
  SystemFiles files;
  WorkloadBench bench(files);
  EXPECT_TRUE(dry_run_in_child(workloads::idle, {}, bench.setup()));
  auto work = WorkloadProcess::launch(workloads::idle, {}, bench.setup());
  ASSERT_TRUE(work);
  ASSERT_TRUE(work->wait_ready(kLimit));
  work->go();
  sleep_for(milliseconds(250));
  const auto record = work->stop(seconds(1));
  EXPECT_EQ(record.error, "");
  EXPECT_LT(record.user_seconds + record.system_seconds, 0.05);
}

}  // namespace
}  // namespace isolab
