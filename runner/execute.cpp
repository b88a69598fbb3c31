// SPDX-License-Identifier: Apache-2.0
#include "runner/execute.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "base/output.h"
#include "base/text.h"
#include "base/warnings.h"
#include "host/interrupt_flag.h"
#include "probes/contract/observer.h"
#include "runner/disturbances.h"
#include "runner/leftovers.h"
#include "runner/preflight.h"
#include "runner/probe_process.h"
#include "runner/window_edges.h"
#include "workloads/contract/workload_process.h"

namespace isolab {
namespace {

constexpr Nanos kPrepareLimit =
    std::chrono::minutes(15);  // a first kernel_build unpacks and configures
constexpr Nanos kProbeLimit = std::chrono::seconds(20);
// For an operation to end at an edge: a tracepoint toggle took 2 s where every CPU is emulated.
constexpr Nanos kHoldLimit = std::chrono::seconds(10);
constexpr Nanos kStopGrace = std::chrono::seconds(3);
constexpr std::uint64_t kLookAtCpus = 500'000'000;  // ns
constexpr Nanos kPoll = std::chrono::milliseconds(20);

/// One workload of the arm: a separate process, or a thread of the probe's process.
struct Noise {
  const WorkloadInfo* info = nullptr;
  const PluginUse* use = nullptr;
  std::optional<WorkloadProcess> process;
  std::shared_ptr<WorkloadBlock> block;  // of a thread beside the probe
  WorkRecord record;

  std::map<std::string, std::uint64_t> counts() const {
    return process ? process->counts() : block->counts(*info);
  }
  bool hold() { return process ? process->hold(kHoldLimit) : block->hold(kHoldLimit); }
  void release() { process ? process->release() : block->release(); }
  std::optional<Error> failure() {
    return process ? process->failure() : block->failure(info->name);
  }
};

class Window {
 public:
  explicit Window(const WindowSetup& setup)
      : setup_(setup),
        plan_(setup.plan),
        arm_(plan_.arms[static_cast<std::size_t>(
            plan_.windows[static_cast<std::size_t>(setup.index)].arm)]),
        mark_(setup.guard.mark()) {
    const auto& planned = plan_.windows[static_cast<std::size_t>(setup.index)];
    record_.index = setup.index;
    record_.arm = planned.arm;
    record_.repeat = planned.repeat;
    record_.begin_utc = utc_now();
  }

  WindowOutcome run() {
    const auto outcome = measure();
    tear_down();
    const bool interrupted = !outcome && outcome.error().kind == ErrorKind::interrupted;
    if (outcome || interrupted)
      record_.status = status_at_end(record_, lost_, interrupted);
    else
      record_.status = "failed: " + outcome.error().what;
    return {std::move(record_), std::move(problems_)};
  }

 private:
  Result<void> measure() {
    make_cgroup();
    for (const auto& setting : arm_.settings) TRY(setup_.guard.set(setting.path, setting.value));
    TRY(launch_workloads());
    TRY(prepare_observers());
    TRY(launch_probe());
    TRY(start_noise());
    TRY(warm_up());
    const auto outcome = listen();
    if (probe_) {
      auto heard = probe_->collect(kProbeLimit);
      if (heard) {
        record_.probe = std::move(heard->probe);
        record_.footprints = std::move(heard->footprints);
      } else if (outcome) {
        return std::move(heard).error();
      }
    }
    return outcome;
  }

  /// Where there can be none, parentage alone finds what the window leaves.
  void make_cgroup() {
    if (setup_.run_cgroup.empty()) return;
    const auto path = fmt::format("{}/isolab-window-{}", setup_.run_cgroup, ::getpid());
    if (setup_.guard.make_cgroup(path)) cgroup_ = path;
  }

  Result<void> launch_workloads() {
    for (const auto& use : arm_.workloads) {
      setup_.progress.phase("preparing " + use.name);
      const WorkloadInfo* info = find_workload(use.name);
      Noise noise{info, &use, std::nullopt, nullptr, {}};
      noise.record.workload = use.name;
      WorkloadSetup setup = TRY(claim_setup(use, plan_, setup_.host, setup_.guard,
                                            setup_.directory / (use.name + ".log"), setup_.cache));
      setup.cgroup = cgroup_;
      if (info->shares_probe_memory) {
        noise.block = std::make_shared<WorkloadBlock>(TRY(WorkloadBlock::create()));
        peers_.push_back({info, use.params, setup, noise.block});
      } else {
        noise.process.emplace(TRY(WorkloadProcess::launch(*info, use.params, setup)));
      }
      noises_.push_back(std::move(noise));
    }
    for (auto& noise : noises_)
      if (noise.process)
        TRY(noise.process->wait_ready(kPrepareLimit, keep_waiting(noise.info->name)));
    return {};
  }

  /// Shows the workload's own progress; false after Ctrl-C.
  KeepWaiting keep_waiting(const std::string& name) {
    return [this, name](const std::string& progress) {
      setup_.progress.phase("preparing " + name + (progress.empty() ? "" : " (" + progress + ")"));
      return interrupted_by() == 0;
    };
  }

  Result<void> prepare_observers() {
    const ObserverContext context{setup_.host,
                                  setup_.guard,
                                  plan_.measured,
                                  plan_.housekeeping,
                                  setup_.directory,
                                  plan_.measure,
                                  [this] { return own_tasks(); },
                                  setup_.trace_sink};
    for (const auto& use : arm_.observers) {
      setup_.progress.phase("setting up " + use.name);
      auto observer = TRY(find_observer(use.name)->make(use.params, context));
      TRY(observer->prepare());
      observers_.push_back(std::move(observer));
    }
    std::stable_partition(observers_.begin(), observers_.end(),
                          [](const auto& observer) { return observer->encloses(); });
    return {};
  }

  std::vector<std::int32_t> own_tasks() const {
    std::vector<std::int32_t> own = setup_.supervisors;
    own.push_back(::getpid());
    if (probe_) {
      const auto probe = probe_->own_tasks(setup_.host.files);
      own.insert(own.end(), probe.begin(), probe.end());
    }
    return own;
  }

  Result<void> launch_probe() {
    const ProbeInfo* info = find_probe(plan_.probe.name);
    if (info == nullptr) return {};  // probe: none
    setup_.progress.phase("getting " + info->name + " ready");
    const ProbeContext context{setup_.host,      plan_.measured, plan_.housekeeping,
                               setup_.directory, plan_.measure,  setup_.cgroup};
    probe_ =
        TRY(ProbeProcess::launch(*info, plan_.probe.params, context, peers_, setup_.directory));
    return probe_->wait_prepared(kProbeLimit, [this] { return watch(); });
  }

  Result<void> start_noise() {
    for (auto& noise : noises_)
      if (noise.block)
        TRY(noise.block->wait_ready(noise.info->name, kProbeLimit, keep_waiting(noise.info->name)));
    for (auto& noise : noises_) noise.process ? noise.process->go() : noise.block->let_go();
    for (auto& noise : noises_) noise.record.at_warmup = noise.counts();
    return {};
  }

  Result<void> warm_up() {
    setup_.progress.phase("warming up");
    TRY(open_probe());
    TRY(wait(plan_.warmup));
    return probe_ ? probe_->close_window(kProbeLimit) : Result<void>{};
  }

  /// The measured window. No operation of a workload is in progress at its edges, so that whole
  /// operations are counted with all that they sent.
  Result<void> listen() {
    setup_.progress.phase("measuring");
    const WindowSteps steps{
        .hold = [this](const char* edge) { hold_noise(edge); },
        .open = [this] { return open_probe(); },
        .begin = [this] { return begin_counting(); },
        .release = [this] { release_noise(); },
        .wait = [this] { return wait(plan_.measure); },
        .end = [this] { return end_counting(); },
        .close = [this] { return probe_ ? probe_->close_window(kProbeLimit) : Result<void>{}; }};
    return measure_between_edges(steps, record_);
  }

  Result<void> open_probe() {
    return probe_ ? probe_->open_window(kProbeLimit, [this] { return watch(); }) : Result<void>{};
  }

  Result<void> begin_counting() {
    for (auto& noise : noises_) noise.record.at_start = noise.counts();
    for (auto& observer : observers_) TRY(observer->begin());
    return {};
  }

  /// In reverse; goes on past errors.
  Result<void> end_counting() {
    Result<void> ended;
    for (auto observer = observers_.rbegin(); observer != observers_.rend(); ++observer)
      if (const auto end = (*observer)->end(); !end && ended) ended = end;
    for (auto& noise : noises_) noise.record.at_end = noise.counts();
    return ended;
  }

  void hold_noise(const char* edge) {
    for (auto& noise : noises_)
      if (!noise.hold()) {
        auto& cut = noise.record.notes["operation_cut_at"];
        append_item(cut, " and ", std::string(edge));
      }
  }
  void release_noise() {
    for (auto& noise : noises_) noise.release();
  }

  Result<void> wait(Nanos span) {
    const std::uint64_t end = mono_raw_ns() + static_cast<std::uint64_t>(span.count());
    while (mono_raw_ns() < end) {
      TRY(watch());
      if (probe_)
        if (auto why = probe_->failure()) return *std::move(why);
      if (setup_.goes_on && !TRY(setup_.goes_on())) return {};
      sleep_for(std::min(kPoll, Nanos(end - std::min(end, mono_raw_ns()))));
    }
    return {};
  }

  /// Whether anything says that going on is pointless.
  Result<void> watch() {
    setup_.progress.tick();
    if (interrupted_by() != 0) return Error{ErrorKind::interrupted, "interrupted"};
    TRY(watch_cpus());
    for (auto& noise : noises_)
      if (auto why = noise.failure())
        return Error{why->kind, noise.info->name + ": " + why->what, why->hint};
    return {};
  }

  /// The kernel moves the threads of a CPU that goes offline: they then measure another CPU.
  Result<void> watch_cpus() {
    const std::uint64_t now = mono_raw_ns();
    if (now - looked_at_cpus_ns_ < kLookAtCpus) return {};
    looked_at_cpus_ns_ = now;
    const auto text = setup_.host.files.read("/sys/devices/system/cpu/online");
    const auto online = text ? CpuSet::parse(trimmed(*text)) : Result<CpuSet>(text.error());
    if (!online) return {};  // an old kernel without the file: nothing is known
    const CpuSet gone = (plan_.measured | plan_.housekeeping) - *online;
    if (gone.empty()) return {};
    return Error{ErrorKind::io, "CPU " + gone.list() + " went offline",
                 "online: " + online->list()};
  }

  /// The reverse of measure(); goes on past errors.
  void tear_down() {
    setup_.progress.phase("restoring the machine");
    probe_.reset();
    for (auto noise = noises_.rbegin(); noise != noises_.rend(); ++noise) {
      WorkRecord ended = noise->process
                             ? noise->process->stop(kStopGrace)
                             : noise->block->record(*noise->info, noise->use->params, setup_.host);
      ended.at_warmup = std::move(noise->record.at_warmup);
      ended.at_start = std::move(noise->record.at_start);
      ended.notes.merge(noise->record.notes);
      if (!noise->record.at_end.empty()) ended.at_end = std::move(noise->record.at_end);
      record_.work.insert(record_.work.begin(), std::move(ended));
    }
    for (auto observer = observers_.rbegin(); observer != observers_.rend(); ++observer)
      if (const auto finished = (*observer)->finish(record_); !finished) {
        record_.warnings.push_back(
            make_warning(WarningId::observer_failed, finished.error().what, finished.error().hint));
        if (lost_.empty()) lost_ = finished.error().what;
      }
    observers_.clear();
    end_what_is_left();
    problems_ = setup_.guard.restore_to(mark_);
  }

  /// Nothing of ours is alive any more. What is, would go on through the windows that follow.
  void end_what_is_left() {
    const auto left = end_leftovers(setup_.host.files, cgroup_);
    if (!left.killed.empty()) {
      const std::string seen = "left running by the window: " + listed(left.killed);
      record_.warnings.push_back(make_warning(WarningId::left_running, seen));
      setup_.progress.line(visible_line(seen) + "; killed");
    }
    if (!left.stubborn.empty() && lost_.empty())
      lost_ = "cannot kill these processes: " + listed(left.stubborn);
  }

  const WindowSetup& setup_;
  const Plan& plan_;
  const Arm& arm_;
  std::size_t mark_;
  std::string cgroup_;  // of the window; empty: there is none
  std::uint64_t looked_at_cpus_ns_ = 0;
  WindowRecord record_;
  std::string lost_;  // why an observer's data is not whole; empty: all is there
  std::vector<RestoreProblem> problems_;
  std::vector<Noise> noises_;
  std::vector<PeerWorkload> peers_;
  std::vector<std::unique_ptr<Observer>> observers_;
  std::optional<ProbeProcess> probe_;
};

}  // namespace

WindowOutcome run_window(const WindowSetup& setup) { return Window(setup).run(); }

}  // namespace isolab
