// SPDX-License-Identifier: Apache-2.0
// hackbench of rt-tests as a load: groups of senders and receivers that talk through sockets or
// pipes, started again and again. Needs the package rt-tests. Leaves nothing behind: its processes
// are one process group that ends with the run.
#include <fmt/format.h>

#include "workloads/contract/workload.h"
#include "workloads/support/programs.h"

namespace isolab {
namespace {

enum Count : std::size_t { kRuns, kMessages };

// PID_MAX_LIMIT (include/linux/threads.h): a 64-bit kernel has no more tasks.
constexpr int kMostTasks = 1 << 22;

class Hackbench final : public Workload {
 public:
  struct Args {
    int groups = 4;
    int fds = 20;
    int loops = 100;
    Bytes size{100};
    std::string transport = "socket";
    std::string tasks = "process";
  };

  Hackbench(Args args, const WorkloadContext& context)
      : args_(std::move(args)), context_(context) {}

  static Result<void> check(const Args& args) {
    const long long tasks = 2LL * args.groups * args.fds;
    if (tasks <= kMostTasks) return {};
    return Error{ErrorKind::usage,
                 fmt::format("groups: {} of 2 x {} are {} tasks, at most {} are possible",
                             args.groups, args.fds, tasks, kMostTasks)};
  }

  Result<void> dry_run() override {
    TRY(prepare());
    Args least = args_;
    least.groups = least.loops = 1;
    return run_and_succeed(command(least), context_.stop);
  }

  Result<void> prepare() override {
    auto program = find_program("hackbench");
    if (!program)
      return Error{ErrorKind::unsupported, "hackbench is not installed",
                   "apt-get install rt-tests"};
    program_ = std::move(*program);
    context_.note("tasks_at_once", std::to_string(2LL * args_.groups * args_.fds));
    return {};
  }

  Result<void> run() override {
    const std::uint64_t messages =
        static_cast<std::uint64_t>(args_.groups) * static_cast<std::uint64_t>(args_.fds) *
        static_cast<std::uint64_t>(args_.fds) * static_cast<std::uint64_t>(args_.loops);
    while (!context_.stop.requested()) {
      const auto exit = run_until_done(command(args_), context_.stop);
      if (!exit && exit.error().kind == ErrorKind::interrupted) return {};
      if (!exit) return exit.error();
      if (!exit->ok()) return command_error("hackbench", *exit, context_.log);
      context_.counters.add(kRuns);
      context_.counters.add(kMessages, messages);
    }
    return {};
  }

 private:
  CommandSpec command(const Args& args) const {
    CommandSpec spec;
    spec.argv = {program_,
                 "-g",
                 std::to_string(args.groups),
                 "-f",
                 std::to_string(args.fds),
                 "-l",
                 std::to_string(args.loops),
                 "-s",
                 std::to_string(args.size.count)};
    spec.argv.emplace_back(args.tasks == "thread" ? "-T" : "-P");
    if (args.transport == "pipe") spec.argv.emplace_back("-p");
    spec.output = context_.log;
    return spec;
  }

  Args args_;
  WorkloadContext context_;
  std::string program_;
};

using Args = Hackbench::Args;

}  // namespace

namespace workloads {
const WorkloadInfo hackbench = describe<Hackbench>(
    {.name = "hackbench",
     .summary = "rt-tests' hackbench: groups of tasks that send messages to each other",
     .disturbs = "A scheduler and memory load on the housekeeping CPUs; it interrupts isolated "
                 "CPUs only through work that the kernel runs on all CPUs.",
     .needs = "the package rt-tests",
     .counts = {{"runs", "completed runs of hackbench"},
                {"messages", "messages of those runs: groups x fds x fds x loops each"}}},
    param("groups", &Args::groups, "groups of 2 x fds tasks", between(1, kMostTasks)),
    param("fds", &Args::fds, "senders, and receivers, in a group", between(1, kMostTasks)),
    param("loops", &Args::loops, "messages from each sender to each receiver",
          between(1, 1'000'000'000)),
    param("size", &Args::size, "size of a message", between(Bytes{1}, Bytes{1 << 20})),
    param("transport", &Args::transport, "the transport of the messages", {"socket", "pipe"}),
    param("tasks", &Args::tasks, "the kind of the tasks", {"process", "thread"}));
}  // namespace workloads

}  // namespace isolab
