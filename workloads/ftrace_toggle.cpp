// SPDX-License-Identifier: Apache-2.0
// Switches tracing on and off: a trace event, the function tracer on one function, or the PID
// filter. Needs root and tracefs. Works in a separate instance and leaves nothing behind.
//
// What one on + off of an event sends depends on the event: its static key (3 IPIs to each CPU) and
// its static call (3 for the trampoline, 3 for every place that calls it) change both ways on x86,
// so 6 x (2 + call sites). Measured on 6.18: sched_process_exec 12, oom:mark_victim, task_rename
// and most others 18, sched_waking (two sites) 24. arm64 has no static calls: 2. The very first
// event of the system adds the recording of task names (84 in all on 6.12 and 6.18), so one rare
// event is kept on all the time.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "host/tracefs.h"
#include "workloads/contract/workload.h"
#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"

namespace isolab {
namespace {

constexpr const char* kKeptOn = "oom:wake_reaper";  // only the out-of-memory killer fires it

/// Letters, digits, '_' and those of `extra`; not empty. No path, no wildcard.
bool is_word(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [extra](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || extra.find(static_cast<char>(c)) != extra.npos;
  });
}

class FtraceToggle final : public Generator {
 public:
  struct Args {
    std::string variant = "event";
    std::string event = "oom:mark_victim";
    std::string function = "vfs_open";
    Rate rate{10};
  };

  FtraceToggle(Args args, const WorkloadContext& context)
      : Generator(args.rate, context), args_(std::move(args)) {}

  static Result<void> check(const Args& args) {
    const auto colon = args.event.find(':');
    if (colon == std::string::npos || !is_word(args.event.substr(0, colon), "-") ||
        !is_word(args.event.substr(colon + 1), "-"))
      return Error{ErrorKind::usage, fmt::format("event: '{}' is not SYSTEM:NAME", args.event),
                   "one event as in /sys/kernel/tracing/available_events, no wildcards"};
    if (args.event == kKeptOn)
      return Error{ErrorKind::usage, fmt::format("event: {} is always on", kKeptOn)};
    if (!is_word(args.function, "."))
      return Error{ErrorKind::usage,
                   fmt::format("function: '{}' is not the name of one function", args.function),
                   "wildcards would trace, and patch, many functions at once"};
    return {};
  }

  static Result<std::vector<Claim>> claims(const Args&, const Host& host) {
    return std::vector<Claim>{TracefsDirectory::claim(host.files, "ftrace")};
  }

  static std::optional<ExpectedIpis> expected(const Args& args, const Host&, Arch arch) {
    if (args.variant == "event") {
      if (arch == Arch::arm64) return ExpectedIpis{2, "function_call"};
      // Other events have other numbers of call sites; only the default's is known.
      if (args.event == Args{}.event) return ExpectedIpis{18, "function_call"};
    }
    // set_event_pid: 80-160 depending on other users of the scheduler's events; the function
    // tracer: 22 measured on 6.12 x86 only, and a worker of rude RCU runs on every CPU.
    return unknown_expectation(
        "function_call",
        args.variant == "event"
            ? "the number of callsites of " + args.event + " is unknown"
            : "variant " + args.variant + ": the number depends on what else is traced");
  }

  Result<void> prepare() override {
    if (context_.directories.empty())
      return Error{ErrorKind::usage, "ftrace_toggle was started without its tracefs instance"};
    instance_.emplace(context_.host.files, context_.directories.front());
    TRY(check_trace_event(context_.host.files, kKeptOn));
    TRY(instance_->shrink_buffers());
    TRY(instance_->set_event(kKeptOn, true));
    context_.note("event_kept_on", kKeptOn);
    context_.note("instance", instance_->path());
    if (args_.variant == "event") {
      context_.note("event", args_.event);
      return check_trace_event(context_.host.files, args_.event);
    }
    if (args_.variant == "function") {
      context_.note("function", args_.function);
      return prepare_function();
    }
    return {};
  }

  void finish() override {
    if (!instance_) return;
    // Errors are of no use here: removing the instance switches everything off as well.
    (void)off();
    (void)instance_->set_event(kKeptOn, false);
  }

 protected:
  Result<void> op() override {
    TRY(on());
    return off();
  }

 private:
  Result<void> prepare_function() {
    const auto& files = context_.host.files;
    const auto tracers = files.read(find_tracefs(files) + "/available_tracers");
    if (!tracers || (" " + *tracers).find(" function") == std::string::npos)
      return Error{ErrorKind::unsupported, "this kernel has no function tracer",
                   "CONFIG_FUNCTION_TRACER"};
    auto filtered = instance_->write("set_ftrace_filter", args_.function);
    if (!filtered) {
      filtered.error().hint = filtered.error().kind == ErrorKind::denied
                                  ? "a kernel in lockdown refuses function tracing, also for root"
                                  : "the function must be in available_filter_functions";
      return filtered;
    }
    return {};
  }

  Result<void> on() const {
    if (args_.variant == "event") return instance_->set_event(args_.event, true);
    if (args_.variant == "function") return instance_->write("current_tracer", "function");
    return instance_->write("set_event_pid", std::to_string(getpid()));
  }

  Result<void> off() const {
    if (args_.variant == "event") return instance_->set_event(args_.event, false);
    if (args_.variant == "function") return instance_->write("current_tracer", "nop");
    return instance_->write("set_event_pid", "");
  }

  Args args_;
  std::optional<TracefsDirectory> instance_;
};

using Args = FtraceToggle::Args;

}  // namespace

namespace workloads {
const WorkloadInfo ftrace_toggle = describe<FtraceToggle>(
    {.name = "ftrace_toggle",
     .summary = "switches a trace event, the function tracer or the PID filter on and off",
     .disturbs = "Each switch patches kernel code, which interrupts every CPU: 18 do_sync_core "
                 "IPIs for one on + off of the default event on x86, 2 on arm64; the function "
                 "tracer also runs a kernel worker on every CPU.",
     .needs =
         "root, tracefs (CONFIG_FTRACE); 'function' needs CONFIG_FUNCTION_TRACER and no lockdown",
     .counts = {{"toggles", "one on and off is one operation"}}},
    param("variant", &Args::variant, "what to switch", {"event", "function", "set_event_pid"}),
    param("event", &Args::event, "SYSTEM:NAME of the event, for variant event"),
    param("function", &Args::function, "the function to trace, for variant function"),
    param("rate", &Args::rate, "toggles per second, or max"));
}  // namespace workloads

}  // namespace isolab
