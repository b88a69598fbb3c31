// SPDX-License-Identifier: Apache-2.0
// The probe cyclictest: the real one from rt-tests (2.x), one timer thread per measured CPU, its
// control thread and our reader on housekeeping CPUs. Every sample is streamed and kept; nothing is
// summed up by the tool. Needs the program cyclictest and, for its real-time policies, root. Leaves
// its messages in cyclictest.log in the scratch directory.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/counters.h"
#include "base/text.h"
#include "host/clock.h"
#include "host/process.h"
#include "probes/contract/preflight.h"
#include "probes/contract/probe.h"
#include "probes/formats/cyclictest_parser.h"

namespace isolab {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kFirstSampleLimit = 10s;  // --secaligned alone takes up to 2 s
constexpr Nanos kEndLimit = 3s;           // after SIGINT
constexpr Nanos kSilenceLimit = 2s;       // of one thread at the end of the window
constexpr int kPollMilliseconds = 20;

struct CyclictestArgs {
  Nanos interval = 1ms;
  Nanos threshold = 50us;
  std::string policy = "fifo";
  int priority = 95;
  int log_capacity = 1 << 20;
  bool hold_c_states = true;
};

std::uint64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

/// The same moment on both clocks: cyclictest lives on CLOCK_MONOTONIC, which NTP may slew; the
/// recording is in CLOCK_MONOTONIC_RAW.
struct BothClocks {
  std::uint64_t mono = 0, raw = 0;
  static BothClocks now() {
    const std::uint64_t before = clock_ns(CLOCK_MONOTONIC_RAW);
    const std::uint64_t mono = clock_ns(CLOCK_MONOTONIC);
    return {mono, before + (clock_ns(CLOCK_MONOTONIC_RAW) - before) / 2};
  }
};

std::uint64_t to_raw(std::uint64_t mono, const BothClocks& first, const BothClocks& last) {
  const double since = static_cast<double>(mono) - static_cast<double>(first.mono);
  const double rate = last.mono == first.mono ? 1
                                              : static_cast<double>(last.raw - first.raw) /
                                                    static_cast<double>(last.mono - first.mono);
  return first.raw + static_cast<std::uint64_t>(static_cast<std::int64_t>(since * rate));
}

class Cyclictest final : public Probe {
 public:
  using Args = CyclictestArgs;
  Cyclictest(Args args, ProbeContext context)
      : args_(std::move(args)),
        context_(std::move(context)),
        cpus_(context_.measured.begin(), context_.measured.end()),
        parser_(parser_settings()) {}

  static Result<void> check(const Args& args);
  static Result<std::vector<Warning>> preflight(const Args& args, const ProbeContext& context);

  Result<void> prepare() override;
  Result<void> window(ProbeSignals& signals) override;
  ProbeRecord collect() override;
  std::vector<Footprint> footprints() const override { return footprints_; }

 private:
  CyclictestParser::Settings parser_settings() const;
  std::vector<std::string> command() const;
  std::string log_path() const { return (context_.scratch / "cyclictest.log").string(); }
  Result<void> listen(Child& child, int output, ProbeSignals& signals);
  Result<void> judge(const std::optional<Exit>& exit, bool asked_to_end);
  std::vector<Footprint> thread_counters(pid_t pid) const;
  std::string last_words() const;
  ProbeCpu collect_cpu(std::size_t index) const;

  const Args args_;
  const ProbeContext context_;
  const std::vector<int> cpus_;  // thread n runs on cpus_[n]
  std::string version_;
  CyclictestParser parser_;
  BothClocks first_, last_;
  std::uint64_t stopped_at_ = 0;  // CLOCK_MONOTONIC; 0: no request yet
  std::string failure_;           // of the last window; empty: it was whole
  std::vector<Footprint> footprints_;
};

Result<void> Cyclictest::check(const Args& args) {
  if (args.interval % 1us == 0ns) return {};
  return Error{ErrorKind::usage, fmt::format("interval: {} is not a whole number of microseconds",
                                             print(args.interval))};
}

Result<std::vector<Warning>> Cyclictest::preflight(const Args&, const ProbeContext& context) {
  TRY(check_measured_cpus(context.host.facts, context.measured, context.housekeeping));
  if (auto program = find_program("cyclictest"); !program) {
    return Error{ErrorKind::unsupported, "cannot find cyclictest: " + program.error().what,
                 "install rt-tests"};
  }
  return sibling_warnings(context.host.facts, context.measured);
}

CyclictestParser::Settings Cyclictest::parser_settings() const {
  return {.threads = cpus_.size(),
          .interval = static_cast<std::uint64_t>(args_.interval.count()),
          .threshold = static_cast<std::uint64_t>(args_.threshold.count()),
          .log_capacity = static_cast<std::size_t>(args_.log_capacity)};
}

std::vector<std::string> Cyclictest::command() const {
  // --mainaffinity: without it the control thread polls at 100 Hz on a measured CPU.
  // --secaligned: all threads wake at the same instants, and absolute time can be told.
  // --distance=0: every thread has the same interval, histogram or not.
  std::vector<std::string> argv = {
      "cyclictest",
      "--verbose",
      "--nsecs",
      "--mlockall",
      "--secaligned=0",
      "--distance=0",
      "--clock=0",
      fmt::format("--interval={}",
                  std::chrono::duration_cast<std::chrono::microseconds>(args_.interval).count()),
      fmt::format("--affinity={}", context_.measured.list()),
      fmt::format("--threads={}", cpus_.size()),
      fmt::format("--mainaffinity={}", context_.housekeeping.list()),
      fmt::format("--policy={}", args_.policy),
  };
  // A priority would turn the policy "other" into fifo.
  if (args_.policy != "other") argv.push_back(fmt::format("--priority={}", args_.priority));
  if (!args_.hold_c_states) argv.push_back("--default-system");
  return argv;
}

Result<void> Cyclictest::prepare() {
  TRY(find_program("cyclictest"));
  const std::string help = TRY(run_for_output({"cyclictest", "--help"}, 5s));
  version_ = help.substr(0, help.find('\n'));
  return {};
}

Result<void> Cyclictest::window(ProbeSignals& signals) {
  parser_ = CyclictestParser(parser_settings());
  footprints_.clear();
  failure_.clear();
  stopped_at_ = 0;
  first_ = last_ = BothClocks::now();

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return errno_error("cannot make a pipe for cyclictest", errno);
  const Fd output(ends[0]);
  Fd input(ends[1]);
  fcntl(output.get(), F_SETPIPE_SZ, 1 << 20);  // smaller is fine too; it only spares wake-ups
  CommandSpec spec;
  spec.argv = command();
  spec.cpus = context_.housekeeping;
  spec.output = log_path();
  spec.stdout_fd = input.get();
  Child child = TRY(Child::spawn(spec));
  input.reset();

  const Result<void> heard = listen(child, output.get(), signals);
  last_ = BothClocks::now();
  if (!heard) failure_ = heard.error().what;
  return heard;
}

Result<void> Cyclictest::listen(Child& child, int output, ProbeSignals& signals) {
  const std::uint64_t begun = clock_ns(CLOCK_MONOTONIC);
  const auto since = [](std::uint64_t then) {
    return Nanos(static_cast<Nanos::rep>(clock_ns(CLOCK_MONOTONIC) - then));
  };
  std::vector<Footprint> at_start;
  std::vector<char> buffer(64 * 1024);
  bool heard_all = false;
  for (;;) {
    if (signals.stop.load() != 0 && stopped_at_ == 0) {
      stopped_at_ = clock_ns(CLOCK_MONOTONIC);
      const auto at_end = thread_counters(child.pid());
      for (std::size_t i = 0; i < at_end.size() && i < at_start.size(); ++i)
        footprints_.push_back(footprint_gain(at_start[i], at_end[i]));
      child.signal(SIGINT);
    }
    pollfd wait{output, POLLIN, 0};
    const int ready = poll(&wait, 1, kPollMilliseconds);
    if (ready > 0) {
      const ssize_t got = read(output, buffer.data(), buffer.size());
      if (got == 0) break;
      if (got > 0) {
        parser_.feed({buffer.data(), static_cast<std::size_t>(got)}, clock_ns(CLOCK_MONOTONIC));
        if (!parser_.problem().empty()) break;
      }
    }
    if (!heard_all && parser_.all_heard()) {
      heard_all = true;
      at_start = thread_counters(child.pid());
      signals.listening.store(1);
    }
    if (stopped_at_ != 0 && since(stopped_at_) > kEndLimit) {
      child.stop(1s);
      return Error{ErrorKind::interrupted,
                   "cyclictest did not end within 3 s of SIGINT and was killed; the samples it had "
                   "printed are kept"};
    }
    if (stopped_at_ == 0 && !heard_all && since(begun) > kFirstSampleLimit) {
      child.stop(1s);
      return Error{
          ErrorKind::interrupted,
          "cyclictest gave no sample of every thread within 10 s and was killed" + last_words()};
    }
  }
  parser_.finish();
  if (!parser_.problem().empty() && child.running()) {
    child.stop(1s);
    return judge(std::nullopt, stopped_at_ != 0);
  }
  const auto exit = child.wait_for(kEndLimit);
  if (!exit) {
    child.stop(1s);
    return Error{ErrorKind::interrupted,
                 "cyclictest closed its output but did not end within 3 s and was killed"};
  }
  return judge(exit, stopped_at_ != 0);
}

Result<void> Cyclictest::judge(const std::optional<Exit>& exit, bool asked_to_end) {
  if (exit && !asked_to_end) {
    return Error{ErrorKind::io, fmt::format("cyclictest ended before the window: {}{}",
                                            exit->text(), last_words())};
  }
  if (exit && !exit->ok())
    return Error{ErrorKind::io, fmt::format("cyclictest: {}{}", exit->text(), last_words())};
  if (!parser_.problem().empty())
    return Error{ErrorKind::parse, "cyclictest's output, " + parser_.problem()};
  for (std::size_t i = 0; i < cpus_.size(); ++i) {
    const CyclictestThread& thread = parser_.threads()[i];
    if (thread.cpu >= 0 && thread.cpu != cpus_[i]) {
      return Error{ErrorKind::io, fmt::format("cyclictest put thread {} on CPU {} instead of {}", i,
                                              thread.cpu, cpus_[i])};
    }
    const auto start = parser_.started_at();
    if (!start) continue;  // stopped before the first sample
    const std::uint64_t quiet_since = *start + thread.last_wake;
    const auto allowed = static_cast<std::uint64_t>((kSilenceLimit + args_.interval).count());
    if (stopped_at_ > quiet_since + allowed) {
      return Error{
          ErrorKind::io,
          fmt::format(
              "the cyclictest thread on CPU {} gave no sample in the last {} s of the window",
              cpus_[i], (stopped_at_ - quiet_since) / 1'000'000'000)};
    }
  }
  return {};
}

/// Switches and faults so far of the timer threads, in the order of their CPUs: a timer thread is
/// one that is allowed on a single, measured CPU.
std::vector<Footprint> Cyclictest::thread_counters(pid_t pid) const {
  const Files& files = context_.host.files;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  std::vector<Footprint> found;
  for (const auto& tid : files.list(tasks).value_or(std::vector<std::string>{})) {
    const auto status = files.read(tasks + "/" + tid + "/status");
    const auto stat = files.read(tasks + "/" + tid + "/stat");
    if (!status || !stat) continue;
    Footprint one{.cpu = -1};
    std::istringstream lines(*status);
    for (std::string line; std::getline(lines, line);) {
      const auto value = line.substr(line.find(':') + 1);
      if (line.starts_with("Cpus_allowed_list:")) {
        const auto allowed = CpuSet::parse(trimmed(value));
        if (allowed && allowed->count() == 1 && context_.measured.contains(*allowed->first()))
          one.cpu = *allowed->first();
      }
      if (line.starts_with("voluntary_ctxt_switches:"))
        std::istringstream(value) >> one.voluntary_switches;
      if (line.starts_with("nonvoluntary_ctxt_switches:"))
        std::istringstream(value) >> one.involuntary_switches;
    }
    if (one.cpu < 0) continue;
    // proc(5): after the name in parentheses come state, ppid, pgrp, session, tty, tpgid, flags.
    std::istringstream fields(stat->substr(stat->rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 7; ++i) fields >> skipped;
    std::uint64_t minor = 0, of_children = 0, major = 0;
    fields >> minor >> of_children >> major;
    one.minor_faults = minor;
    one.major_faults = major;
    found.push_back(one);
  }
  std::sort(found.begin(), found.end(),
            [](const Footprint& a, const Footprint& b) { return a.cpu < b.cpu; });
  return found;
}

/// ": what it said last", for an error message.
std::string Cyclictest::last_words() const {
  std::ifstream log(log_path());
  std::string last;
  for (std::string line; std::getline(log, line);)
    if (!trimmed(line).empty()) last = line;
  if (last.empty() && !parser_.all_heard() && !parser_.messages().empty())
    last = parser_.messages().back();
  return last.empty() ? "" : ": " + last;
}

ProbeRecord Cyclictest::collect() {
  ProbeRecord record;
  record.probe = "cyclictest";
  record.kind = "wakeup";
  record.line.counter = "ns";
  record.line.ticks0 = record.line.ns0 = first_.raw;
  record.line.ticks1 = record.line.ns1 = last_.raw;
  for (std::size_t i = 0; i < cpus_.size(); ++i) record.cpus.push_back(collect_cpu(i));
  record.notes["version"] = version_;
  record.notes["command"] = join(command(), " ");
  record.notes["policy"] =
      args_.policy == "other" ? "other" : fmt::format("{} {}", args_.policy, args_.priority);
  record.notes["c_states"] =
      args_.hold_c_states ? "held at latency 0 by cyclictest (/dev/cpu_dma_latency)" : "unchanged";
  return record;
}

ProbeCpu Cyclictest::collect_cpu(std::size_t index) const {
  const CyclictestThread& heard = parser_.threads()[index];
  ProbeCpu cpu;
  cpu.cpu = cpus_[index];
  cpu.error = failure_;
  cpu.threshold = static_cast<std::uint64_t>(args_.threshold.count());
  const auto start = parser_.started_at();
  if (!start) return cpu;
  const auto raw = [&](std::uint64_t since) { return to_raw(*start + since, first_, last_); };
  cpu.start = raw(0);
  cpu.end = raw(heard.last_wake);
  cpu.histogram = heard.histogram;
  cpu.corrected = heard.corrected;
  for (const Gap& late : heard.late) cpu.gaps.push_back({raw(late.start), late.length});
  cpu.gaps_dropped = heard.late_dropped;
  cpu.numbers["samples"] = static_cast<double>(heard.samples);
  cpu.numbers["periods"] = static_cast<double>(heard.periods);
  cpu.numbers["missed_periods"] = static_cast<double>(heard.missed);
  cpu.numbers["interval_ns"] = static_cast<double>(args_.interval.count());
  cpu.numbers["longest_ns"] = static_cast<double>(heard.longest);
  cpu.numbers["reader_lag_ns"] = static_cast<double>(parser_.reader_lag());
  return cpu;
}

}  // namespace

namespace probes {

const ProbeInfo cyclictest = describe_probe<Cyclictest>(
    {
        .name = "cyclictest",
        .summary = "runs cyclictest and records every wake-up latency",
        .measures =
            "How late the thread of a timer starts to run: interrupt, wake-up, scheduling and "
            "exit from idle together. It detects a disturbance only at a wake-up.",
        .needs = "cyclictest (rt-tests); root for the policies fifo and rr",
    },
    param("interval", &CyclictestArgs::interval,
          "time between wake-ups, whole microseconds, the same for every CPU",
          between<Nanos>(10us, 1s)),
    param("threshold", &CyclictestArgs::threshold,
          "latencies longer than this are logged one by one"),
    param("policy", &CyclictestArgs::policy, "scheduling policy of the timer threads",
          {"fifo", "rr", "other"}),
    param("priority", &CyclictestArgs::priority, "priority for the policies fifo and rr",
          between(1, 99)),
    param("log_capacity", &CyclictestArgs::log_capacity,
          "entries of the log per CPU for latencies over the threshold; further ones are counted "
          "as dropped",
          between(0, 1 << 28)),
    param("hold_c_states", &CyclictestArgs::hold_c_states,
          "let cyclictest keep all CPUs out of deep idle states by /dev/cpu_dma_latency"));

}  // namespace probes
}  // namespace isolab
