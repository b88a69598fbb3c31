// SPDX-License-Identifier: Apache-2.0
// The two ways of running a workload; see process.h. Needs nothing; leaves no process behind: what
// a killed workload had started is found by its parentage and killed too.
#include "workloads/contract/workload_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "base/caught.h"
#include "host/cgroup.h"
#include "host/descendants.h"

namespace isolab {
namespace {

constexpr Nanos kSecond = std::chrono::seconds(1);

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

Error died(const std::string& name, const Exit& exit) {
  return {ErrorKind::io, fmt::format("workload {} died: {}", name, exit.text())};
}

/// An exception that leaves the workload is its error.
bool caught_in(WorkloadBlock& block, const std::function<bool()>& life) {
  const auto ended = caught([&]() -> Result<bool> { return life(); });
  if (ended) return *ended;
  block.fail(ended.error());
  return false;
}

}  // namespace

WorkloadProcess::WorkloadProcess(const WorkloadInfo& info, ParamValues values, const Host& host,
                                 WorkloadBlock block, Child child)
    : info_(&info),
      values_(std::move(values)),
      files_(&host.files),
      facts_(&host.facts),
      block_(std::make_unique<WorkloadBlock>(std::move(block))),
      child_(std::move(child)) {}

Result<WorkloadProcess> WorkloadProcess::launch(const WorkloadInfo& info, const ParamValues& values,
                                                const WorkloadSetup& setup) {
  WorkloadBlock block = TRY(WorkloadBlock::create());
  Child child = TRY(Child::fork_into(info.name, setup.cpus, [&] {
    return caught_in(block,
                     [&] {
                       // Refused: the end of the window finds it by its parent.
                       if (!setup.cgroup.empty())
                         (void)enter_cgroup(setup.host.files, setup.cgroup);
                       return block.run_workload(info, values, block.context(setup));
                     })
               ? 0
               : 1;
  }));
  return WorkloadProcess(info, values, setup.host, std::move(block), std::move(child));
}

WorkloadProcess::~WorkloadProcess() {
  if (block_ && !record_) (void)stop(kSecond);
}

std::optional<Error> WorkloadProcess::failure() {
  // Asked before the block: a child seen dead has written everything it will ever write.
  const bool alive = child_.running();
  if (auto known = block_->failure(info_->name)) return known;
  const auto state = block_->state();
  if (!alive && child_.exit() && state != WorkloadState::ended && state != WorkloadState::failed)
    return died(info_->name, *child_.exit());
  return std::nullopt;
}

Result<void> WorkloadProcess::wait_ready(Nanos limit, const KeepWaiting& keep_waiting) {
  std::optional<Error> death;
  const auto outcome = block_->wait_ready(info_->name, limit, [&](const std::string& progress) {
    death = failure();
    return !death && (!keep_waiting || keep_waiting(progress));
  });
  if (death) return *death;
  return outcome;
}

WorkRecord WorkloadProcess::stop(Nanos grace) {
  if (record_) return *record_;
  auto problem = failure();
  block_->request_stop();
  std::optional<Exit> exit = child_.wait_for(grace);
  if (!exit) {
    const auto family = descendants_of(*files_, child_.pid());
    exit = child_.stop(kSecond);
    for (const pid_t pid : family) kill(pid, SIGKILL);
    if (!problem)
      problem =
          Error{ErrorKind::io, fmt::format("workload {} did not stop within {} and was ended: {}",
                                           info_->name, human_span(grace), exit->text())};
  } else if (!problem) {
    problem = failure();
  }
  block_->report_cpu_time(exit->user_seconds, exit->system_seconds);
  record_ = block_->record(*info_, values_, {*files_, *facts_});
  if (problem) record_->error = problem->what;
  return *record_;
}

Result<void> dry_run_in_child(const WorkloadInfo& info, const ParamValues& values,
                              const WorkloadSetup& setup, Nanos limit,
                              std::map<std::string, std::string>* notes) {
  WorkloadBlock block = TRY(WorkloadBlock::create());
  Child child = TRY(Child::fork_into(info.name, setup.cpus, [&] {
    return caught_in(block,
                     [&] { return block.dry_run_workload(info, values, block.context(setup)); })
               ? 0
               : 1;
  }));
  const auto exit = child.wait_for(limit);
  if (!exit) {
    const auto family = descendants_of(setup.host.files, child.pid());
    child.stop(kSecond);
    for (const pid_t pid : family) kill(pid, SIGKILL);
    return Error{ErrorKind::interrupted,
                 fmt::format("workload {} hangs: its dry run did not end in {}", info.name,
                             human_span(limit))};
  }
  if (auto error = block.error()) return *error;
  if (!exit->ok()) return died(info.name, *exit);
  if (notes != nullptr) *notes = block.notes();
  return {};
}

Result<WorkloadThread> WorkloadThread::start(const WorkloadInfo& info, const ParamValues& values,
                                             const WorkloadSetup& setup,
                                             std::shared_ptr<WorkloadBlock> block,
                                             const std::atomic<std::uint32_t>& peer_listening) {
  auto body = [info = &info, values, setup, block, peers = &peer_listening] {
    if (const auto pinned = pin_this_thread(setup.cpus); !pinned) {
      block->fail(pinned.error());
      return;
    }
    const auto account = [&block] {
      rusage used{};
      getrusage(RUSAGE_THREAD, &used);
      block->report_cpu_time(seconds(used.ru_utime), seconds(used.ru_stime));
    };
    caught_in(*block, [&] {
      return block->run_workload(*info, values, block->context(setup, peers), account);
    });
  };
  try {
    return WorkloadThread(block, std::thread(std::move(body)));
  } catch (const std::system_error& error) {
    return errno_error("cannot start a thread for workload " + info.name, error.code().value());
  }
}

WorkloadThread::~WorkloadThread() {
  if (block_ && !join(2 * kSecond)) thread_.detach();
}

bool WorkloadThread::join(Nanos grace) {
  if (!thread_.joinable()) return true;
  block_->request_stop();
  const auto deadline = std::chrono::steady_clock::now() + grace;
  while (block_->state() != WorkloadState::ended && block_->state() != WorkloadState::failed) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    sleep_for(std::chrono::milliseconds(5));
  }
  thread_.join();
  return true;
}

}  // namespace isolab
