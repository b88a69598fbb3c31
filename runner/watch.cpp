// SPDX-License-Identifier: Apache-2.0
#include "runner/watch.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <set>

#include "base/digest.h"
#include "base/output.h"
#include "base/text.h"
#include "base/text_file.h"
#include "base/version.h"
#include "base/warnings.h"
#include "host/cgroup.h"
#include "host/clock.h"
#include "host/facts/measured_cpus.h"
#include "host/guard.h"
#include "host/interrupt_flag.h"
#include "host/os.h"
#include "host/process.h"
#include "host/state_directory.h"
#include "host/tracefs.h"
#include "results/recording.h"
#include "runner/execute.h"
#include "runner/watched_tasks.h"
#include "trace/live/instance.h"
#include "trace/live/kernel_names.h"
#include "trace/read/kernel_symbols.h"

namespace isolab {
namespace {

constexpr Nanos kLimit = std::chrono::minutes(10);  // set-up and end, apart from the window
constexpr Nanos kForever = std::chrono::hours(24 * 365);
constexpr Nanos kGrace = std::chrono::seconds(3);  // for a command that is asked to end

Result<CpuSet> choose_watched(const WatchRequest& request, const Files& files,
                              const HostFacts& facts, std::string& why) {
  if (!request.cpus.empty()) {
    why = "named by --cpus";
    return request.cpus;
  }
  if (request.pid != 0) {
    why = fmt::format("process {} may run on them", request.pid);
    return TRY(cpus_of_process(files, request.pid)) & facts.online;
  }
  const MeasuredCpus chosen = TRY(default_measured(facts));
  why = chosen.why;
  return chosen.cpus;
}

/// What the recording says of its only arm: it is not an idle one.
Plan recorded_plan(const WatchRequest& request, Plan plan) {
  plan.arms.front().workloads.push_back({"unknown", {}});
  plan.measure = request.span;
  return plan;
}

bool is_alive(std::int32_t pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

class Watch {
 public:
  Watch(const WatchRequest& request, const Plan& plan, Host host, Lifeline lifeline)
      : request_(request),
        plan_(plan),
        host_(host),
        lifeline_(std::move(lifeline)),
        guard_(host.files, default_journal_dir()) {}

  Result<ExitCode> carry_out() {
    TRY(pin_this_thread(plan_.housekeeping));
    if (const auto ahead = run_ahead_of_ordinary_tasks(); !ahead)
      manifest_.warnings.push_back(
          make_warning(WarningId::runner_not_ahead, ahead.error().what, ahead.error().hint));
    manifest_.version = kVersion;
    manifest_.status = "running";
    manifest_.started_utc = utc_now();
    manifest_.command_line = request_.command_line;
    const Plan written = recorded_plan(request_, plan_);
    RecordingWriter writer = TRY(RecordingWriter::create(
        request_.output, manifest_, written, "# No profile: isolab watch.\n", host_.facts.all));
    directory_ = TRY(writer.begin_window(written, 0));
    Progress progress(Progress::Style::silent, plan_);
    WindowSetup setup{plan_, 0, host_, guard_, progress, directory_, {}};
    setup.supervisors = lifeline_.supervisors();
    setup.run_cgroup = own_cgroup(host_.files).value_or("");
    setup.goes_on = [this] { return goes_on(); };
    if (request_.flight) {
      flight_ = TRY(FlightRecorder::create(*request_.flight, plan_.measured, directory_ / "trace"));
      setup.trace_sink = flight_->sink_maker();
      count_user_signals();
    }
    WindowOutcome outcome = run_window(setup);
    end_command();
    TRY(complete(outcome.record));
    TRY(writer.commit_window(outcome.record));
    return finish(writer, outcome);
  }

 private:
  /// At the beginning of the window, then every few milliseconds in it.
  Result<bool> goes_on() {
    if (!begun_) TRY(begin());
    lifeline_.expect_within(kLimit);
    if (flight_ && !TRY(look_at_flight())) return false;
    if (!request_.command.empty()) return command_.running();
    return request_.pid == 0 || is_alive(request_.pid);
  }

  Result<void> begin() {
    begun_ = true;
    auto watched = request_.pid;
    target_ = join(request_.command, " ");
    if (!request_.command.empty()) {
      const std::string marker = own_instance(find_tracefs(host_.files)) + "/trace_marker";
      command_ = TRY(Child::spawn({.argv = request_.command,
                                   .environment = {{"ISOLAB_MARKER", marker}},
                                   .cpus = plan_.measured}));
      watched = command_.pid();
    }
    watched_ = watched;
    begun_at_ = read_clock_pair();
    tasks_ = read_watch_tasks(host_.files, plan_.measured, watched);
    if (flight_) flight_->watch(watched);
    target_ = watched == 0 ? "CPU " + plan_.measured.list()
              : request_.pid != 0
                  ? fmt::format("process {}", watched)
                  : fmt::format("{} (pid {})", join(request_.command, " "), watched);
    const std::string where = watched == 0 ? "" : " on CPU " + plan_.measured.list();
    say_line(fmt::format("watching {}{} ({}); isolab is on CPU {}", visible_line(target_), where,
                         plan_.measured_why, plan_.housekeeping.list()));
    return {};
  }

  Result<bool> look_at_flight() {
    if (const int asked = user_signals(); asked != asked_) {
      asked_ = asked;
      flight_->request();
    }
    const auto stop = flight_->take();
    if (!stop) return true;
    TRY(complete_stop(stop->directory));
    const ClockPair now = read_clock_pair();
    const auto line = make_line(begun_at_, now);
    const double at_s = static_cast<double>(now.ns - begun_at_.ns) / 1e9;
    return request_.on_stop ? request_.on_stop(*stop, line, at_s) : Result<bool>(true);
  }

  /// What is to be beside the pages, as ipi_trace leaves it.
  Result<void> complete_stop(const std::filesystem::path& directory) {
    std::error_code error;
    std::filesystem::copy(directory_ / "trace" / "formats", directory / "formats",
                          std::filesystem::copy_options::recursive, error);
    if (error) return errno_error("cannot write " + directory.string(), error.value());
    const auto trace = TRY(TraceDirectory::load(directory));
    auto found = TRY(find_mentions(trace, {}, 0, ~std::uint64_t{0}));
    found.comms.merge(read_comms(host_.files));
    TRY(save_comms(directory, found.comms));
    if (!symbols_)
      if (auto read = KernelSymbols::parse(TRY(host_.files.read("/proc/kallsyms"))))
        symbols_ = *std::move(read);
    return symbols_ ? save_symbols(directory, *symbols_, found.addresses) : Result<void>{};
  }

  /// Only the end of the window is in the trace.
  Result<void> shorten(WindowRecord& record) const {
    auto meta = TRY(TraceMeta::read(record.notes));
    const auto ns = static_cast<std::uint64_t>(request_.flight->keep.count());
    const auto keep = meta.clock == "x86-tsc" ? meta.line.ticks(ns) : ns;
    meta.begin = std::max(meta.begin, meta.end - std::min(meta.end, keep));
    meta.write(record.notes);
    return {};
  }

  void end_command() {
    if (request_.command.empty() || command_.pid() <= 0) return;
    const Exit exit = command_.running() ? command_.stop(kGrace) : *command_.exit();
    end_ = exit.text();
    code_ = exit.signal != 0 ? 128 + exit.signal : exit.code;
  }

  /// What is beside the trace: the tasks at both ends, the later ones for those that began between.
  Result<void> complete(WindowRecord& record) {
    auto now = read_watch_tasks(host_.files, plan_.measured, flight_ ? watched_ : 0);
    if (flight_) {
      TRY(shorten(record));
      for (auto& task : tasks_) task.runnable = false;
      std::swap(now, tasks_);
    }
    std::set<std::int32_t> known;
    for (const auto& task : tasks_) known.insert(task.tid);
    for (auto& task : now)
      if (!known.contains(task.tid)) tasks_.push_back(std::move(task));
    TRY(write_text_file(directory_ / kWatchTasksFile, watch_tasks_text(tasks_)));
    record.files.emplace_back(kWatchTasksFile);
    record.notes[kWatchNote] = target_;
    if (end_.empty()) return {};
    record.notes[kWatchEndNote] = end_;
    record.notes[kWatchCodeNote] = std::to_string(code_);
    return {};
  }

  Result<ExitCode> finish(RecordingWriter& writer, const WindowOutcome& outcome) {
    bool restored = outcome.restore_problems.empty();
    auto problems = outcome.restore_problems;
    for (auto& problem : guard_.restore()) problems.push_back(std::move(problem));
    for (const auto& problem : problems) {
      restored = false;
      manifest_.warnings.push_back(
          make_warning(WarningId::not_restored, problem.what, "set " + problem.path + " manually"));
    }
    const auto& status = outcome.record.status;
    manifest_.status = status == "complete" || status == "interrupted" ? "complete" : status;
    manifest_.ended_utc = utc_now();
    TRY(writer.finish(manifest_, host_.facts.all));
    if (!restored) return ExitCode::not_restored;
    if (status.starts_with("failed"))
      return Error{ErrorKind::io, "cannot watch " + target_ + ": " + status};
    return status.starts_with("disturbed") ? ExitCode::disturbed : ExitCode::done;
  }

  const WatchRequest& request_;
  const Plan& plan_;
  Host host_;
  Lifeline lifeline_;
  StateGuard guard_;
  Manifest manifest_;
  std::filesystem::path directory_;  // of the window
  bool begun_ = false;
  Child command_;
  std::int32_t watched_ = 0;  // the process; 0: CPUs are watched
  ClockPair begun_at_;
  std::optional<FlightRecorder> flight_;
  int asked_ = 0;  // requests to freeze that were seen
  std::optional<KernelSymbols> symbols_;
  std::vector<WatchTask> tasks_;
  std::string target_;
  std::string end_;  // how the command ended; empty: there is none
  int code_ = 0;
};

}  // namespace

Result<Plan> plan_watch(const WatchRequest& request, const Files& files, const HostFacts& facts) {
  TRY(require_online(facts));
  Plan plan;
  plan.name = "watch";
  plan.question = "What interrupts this application?";
  plan.profile_hash = sha256_hex(plan.name);
  plan.measured = TRY(choose_watched(request, files, facts, plan.measured_why));
  const CpuSet absent = plan.measured - facts.online;
  if (plan.measured.empty() || !absent.empty())
    return Error{ErrorKind::usage,
                 fmt::format("cannot watch CPU {}: it is not online", absent.list()),
                 "online: " + facts.online.list()};
  plan.housekeeping = facts.usable() - plan.measured;
  if (plan.housekeeping.empty())
    return Error{ErrorKind::usage,
                 fmt::format("cannot watch CPU {} ({}): no CPU is left for isolab itself",
                             plan.measured.list(), plan.measured_why),
                 "name fewer CPUs with --cpus, or limit the process: taskset -acp CPUS PID"};
  plan.measured_isolated = (plan.measured - facts.isolated).empty();
  plan.probe.name = "none";
  plan.order = "sequential";
  plan.measure = plan.duration = request.span == Nanos{0} ? kForever : request.span;
  Arm arm;
  arm.name = "watched";
  arm.observers = request.observers;
  plan.arms.push_back(std::move(arm));
  plan.windows.push_back({0, 0});
  return plan;
}

Result<ExitCode> carry_out_watch(const WatchRequest& request, const Plan& plan, Host host,
                                 Lifeline lifeline) {
  return Watch(request, plan, host, std::move(lifeline)).carry_out();
}

}  // namespace isolab
