// SPDX-License-Identifier: Apache-2.0
// Runs a command of the user's again and again: any load that this list does not know.
//
// Disturbs: whatever the command does. It runs on the housekeeping CPUs, in a separate process
// group, never through a shell; its output goes to the window's log, the first 16 MiB of it. Needs:
// the program. Leaves behind: what the command leaves. At the stop it gets SIGTERM, then SIGKILL.
#include <string>

#include "host/process.h"
#include "workloads/contract/workload.h"
#include "workloads/support/capped_log.h"

namespace isolab {
namespace {

constexpr Nanos kLook = std::chrono::milliseconds(50);    // for a stop request
constexpr Nanos kGrace = std::chrono::milliseconds(500);  // between SIGTERM and SIGKILL

struct CommandArgs {
  std::vector<std::string> argv;
  bool once = false;
  bool may_fail = false;
  Nanos pause{0};
};

class Command final : public Workload {
 public:
  using Args = CommandArgs;

  Command(const Args& args, const WorkloadContext& context) : args_(args), context_(context) {}

  static Result<void> check(const Args& args) {
    if (args.argv.empty() || args.argv.front().empty())
      return Error{ErrorKind::usage, "argv: no program named", "argv: [stress-ng, --vm, \"2\"]"};
    return {};
  }

  /// Only looks the program up: one run of an unknown command may take hours.
  Result<void> dry_run() override {
    (void)TRY(find_program(args_.argv.front()));
    return {};
  }

  Result<void> prepare() override {
    context_.note("program", TRY(find_program(args_.argv.front())));
    return log_.open(context_.log);
  }

  Result<void> run() override {
    while (!context_.stop.requested()) {
      Child child = TRY(Child::spawn({.argv = args_.argv,
                                      .cpus = context_.cpus,
                                      .stdout_fd = log_.descriptor(),
                                      .stderr_fd = log_.descriptor()}));
      const auto exit = wait_for(child);
      if (!exit) {
        child.stop(kGrace);
        break;
      }
      context_.counters.add(0);
      note_exit(exit->text());
      if (!exit->ok()) {
        context_.counters.add(1);
        if (!args_.may_fail)
          return Error{
              ErrorKind::io, args_.argv.front() + ": " + exit->text(),
              "its output is in " + context_.log.string() + "; with may_fail: true it continues"};
      }
      rest(args_.once ? Nanos::max() : args_.pause);
    }
    return {};
  }

  void finish() override {
    if (const auto cut = log_.close(); cut != 0)
      context_.note("output_bytes_cut", std::to_string(cut));
  }

 private:
  /// nullopt: stop was requested first.
  std::optional<Exit> wait_for(Child& child) const {
    while (!context_.stop.requested())
      if (auto exit = child.wait_for(kLook)) return exit;
    return std::nullopt;
  }
  /// Notes are appended to a bounded area, so only what is new is noted.
  void note_exit(const std::string& text) {
    if (text != last_exit_) context_.note("last_exit", text);
    last_exit_ = text;
  }
  void rest(Nanos span) const {
    while (span > Nanos{0} && !context_.stop.requested()) {
      const Nanos slice = std::min(span, kLook);
      sleep_for(slice);
      span -= slice;
    }
  }

  Args args_;
  WorkloadContext context_;
  CappedLog log_;
  std::string last_exit_;
};

}  // namespace

const WorkloadInfo workloads::command = describe<Command>(
    {
        .name = "command",
        .summary = "runs a command repeatedly",
        .disturbs = "What the command does on the housekeeping CPUs.",
        .needs = "the program in PATH",
        .counts = {{"runs", "one complete run of the command is one operation"},
                   {"failures", "runs that ended with an error (may_fail)"}},
        .code_params = {"argv"},
    },
    param("argv", &CommandArgs::argv,
          "the program and its arguments, a list; no shell is involved"),
    param("once", &CommandArgs::once, "run it only once"),
    param("may_fail", &CommandArgs::may_fail,
          "continue after a failed run; otherwise the first failure ends the workload"),
    param("pause", &CommandArgs::pause, "pause between two runs"));

}  // namespace isolab
