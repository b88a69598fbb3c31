// SPDX-License-Identifier: Apache-2.0
// The probe busy_loop: one pinned thread per measured CPU reads the cycle counter without pause; a
// round longer than the loop's own time is a gap, caused by kernel, hypervisor or firmware.
// Locks its memory where the rights allow it. Leaves nothing behind: threads, locks and the C-state
// hold die with the process. docs/probes.md says what each number means.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "base/warnings.h"
#include "host/arch/cycles.h"
#include "host/clock.h"
#include "probes/busy_loop/clock_track.h"
#include "probes/busy_loop/listener.h"
#include "probes/contract/preflight.h"
#include "probes/contract/probe.h"

namespace isolab {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kShortWindow = 1s;     // shorter ones are calibrated from prepare() on
constexpr Nanos kPrepareSpan = 250ms;  // between the two readings that give the threshold its ticks
constexpr Nanos kStartLimit = 10s;     // for every thread to get its CPU
constexpr Nanos kEndLimit = 5s;        // after stop
constexpr Nanos kPoll = 2ms;           // of the control thread, on its housekeeping CPU
constexpr double kAllowedPpm = 5;

struct BusyLoopArgs {
  Nanos threshold = 1us;
  std::string counter = "fenced";
  std::string policy = "other";
  int priority = 1;
  bool allow_throttling = false;
  int log_capacity = 1 << 20;
  bool hold_c_states = true;
};

class BusyLoop final : public Probe {
 public:
  using Args = BusyLoopArgs;

  BusyLoop(Args args, ProbeContext context)
      : args_(std::move(args)), context_(std::move(context)) {}
  ~BusyLoop() override {
    for (const auto& listener : listeners_) Listener::retire(listener);
  }

  static Result<std::vector<Warning>> preflight(const Args& args, const ProbeContext& context);

  Result<void> prepare() override;
  Result<void> window(ProbeSignals& signals) override;
  ProbeRecord collect() override;
  std::vector<Footprint> footprints() const override;

 private:
  Result<void> start_listeners(ListenerRound& round);
  Result<void> wait_for_end(const ProbeSignals& signals, ClockTrack& track);
  ProbeCpu collect_cpu(const Listener& listener) const;

  const Args args_;
  const ProbeContext context_;
  Fd c_states_;
  std::string memory_note_ = "locked";
  std::string c_states_note_ = "unchanged";
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::optional<ClockPair> prepared_;
  TickLine line_;
  std::uint64_t threshold_ = 0;  // ticks
};

Result<std::vector<Warning>> BusyLoop::preflight(const Args& args, const ProbeContext& context) {
  const HostFacts& facts = context.host.facts;
  TRY(check_measured_cpus(facts, context.measured, context.housekeeping));
  TRY(check_log_memory(
      facts, context.measured,
      sizeof(Histogram) + static_cast<std::uint64_t>(args.log_capacity) * sizeof(Gap)));
  std::vector<Warning> warnings = sibling_warnings(facts, context.measured);
  for (auto& warning : numa_balancing_warnings(context.host.files))
    warnings.push_back(std::move(warning));
  if (args.policy == "other") return warnings;

  const auto holes = real_time_holes(context.host, context.measured);
  if (!holes.empty() && !args.allow_throttling) {
    return Error{ErrorKind::usage,
                 fmt::format("cannot use policy {}: it would measure the scheduler's protection "
                             "against real-time tasks: {}",
                             args.policy, fmt::join(holes, "; ")),
                 "use policy: other; or switch the protection off (kernel.sched_rt_runtime_us = "
                 "-1, fair server runtime 0); or accept it with allow_throttling: true"};
  }
  for (const auto& hole : holes)
    warnings.push_back(make_warning(WarningId::real_time_throttling, hole));
  return warnings;
}

Result<void> BusyLoop::prepare() {
  // Without the right to lock memory the probe measures nevertheless: histogram and log are touched
  // before the window, and a fault that happens nevertheless shows in the footprint, which must be
  // 0.
  if (const auto locked = lock_all_memory(); !locked)
    memory_note_ = "not locked: " + locked.error().what;
  if (args_.hold_c_states) {
    auto held = hold_cpu_dma_latency();
    if (held) {
      c_states_ = std::move(*held);
      c_states_note_ = "held at latency 0 by isolab (/dev/cpu_dma_latency)";
    } else {
      c_states_note_ = "not held: " + held.error().what;
    }
  }
  prepared_ = read_clock_pair();
  ListenerSettings settings;
  settings.fenced = args_.counter == "fenced";
  settings.policy = args_.policy;
  settings.cgroup = context_.cgroup;
  settings.priority = args_.priority;
  settings.log_capacity = static_cast<std::size_t>(args_.log_capacity);
  for (const int cpu : context_.measured)
    listeners_.push_back(TRY(Listener::create(cpu, settings)));
  for (const auto& listener : listeners_)
    if (memory_note_ == "locked" && !listener->lock_problem().empty())
      memory_note_ = "not locked: " + listener->lock_problem();
  sleep_for(kPrepareSpan);
  line_ = make_line(*prepared_, read_clock_pair());
  threshold_ = line_.ticks(static_cast<std::uint64_t>(args_.threshold.count()));
  for (const auto& listener : listeners_) {
    if (threshold_ >= listener->floor_limit()) continue;
    return Error{ErrorKind::usage,
                 fmt::format("threshold {} is less than two rounds of the loop on CPU {} ({} ns)",
                             print(args_.threshold), listener->cpu(),
                             line_.nanoseconds(listener->floor_limit())),
                 "a longer threshold, or counter: unfenced"};
  }
  return {};
}

Result<void> BusyLoop::window(ProbeSignals& signals) {
  const auto round = std::make_shared<ListenerRound>(static_cast<std::uint32_t>(listeners_.size()));
  round->stop = &signals.stop;
  ClockTrack track;
  track.add(read_clock_pair());  // before the first reading of every thread
  for (const auto& listener : listeners_) listener->listen_in(round, threshold_);
  TRY(start_listeners(*round));

  // From here to the end this thread allocates nothing: a change of the address space would
  // interrupt the measured CPUs, which share it.
  signals.listening.store(1);
  TRY(wait_for_end(signals, track));
  track.add(read_clock_pair());  // after the last of every thread
  line_ = track.span() < kShortWindow ? make_line(*prepared_, track.last()) : track.line();
  return {};
}

Result<void> BusyLoop::start_listeners(ListenerRound& round) {
  const std::uint64_t limit = mono_raw_ns() + static_cast<std::uint64_t>(kStartLimit.count());
  for (const auto& listener : listeners_) {
    while (!listener->started()) {
      if (mono_raw_ns() > limit) {
        round.given_up.store(1);
        return Error{
            ErrorKind::busy,
            fmt::format("the busy loop did not run on CPU {} within 10 s", listener->cpu()),
            "does a real-time task occupy that CPU?"};
      }
      sleep_for(kPoll);
    }
  }
  return {};
}

Result<void> BusyLoop::wait_for_end(const ProbeSignals& signals, ClockTrack& track) {
  std::uint64_t patience_ends = 0;  // 0: not stopped yet
  for (const auto& listener : listeners_) {
    while (!listener->finished()) {
      sleep_for(kPoll);
      const std::uint64_t now = mono_raw_ns();
      if (patience_ends == 0) {
        if (track.due(now)) track.add(read_clock_pair());
        if (signals.stop.load() != 0)
          patience_ends = now + static_cast<std::uint64_t>(kEndLimit.count());
      } else if (now > patience_ends) {
        return Error{ErrorKind::busy,
                     fmt::format("the busy loop on CPU {} did not end within 5 s", listener->cpu()),
                     "does a real-time task occupy that CPU?"};
      }
    }
  }
  return {};
}

ProbeRecord BusyLoop::collect() {
  ProbeRecord record;
  record.probe = "busy_loop";
  record.kind = "gap";
  record.line = line_;
  for (const auto& listener : listeners_) record.cpus.push_back(collect_cpu(*listener));
  record.notes["counter"] = fmt::format("{} ({})", kCycleCounterName, args_.counter);
  record.notes["policy"] =
      args_.policy == "other" ? "other" : fmt::format("{} {}", args_.policy, args_.priority);
  record.notes["memory"] = memory_note_;
  record.notes["c_states"] = c_states_note_;
  const double worst = std::max(std::abs(line_.drift_ppm), line_.uncertainty_ppm);
  record.notes["calibration"] =
      fmt::format("{:.0f} ticks/s, uncertainty {:.3f} ppm, drift {:.3f} ppm{}",
                  line_.ticks_per_second(), line_.uncertainty_ppm, line_.drift_ppm,
                  worst > kAllowedPpm ? ": more than the limit of 5 ppm" : "");
  return record;
}

ProbeCpu BusyLoop::collect_cpu(const Listener& listener) const {
  ProbeCpu cpu;
  cpu.cpu = listener.cpu();
  cpu.threshold = threshold_;
  if (!listener.finished()) {
    cpu.error = "its thread did not run, or did not end: no data";
    return cpu;
  }
  const Heard& heard = listener.heard();
  const LoopTotals& totals = heard.totals;
  if (totals.iterations == 0) {
    cpu.error = "it did not measure, since the thread of another CPU did not start";
    return cpu;
  }
  cpu.start = totals.start;
  cpu.end = totals.end;
  cpu.histogram = listener.histogram();
  const GapLog& log = listener.log();
  cpu.gaps.own().assign(log.entries, log.entries + log.size);
  cpu.gaps_dropped = log.dropped;

  // Wall time two ways: as CLOCK_MONOTONIC_RAW has it, and as the sum of all rounds plus the
  // moments between the clock readings and the loop, through a line the control thread measured.
  const std::uint64_t counted =
      (totals.start - heard.before.ticks) + totals.sum + (heard.after.ticks - totals.end);
  const auto wall = static_cast<double>(heard.after.ns - heard.before.ns);
  const double unexplained = wall - static_cast<double>(line_.nanoseconds(counted));

  cpu.numbers["iterations"] = static_cast<double>(totals.iterations);
  cpu.numbers["over_floor"] = static_cast<double>(totals.over_floor);
  cpu.numbers["floor_ticks"] = listener.floor_ticks();
  cpu.numbers["floor_ns"] = listener.floor_ticks() * 1e9 / line_.ticks_per_second();
  cpu.numbers["floor_limit_ticks"] = static_cast<double>(listener.floor_limit());
  cpu.numbers["longest_ticks"] = static_cast<double>(totals.longest);
  cpu.numbers["backward_steps"] = static_cast<double>(totals.backward);
  cpu.numbers["sum_error_ticks"] =
      static_cast<double>(static_cast<std::int64_t>(totals.end - totals.start - totals.sum));
  cpu.numbers["wall_error_ppm"] = unexplained / wall * 1e6;
  cpu.numbers["tick_ns"] = 1e9 / line_.ticks_per_second();
  if (const auto hz = nominal_counter_hz(); hz > 0)
    cpu.numbers["nominal_hz"] = static_cast<double>(hz);

  if (cpu.histogram.total() != totals.iterations)
    cpu.error = "self-check failed: the histogram does not contain every iteration";
  if (totals.sum != totals.end - totals.start)
    cpu.error = "self-check failed: the rounds do not add up to the window";
  if (heard.ended_on_cpu != cpu.cpu)
    cpu.error = fmt::format("its thread was moved to CPU {}", heard.ended_on_cpu);
  return cpu;
}

std::vector<Footprint> BusyLoop::footprints() const {
  std::vector<Footprint> all;
  for (const auto& listener : listeners_)
    if (listener->finished()) all.push_back(listener->heard().footprint);
  return all;
}

}  // namespace

namespace probes {

const ProbeInfo busy_loop = describe_probe<BusyLoop>(
    {
        .name = "busy_loop",
        .summary = "reads the cycle counter without pause and logs every gap",
        .measures =
            "Each time user space could not run, for any reason: interrupts, other tasks, the "
            "hypervisor, firmware. A gap's length includes one undisturbed round of the loop.",
        .needs = "nothing; root to lock its memory and to prevent C-states; policies fifo and rr "
                 "need root and no RT throttling",
        .enters_cgroup = true,
        .hosts_peers = true,
    },
    param("threshold", &BusyLoopArgs::threshold,
          "gaps longer than this are logged one by one; at least two rounds of the loop"),
    param("counter", &BusyLoopArgs::counter,
          "fenced waits for earlier loads at each reading; unfenced is faster and may read early",
          {"fenced", "unfenced"}),
    param("policy", &BusyLoopArgs::policy,
          "scheduling policy of the measuring threads; with other, ordinary tasks appear as gaps",
          {"other", "fifo", "rr"}),
    param("priority", &BusyLoopArgs::priority, "priority for the policies fifo and rr",
          between(1, 99)),
    param("allow_throttling", &BusyLoopArgs::allow_throttling,
          "use fifo or rr although RT throttling or the fair server will cause gaps"),
    param("log_capacity", &BusyLoopArgs::log_capacity,
          "entries of the gap log per CPU (16 bytes of locked memory each); further gaps are "
          "counted as dropped",
          between(0, 1 << 28)),
    param("hold_c_states", &BusyLoopArgs::hold_c_states,
          "keep all CPUs out of deep idle states by /dev/cpu_dma_latency"));

}  // namespace probes
}  // namespace isolab
