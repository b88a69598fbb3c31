// SPDX-License-Identifier: Apache-2.0
// The verb watch: what interrupts a program of the user, without a probe.
#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "analysis/watch/story.h"
#include "analysis/watch/watch.h"
#include "base/output.h"
#include "base/scratch.h"
#include "base/units.h"
#include "cli/shared_options.h"
#include "host/interrupt_flag.h"
#include "host/os.h"
#include "host/process.h"
#include "host/run_lock.h"
#include "host/state_directory.h"
#include "host/tracefs.h"
#include "report/json/watch_json.h"
#include "report/text/watch.h"
#include "results/recording.h"
#include "runner/complain.h"
#include "runner/supervise.h"
#include "runner/watch.h"

namespace isolab {
namespace {

struct WatchOptions {
  std::string cpus;
  std::optional<int> pid;
  std::string span;  // empty: until the target ends
  std::filesystem::path output;
  bool json = false;
  std::string stop_over, keep;  // a span; empty: none
  std::vector<std::string> mark_over;
  std::string then = "continue";
  std::vector<std::string> command;
};

/// "NAME=100us".
Result<void> add_mark(const std::string& text, FlightTriggers& triggers) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return Error{ErrorKind::usage, "cannot read --mark-over " + text, "--mark-over NAME=100us"};
  triggers.mark_over[text.substr(0, equals)] = TRY(parse_duration(text.substr(equals + 1)));
  return {};
}

/// Empty: the whole trace is kept.
Result<std::optional<FlightTriggers>> flight_triggers(const WatchOptions& options) {
  FlightTriggers triggers;
  if (!options.stop_over.empty()) triggers.stop_over = TRY(parse_duration(options.stop_over));
  for (const auto& mark : options.mark_over) TRY(add_mark(mark, triggers));
  if (!options.keep.empty()) triggers.keep = TRY(parse_duration(options.keep));
  if (triggers.keep < std::chrono::milliseconds(1) || triggers.keep > std::chrono::seconds(10))
    return Error{ErrorKind::usage, "cannot keep " + options.keep, "--keep takes 1ms to 10s"};
  if (!triggers.any() && options.keep.empty()) return std::optional<FlightTriggers>{};
  return std::optional(triggers);
}

/// What was stolen on that CPU in the last millisecond before it, and in it.
std::vector<Gap> slices_of_story(const FlightStop& stop, std::uint64_t before) {
  const auto& found = stop.found;
  const bool asked = found.length == 0;  // a moment
  std::vector<Gap> out;
  for (const auto& slice : stop.slices)
    if ((asked || slice.start + before >= found.start) && slice.start <= found.start + found.length)
      out.push_back(slice);
  return out;
}

/// Prints the story; false ends the watch.
Result<bool> tell_stop(const WatchOptions& options, const Facts& facts, int number,
                       const FlightStop& stop, const TickLine& line, double at_s) {
  const auto units = [&](std::uint64_t ns) {
    return stop.clock == "x86-tsc" ? line.ticks(ns) : ns;
  };
  const bool marked = stop.what.starts_with("mark");
  const auto slices = slices_of_story(stop, marked ? 0 : units(1'000'000));
  const StoryTrace trace{stop.directory, stop.clock, line, stop.begin, stop.end};
  const auto story =
      TRY(stop.what == "wait" ? wait_story(trace, stop.cpu, stop.found)
                              : watch_story(trace, facts, stop.cpu, slices, stop.found.start));
  const auto ns = stop.clock == "x86-tsc" ? line.nanoseconds(stop.found.length) : stop.found.length;
  StopHeading heading{number, at_s, stop.what, {}, stop.cpu, static_cast<double>(ns) / 1e3, {}};
  if (stop.tid != 0) heading.task = fmt::format("task {}", stop.tid);
  if (!options.output.empty())
    heading.kept = "stops/" + stop.directory.filename().string() + " of the recording";
  const std::string text = render_stop(heading, story);
  options.json ? say_line(text) : print(text);
  if (options.then == "continue" || options.then == "stop") return options.then == "continue";
  TRY(run_for_output({options.then, stop.directory.string()}, std::chrono::minutes(1)));
  return true;
}

Result<WatchRequest> watch_request(const WatchOptions& options) {
  WatchRequest request;
  if (!options.cpus.empty()) request.cpus = TRY(CpuSet::parse(options.cpus));
  if (!options.span.empty()) {
    request.span = TRY(parse_duration(options.span));
    if (request.span <= Nanos{0})
      return Error{ErrorKind::usage, "cannot watch for a time of 0: --for " + options.span};
  }
  request.pid = options.pid.value_or(0);
  request.command = options.command;
  request.observers = {{"ipi_trace", {{"drain_measured", {"true"}}, {"migrations", {"true"}}}},
                       {"interrupts", {}},
                       {"cpu_time", {}}};
  request.flight = TRY(flight_triggers(options));
  if (request.cpus.empty() && request.pid == 0 && request.command.empty())
    return Error{ErrorKind::usage, "cannot watch: nothing is named",
                 "isolab watch --pid PID, --cpus LIST, or -- COMMAND ARGS"};
  return request;
}

Result<void> require_tracing(const Files& files) {
  if (!is_root())
    return Error{ErrorKind::denied, "cannot watch: the kernel's trace needs root",
                 "sudo isolab watch ..."};
  if (find_tracefs(files).empty())
    return Error{ErrorKind::unsupported, "cannot watch: there is no tracefs",
                 "a kernel with CONFIG_FTRACE; in a container: --privileged"};
  return {};
}

std::string note_of(const WindowRecord& window, const char* name) {
  const auto found = window.notes.find(name);
  return found == window.notes.end() ? std::string() : found->second;
}

/// The command's exit code where isolab itself succeeded.
ExitCode watch_code(const WindowRecord& window, ExitCode code) {
  const std::string note = note_of(window, kWatchCodeNote);
  int of_command = 0;
  if (code != ExitCode::done ||
      std::from_chars(note.data(), note.data() + note.size(), of_command).ec != std::errc{})
    return code;
  return ExitCode{of_command};
}

Result<ExitCode> report_watch(const WatchOptions& options, const std::filesystem::path& directory,
                              ExitCode code) {
  const Recording recording = TRY(load_recording(directory));
  if (recording.windows.empty()) return code;
  const WindowRecord& window = recording.windows.front();
  const WatchFindings findings =
      TRY(watch_findings(window, recording.plan.measured, recording.facts,
                         directory / recording.window_directories.front()));
  const std::string end = note_of(window, kWatchEndNote);
  options.json ? print_as_json(watch_to_json(findings, end)) : print(render_watch(findings, end));
  for (const auto& warning : window.warnings)
    say("warning: " + warning.seen + ": " + warning.matters + "; " + warning.advice);
  return watch_code(window, code);
}

Result<ExitCode> watch(const WatchOptions& options, const std::vector<std::string>& words) {
  WatchRequest request = TRY(watch_request(options));
  request.command_line = words;
  TRY(refuse_leftovers(default_journal_dir()));
  if (is_root()) TRY(mount_private_kernel_filesystems());
  SystemFiles files;
  TRY(require_tracing(files));
  const HostFacts facts = read_host_facts(files);
  const Plan plan = TRY(plan_watch(request, files, facts));
  const Scratch scratch = TRY(Scratch::make());
  request.output = options.output.empty() ? scratch.path() / "recording" : options.output;
  int stops = 0;
  request.on_stop = [&](const FlightStop& stop, const TickLine& line, double at_s) {
    return tell_stop(options, facts.all, ++stops, stop, line, at_s);
  };
  const Supervision how{.what = "watch",
                        .cpus = plan.housekeeping,
                        .first_limit = std::chrono::minutes(10),
                        .state = default_journal_dir(),
                        .lock = default_lock_dir()};
  const RunEnd end = TRY(supervise(how, [&](Lifeline lifeline) {
    catch_interrupts();
    const auto code = carry_out_watch(request, plan, Host{files, facts}, std::move(lifeline));
    return code ? *code : complain(code.error());
  }));
  if (!end.whole || end.code == ExitCode::failed) return end.code;
  return report_watch(options, request.output, end.code);
}

}  // namespace

Verb verb_watch() {
  const auto options = std::make_shared<WatchOptions>();
  return {
      "watch",
      "watch a program or CPUs without a probe: what stole time from it, and who caused that",
      {json_flag(options->json),
       {"--cpus", &options->cpus, "the CPUs to watch, like 2-5 (default: those of the program)"},
       Option{"--pid", &options->pid, "a process, all its threads and what they start"}.between(
           1, 1 << 30),
       {"--for", &options->span, "how long, like 10s (default: until it ends, or Ctrl-C)"},
       {"-o,--output", &options->output,
        "keep the recording in this directory (default: only the table is made)"},
       {"--stop-over", &options->stop_over,
        "flight recorder: tell the story of a stolen slice or wait longer than this, like 50us"},
       Option{"--mark-over", &options->mark_over,
              "NAME=SPAN: the same between the marks of that name (isolab/mark.h)"}
           .take_one_each(),
       {"--keep", &options->keep,
        "flight recorder: what is kept of the trace, up to 10s (default 50ms; SIGUSR1 freezes it)"},
       Option{"--then", &options->then,
              "after a stop: continue, stop, or a program that is given its directory"}
           .show_default(),
       Option{"command", &options->command,
              "a command to start on the watched CPUs, after --; its exit code is isolab's"}
           .exclude("--pid")},
      [options](const Call& call) { return watch(*options, call.words); }};
}

}  // namespace isolab
