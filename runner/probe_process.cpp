// SPDX-License-Identifier: Apache-2.0
#include "runner/probe_process.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>

#include "analysis/model/probe_data.h"
#include "base/caught.h"
#include "host/cgroup.h"
#include "host/descendants.h"
#include "results/recording.h"

namespace isolab {

struct ProbeControl {
  ProbeSignals signals;
  std::atomic<std::uint32_t> command{0};  // set by the runner, taken by the child
  std::atomic<std::uint32_t> state{0};    // set by the child
  std::atomic<std::uint32_t> failed{0};   // 1: `error` is valid
  ErrorKind error_kind = ErrorKind::io;
  char error[2048] = {};
  static constexpr std::size_t kMostTasks = 4096;
  std::atomic<std::uint32_t> tasks{0};  // how many of `task` are valid
  std::int32_t task[kMostTasks] = {};   // of the probe, before its peers began

  void fail(const Error& why) {
    error_kind = why.kind;
    const std::string text = why.text().substr(0, sizeof error - 1);
    std::memcpy(error, text.c_str(), text.size() + 1);
    failed.store(1);
  }
};

namespace {

enum Command : std::uint32_t { kNone, kWindow, kCollect };
enum State : std::uint32_t { kStarting, kPrepared, kInWindow, kWindowOver, kCollected };

// Both sides poll on housekeeping CPUs, never inside the window on a measured one.
constexpr Nanos kProbePoll = std::chrono::microseconds(500);

constexpr Nanos kPeerGrace = std::chrono::seconds(2);

Result<void> no_watch() { return {}; }

std::vector<std::int32_t> tasks_of(const Files& files, pid_t pid) {
  std::vector<std::int32_t> tasks;
  for (const auto& name :
       files.list("/proc/" + std::to_string(pid) + "/task").value_or(std::vector<std::string>{}))
    tasks.push_back(std::atoi(name.c_str()));
  return tasks;
}

void publish_tasks(ProbeControl& control, const std::vector<std::int32_t>& tasks) {
  const std::size_t count = std::min(tasks.size(), ProbeControl::kMostTasks);
  std::copy_n(tasks.begin(), count, control.task);
  control.tasks.store(static_cast<std::uint32_t>(count));
}

/// The life of the child.
Result<void> live(ProbeControl& control, const ProbeInfo& info, const ParamValues& params,
                  const ProbeContext& context, const std::vector<PeerWorkload>& peers,
                  const std::filesystem::path& transfer) {
  // A thread can only enter a cgroup below its process's own.
  if (!context.cgroup.empty())
    TRY(enter_cgroup(context.host.files,
                     std::filesystem::path(context.cgroup).parent_path().string()));
  auto probe = TRY(info.make(params, context));
  TRY(probe->prepare());
  publish_tasks(control, tasks_of(context.host.files, ::getpid()));
  std::vector<WorkloadThread> threads;
  for (const auto& peer : peers)
    threads.push_back(TRY(WorkloadThread::start(*peer.info, peer.params, peer.setup, peer.block,
                                                control.signals.listening)));
  control.state.store(kPrepared);
  while (true) {
    const std::uint32_t command = control.command.exchange(kNone);
    if (command == kNone) sleep_for(kProbePoll);
    if (command == kWindow) {
      control.state.store(kInWindow);
      if (const auto heard = probe->window(control.signals); !heard) control.fail(heard.error());
      control.signals.listening.store(0);
      control.state.store(kWindowOver);
    }
    if (command == kCollect) {
      for (auto& thread : threads) thread.join(kPeerGrace);
      WindowRecord carrier;
      carrier.probe = probe->collect();
      carrier.footprints = probe->footprints();
      TRY(save_window(transfer, carrier));
      control.state.store(kCollected);
      return {};
    }
  }
}

}  // namespace

Result<ProbeProcess> ProbeProcess::launch(const ProbeInfo& info, const ParamValues& params,
                                          const ProbeContext& context,
                                          std::vector<PeerWorkload> peers,
                                          const std::filesystem::path& transfer) {
  SharedMemory memory = TRY(SharedMemory::create(sizeof(ProbeControl)));
  auto* control = new (memory.data()) ProbeControl;
  const auto directory = transfer / ".probe";
  std::error_code made;
  std::filesystem::create_directories(directory, made);
  if (made) return errno_error("cannot make directory " + directory.string(), made.value());
  Child child = TRY(Child::fork_into("probe " + info.name, context.housekeeping, [&] {
    const auto outcome =
        caught([&] { return live(*control, info, params, context, peers, directory); });
    if (!outcome) control->fail(outcome.error());
    return outcome ? 0 : 1;
  }));
  return ProbeProcess(std::move(memory), std::move(child), directory);
}

std::vector<std::int32_t> ProbeProcess::own_tasks(const Files& files) const {
  std::vector<std::int32_t> own(control().task, control().task + control().tasks.load());
  for (const pid_t program : descendants_of(files, child_.pid())) {
    const auto tasks = tasks_of(files, program);
    own.insert(own.end(), tasks.begin(), tasks.end());
  }
  return own;
}

std::optional<Error> ProbeProcess::failure() {
  if (control().failed.load() != 0) return Error{control().error_kind, control().error};
  if (!child_.running() && control().state.load() != kCollected)
    return Error{ErrorKind::io, "the probe process ended: " + child_.exit()->text()};
  return std::nullopt;
}

Result<void> ProbeProcess::wait_for(const std::function<bool()>& reached, Nanos limit,
                                    const Watch& watch, const char* doing) {
  const std::uint64_t deadline = mono_raw_ns() + static_cast<std::uint64_t>(limit.count());
  while (!reached()) {
    if (auto why = failure()) return *std::move(why);
    TRY(watch());
    if (mono_raw_ns() > deadline) {
      child_.stop(Nanos{0});
      return Error{ErrorKind::io, "the probe hangs while " + std::string(doing) +
                                      "; it was killed after " + print(limit)};
    }
    sleep_for(kProbePoll);
  }
  return {};
}

Result<void> ProbeProcess::wait_prepared(Nanos limit, const Watch& watch) {
  return wait_for([&] { return control().state.load() == kPrepared; }, limit, watch,
                  "getting ready");
}

Result<void> ProbeProcess::open_window(Nanos limit, const Watch& watch) {
  control().signals.stop.store(0);
  control().signals.listening.store(0);
  control().command.store(kWindow);
  return wait_for([&] { return control().signals.listening.load() != 0; }, limit, watch,
                  "starting to measure");
}

Result<void> ProbeProcess::close_window(Nanos limit) {
  control().signals.stop.store(1);
  const auto over = [&] { return control().state.load() == kWindowOver; };
  const auto waited = wait_for(over, limit, no_watch, "ending its window");
  // A probe that failed inside the window still has data: wait for the end of the window, not the
  // error.
  if (!waited && child_.running()) {
    const std::uint64_t deadline = mono_raw_ns() + static_cast<std::uint64_t>(limit.count());
    while (!over() && child_.running() && mono_raw_ns() < deadline) sleep_for(kProbePoll);
  }
  return waited;
}

Result<ProbeProcess::Heard> ProbeProcess::collect(Nanos limit) {
  control().command.store(kCollect);
  const std::uint64_t deadline = mono_raw_ns() + static_cast<std::uint64_t>(limit.count());
  while (control().state.load() != kCollected && child_.running() && mono_raw_ns() < deadline)
    sleep_for(kProbePoll);
  if (control().state.load() != kCollected) {
    if (auto why = failure()) return *std::move(why);
    child_.stop(Nanos{0});
    return Error{ErrorKind::io, "the probe did not return its data within " + print(limit)};
  }
  child_.stop(std::chrono::seconds(1));
  WindowRecord carrier = TRY(load_window(transfer_));
  std::error_code ignored;  // only our own scratch directory
  std::filesystem::remove_all(transfer_, ignored);
  return Heard{std::move(carrier.probe), std::move(carrier.footprints)};
}

}  // namespace isolab
