// SPDX-License-Identifier: Apache-2.0
// Observer: kernel events of every interruption of the measured CPUs, with the senders of IPIs.
// Needs root and tracefs; without them the run goes on at level D and the record says what is lost.
// Leaves behind: trace/ in the window's directory (pages, formats, symbols, comms) and the notes of
// trace/read/meta.h. The tracefs instance and kprobes go with the state guard.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/directory.h"
#include "base/text.h"
#include "base/warnings.h"
#include "host/clock.h"
#include "host/os.h"
#include "host/tracefs.h"
#include "probes/contract/observer.h"
#include "trace/live/drain.h"
#include "trace/live/instance.h"
#include "trace/live/kernel_names.h"
#include "trace/live/kprobes.h"

namespace isolab {

namespace {

struct IpiTraceArgs {
  Bytes buffer{16 << 20};
  Bytes other_buffer{4 << 20};
  Nanos quiet = std::chrono::milliseconds{200};
  Nanos poll = std::chrono::milliseconds{20};
  bool stacks = true;
  bool exits = true;
  bool deferrals = true;
  bool drain_measured = false;
  bool migrations = false;
};

constexpr Between<Bytes> kBufferSizes{{std::uint64_t{4} << 10}, {std::uint64_t{16} << 30}};
// Stopping the drain waits for its next poll.
constexpr Between<Nanos> kPolls{std::chrono::milliseconds{1}, std::chrono::seconds{1}};

std::set<std::int32_t> to_set(const std::vector<std::int32_t>& tasks) {
  return {tasks.begin(), tasks.end()};
}

class IpiTrace final : public Observer {
 public:
  using Args = IpiTraceArgs;
  IpiTrace(Args args, const ObserverContext& context)
      : args_(args), context_(context), directory_(context.directory / "trace") {}

  Result<void> prepare() override;
  Result<void> begin() override;
  Result<void> end() override;
  bool encloses() const override { return true; }
  Result<void> finish(WindowRecord& record) override;

 private:
  Result<void> set_up();
  void leave_out_the_tick();
  void add_migrations();
  void note_perf_events();
  Result<void> collect(WindowRecord& record);
  Result<void> take_buffers();
  Result<void> save_names();
  void list_files(WindowRecord& record) const;
  void warn_of_loss(WindowRecord& record) const;
  void warn_of_cuts(WindowRecord& record) const;
  std::uint64_t trace_time(const ClockPair& pair) const {
    return meta_.clock == "x86-tsc" ? pair.ticks : pair.ns;
  }

  Args args_;
  ObserverContext context_;
  std::filesystem::path directory_;
  TraceCapability capability_;
  TraceMeta meta_;
  Kprobes kprobes_;  // outlives the instance's use of them
  std::optional<TraceInstance> instance_;
  std::unique_ptr<PageSink> sink_;
  std::optional<TraceDrain> drain_;
  DrainPlan drain_plan_;
  Comms comms_;
  std::set<std::int32_t> own_{getpid()};  // tasks of isolab itself
  std::optional<ClockPair> begin_;
};

Result<void> IpiTrace::prepare() {
  capability_ = find_trace_capability(context_.host.files, context_.host.facts);
  if (!capability_.can_trace()) return {};
  const auto done = set_up();
  if (done) {
    sleep_for(args_.quiet);  // late work of what was just set up: work items, RCU callbacks
    comms_ = read_comms(context_.host.files);
    return {};
  }
  // Rights and kernel are what they are; wrong sizes and a busy machine are for the user to change.
  const auto kind = done.error().kind;
  if (kind != ErrorKind::denied && kind != ErrorKind::unsupported) return done.error();
  instance_.reset();
  drain_.reset();
  capability_.fall_to_d("Nothing is traced: " + done.error().what + ".");
  return {};
}

Result<void> IpiTrace::set_up() {
  auto& files = context_.host.files;
  if (!capability_.kprobes.empty()) {
    auto defined = Kprobes::define(files, context_.guard, capability_.tracefs, capability_.kprobes);
    if (defined) {
      kprobes_ = std::move(*defined);
      const auto events = kprobes_.events();
      capability_.events.insert(capability_.events.end(), events.begin(), events.end());
    } else {
      capability_.fall_to_d("Senders of IPIs are unknown: " + defined.error().what + ".");
    }
  }
  leave_out_the_tick();
  if (args_.migrations) add_migrations();
  const TraceSetup setup{.measured = context_.measured,
                         .measured_buffer = args_.buffer,
                         .other_buffer = args_.other_buffer,
                         .stacks = args_.stacks,
                         .deferrals = args_.deferrals,
                         .exits = args_.exits};
  instance_ =
      TRY(TraceInstance::create(files, context_.host.facts, context_.guard, capability_, setup));
  // Here, on a housekeeping CPU: nothing of ours runs on the measured ones before the probe.
  if (const auto cost = instance_->event_cost_ns(); cost && *cost > 0)
    meta_.other["event_cost_ns"] = fmt::format("{:.0f}", *cost);
  TRY(instance_->save_formats(directory_ / "formats"));
  const auto formats = TRY(TraceFormats::load(directory_ / "formats"));
  drain_plan_ = {.instance = instance_->path(),
                 .directory = directory_,
                 .cpus = instance_->cpus(),
                 .runs_on = context_.housekeeping,
                 .interval = args_.poll,
                 .layout = formats.layout};
  auto during = drain_plan_;
  if (!args_.drain_measured) during.cpus = during.cpus - context_.measured;
  if (context_.trace_sink) {
    sink_ = context_.trace_sink(formats, instance_->clock());
    during.sink = sink_.get();
  }
  drain_ = TRY(TraceDrain::start(during));
  return {};
}

/// Where a task goes that leaves the queue of a measured CPU.
void IpiTrace::add_migrations() {
  if (check_trace_event(context_.host.files, "sched:sched_migrate_task"))
    capability_.events.push_back(
        {"sched", "sched_migrate_task", TracedEvent::Role::wakeup, "orig_cpu"});
}

/// The scheduler's tick arms its timer again at each expiry; who armed it is of no interest.
void IpiTrace::leave_out_the_tick() {
  const auto text = context_.host.files.read("/proc/kallsyms");
  const auto symbols = text ? KernelSymbols::parse(*text) : Result<KernelSymbols>(text.error());
  if (!symbols) return;
  for (const char* name : {"tick_nohz_handler", "tick_sched_timer"})  // since 6.9, before
    if (const auto address = symbols->address(name); address != 0)
      for (auto& event : capability_.events)
        if (event.name == "hrtimer_start")
          event.condition = fmt::format("function != {:#x}", address);
}

Result<void> IpiTrace::begin() {
  if (!instance_) return {};
  meta_.clock = instance_->clock();
  TRY(instance_->start());
  TRY(instance_->mark("isolab: window begins"));
  begin_ = read_clock_pair();
  meta_.begin = trace_time(*begin_);
  return {};
}

Result<void> IpiTrace::end() {
  if (!instance_ || !begin_) return {};
  const auto pair = read_clock_pair();
  meta_.end = trace_time(pair);
  meta_.line = make_line(*begin_, pair);
  TRY(instance_->mark("isolab: window ends"));
  TRY(instance_->stop());
  comms_.merge(
      read_comms(context_.host.files));  // tasks that began after prepare() and end with the window
  if (context_.own_tasks) own_.merge(to_set(context_.own_tasks()));
  note_perf_events();
  return {};
}

/// Whose timers and counters perf_swevent_hrtimer and the NMIs are: they were armed before the
/// window as a rule, so the trace does not show by whom.
void IpiTrace::note_perf_events() {
  std::vector<std::string> holders;
  for (const auto pid : holders_of_anonymous("[perf_event]"))
    if (const auto comm = comms_.find(pid); comm != comms_.end())
      holders.push_back(fmt::format("{} (pid {})", comm->second, pid));
  if (!holders.empty()) meta_.other["perf_events"] = join(holders, "\n");
}

Result<void> IpiTrace::finish(WindowRecord& record) {
  meta_.level = to_string(capability_.level);
  meta_.reasons = capability_.reasons;
  Result<void> done;
  if (instance_) {
    (void)instance_->stop();  // again, for windows that failed before their end
    done = collect(record);
    auto off = instance_->switch_off();
    auto removed = kprobes_.remove();
    if (done) done = std::move(off);
    if (done) done = std::move(removed);
  }
  meta_.write(record.notes);
  return done;
}

Result<void> IpiTrace::collect(WindowRecord& record) {
  TRY(take_buffers());
  meta_.loss = TRY(instance_->loss());
  meta_.buffer_bytes = args_.buffer.count;
  meta_.other["other_buffer_bytes"] = fmt::format("{}", args_.other_buffer.count);
  meta_.other["quiet"] = print(args_.quiet);
  meta_.other["remarks"] = join(instance_->remarks(), "\n");
  meta_.other["offline"] = (instance_->cpus() - instance_->online()).list();
  TRY(save_names());
  warn_of_loss(record);
  warn_of_cuts(record);
  list_files(record);
  return {};
}

/// What one CPU's buffer does not give is that CPU's loss. A reader that ended early held pages of
/// which nothing is known: an error of the whole.
Result<void> IpiTrace::take_buffers() {
  const auto stopped = drain_ ? drain_->stop() : Result<void>{};
  const auto lost = TRY(drain_rest(drain_plan_));
  TRY(stopped);
  for (const auto& [cpu, buffer] : lost) {
    const bool was_offline = buffer.absent && !instance_->online().contains(cpu);
    if (!was_offline) meta_.cut[cpu] = {meta_.begin, buffer.what};
  }
  return {};
}

Result<void> IpiTrace::save_names() {
  auto& files = context_.host.files;
  const auto trace = TRY(TraceDirectory::load(directory_));
  if (drain_ && drain_->pid() > 0) own_.insert(drain_->pid());
  if (!has_numbers_of_trace(files)) {
    own_.clear();
    meta_.reasons.push_back(
        "The trace has numbers of tasks of another PID namespace: isolab's tasks are not "
        "distinguished, and some tasks have no name.");
  }
  auto found = TRY(find_mentions(trace, own_, meta_.begin, meta_.end));
  for (auto& [cpu, cut] : meta_.cut) cut.from = std::max(cut.from, found.last[cpu]);
  meta_.other["events"] = fmt::format("{}", found.events);
  meta_.other["own_pids"] = fmt::format("{}", fmt::join(own_, " "));
  meta_.other["own_calls"] = fmt::format("{}", found.own_calls);
  meta_.other["own_reschedules"] = fmt::format("{}", found.own_reschedules);
  meta_.other["interrupts_in_own"] = fmt::format("{}", found.interrupts_in_own);

  // The newest name wins: of the trace, of tasks alive now, of tasks alive before.
  found.comms.merge(read_comms(files));
  found.comms.merge(read_saved_comms(files, instance_->path()));
  found.comms.merge(comms_);
  TRY(save_comms(directory_, found.comms));

  const auto text = TRY(files.read("/proc/kallsyms"));
  const auto symbols = KernelSymbols::parse(text);
  if (!symbols) {
    meta_.reasons.push_back("Functions are shown as addresses: " + symbols.error().what + ".");
    return {};
  }
  return save_symbols(directory_, *symbols, found.addresses);
}

void IpiTrace::list_files(WindowRecord& record) const {
  for (const auto& file : files_below(directory_).value_or(std::vector<std::filesystem::path>{}))
    record.files.push_back(file.lexically_relative(context_.directory).string());
}

void IpiTrace::warn_of_loss(WindowRecord& record) const {
  if (meta_.lost() == 0) return;
  std::vector<std::string> cpus;
  for (const auto& [cpu, one] : meta_.loss)
    if (one.total() != 0) cpus.push_back(fmt::format("CPU {}: {}", cpu, one.total()));
  record.warnings.push_back(make_warning(
      WarningId::trace_loss, fmt::format("the trace lost events ({})", fmt::join(cpus, ", "))));
}

void IpiTrace::warn_of_cuts(WindowRecord& record) const {
  for (const auto& [cpu, cut] : meta_.cut) {
    const auto since = meta_.ticks(cut.from) - meta_.ticks(meta_.begin);
    const auto ns = meta_.line.nanoseconds(since);
    record.warnings.push_back(make_warning(
        WarningId::trace_cut,
        fmt::format("the trace of CPU {} ends {:.3f} s after the beginning of the window: {}", cpu,
                    static_cast<double>(ns) / 1e9, cut.why)));
  }
}

}  // namespace

namespace probes {

const ObserverInfo ipi_trace = describe_observer<IpiTrace>(
    {.name = "ipi_trace",
     .summary =
         "records kernel events of every interruption, with the senders of IPIs and their stacks",
     .needs = "root and tracefs; without them interrupt counters remain (level D)",
     .traces = true},
    param("buffer", &IpiTraceArgs::buffer, "trace buffer of each measured CPU, for a whole window",
          kBufferSizes),
    param("other_buffer", &IpiTraceArgs::other_buffer,
          "trace buffer of each other CPU, read during the window", kBufferSizes),
    param("quiet", &IpiTraceArgs::quiet, "pause between setting up the trace and the window",
          between<Nanos>(Nanos{0}, std::chrono::minutes{1})),
    param("poll", &IpiTraceArgs::poll, "interval for reading the buffers of the other CPUs",
          kPolls),
    param("stacks", &IpiTraceArgs::stacks, "record the stack of the sender with every remote call"),
    param("exits", &IpiTraceArgs::exits, "also trace when handlers end: their durations"),
    param("deferrals", &IpiTraceArgs::deferrals,
          "also trace on all CPUs who queues work and arms timers"),
    param("drain_measured", &IpiTraceArgs::drain_measured,
          "also read the buffers of the measured CPUs during the window; for windows too long for "
          "the buffers"),
    param("migrations", &IpiTraceArgs::migrations,
          "also trace where tasks go that leave the queue of a measured CPU"));

}  // namespace probes

}  // namespace isolab
