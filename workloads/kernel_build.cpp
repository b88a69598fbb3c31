// SPDX-License-Identifier: Apache-2.0
// A parallel build of Linux, again and again, each time from scratch. Needs make, gcc, flex, bison,
// bc, libelf-dev and a kernel source: the Debian package linux-source-6.12 or a given tree. Unpacks
// and prepares once into the cache (about 25 s and 1.7 GB) and leaves it there; the source is only
// read.
//
// By itself a build sends no IPI to isolated CPUs (measured on 6.12 and 6.18: 0 function calls from
// 85 units of lib/). It is the load beside which generators disturb. With `heap: secret` it is
// XPFO's situation: the compilers' memory is memfd_secret, so each page they touch leaves the
// direct map and, on x86, is flushed on every CPU. `memfd` and `plain` are the controls with the
// same allocator.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/directory.h"
#include "host/cache_directory.h"
#include "workloads/contract/workload.h"
#include "workloads/support/compiler_heap.h"
#include "workloads/support/expectations.h"
#include "workloads/support/flush_calibration.h"
#include "workloads/support/kernel_tree.h"
#include "workloads/support/programs.h"
#include "workloads/support/secret_memory.h"

namespace isolab {
namespace fs = std::filesystem;
namespace {

enum Count : std::size_t { kUnits, kRounds, kPages, kFallbacks };
constexpr std::size_t kRoundsNoted = 100;
constexpr int kLookEveryMs = 50;
constexpr const char* kOwnHeap = "libc";

struct Tool {
  const char* program;
  const char* package;
};
constexpr Tool kTools[] = {{"make", "make"}, {"gcc", "gcc"}, {"flex", "flex"},   {"bison", "bison"},
                           {"bc", "bc"},     {"tar", "tar"}, {"xz", "xz-utils"}, {"perl", "perl"}};

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
    return errno_error("cannot set a pipe to non-blocking", errno);
  return pipe;
}

/// Times of the first rounds, noted once at the end: notes share 16 KiB and a recording keeps raw
/// numbers, statistics come later.
class RoundTimes {
 public:
  void add(double elapsed, const Exit& exit, std::uint64_t pages) {
    if (elapsed_.size() == kRoundsNoted) return;
    pages_.push_back(pages);
    elapsed_.push_back(elapsed);
    user_.push_back(exit.user_seconds);
    system_.push_back(exit.system_seconds);
  }
  void note(const WorkloadContext& context) const {
    if (elapsed_.empty()) return;
    context.note("round_elapsed_s", fmt::format("{:.2f}", fmt::join(elapsed_, " ")));
    context.note("round_user_s", fmt::format("{:.2f}", fmt::join(user_, " ")));
    context.note("round_system_s", fmt::format("{:.3f}", fmt::join(system_, " ")));
    if (pages_.back() > 0) context.note("round_pages", fmt::format("{}", fmt::join(pages_, " ")));
  }

 private:
  std::vector<double> elapsed_, user_, system_;
  std::vector<std::uint64_t> pages_;
};

class KernelBuild final : public Workload {
 public:
  struct Args {
    std::string target = "lib/";
    std::string config = "tinyconfig";
    Share jobs{200, true};
    std::string source = "/usr/src/linux-source-6.12.tar.xz";
    std::string tree;
    std::string heap = kOwnHeap;
  };

  KernelBuild(Args args, const WorkloadContext& context)
      : args_(std::move(args)), context_(context) {}

  static Result<void> check(const Args& args) {
    TRY(split_targets(args.target));
    return {};
  }

  static std::optional<ExpectedIpis> expected(const Args& args, const Host& host, Arch arch) {
    if (args.heap != "secret") return std::nullopt;
    ExpectedIpis expected = expected_of_kernel_flushes(host, arch, 1);
    expected.count = "pages";
    expected.per_split = expected.per_op.value_or(0);
    return expected;
  }

  Result<void> dry_run() override {
    if (args_.heap != kOwnHeap)
      TRY(run_and_calibrate(context_, args_.heap == "secret" ? 1 : 0,
                            [this] { return CompilerHeap::check(args_.heap); }));
    for (const auto& tool : kTools)
      if (!find_program(tool.program)) return missing(tool.program, tool.package);
    std::error_code ignored;
    if (!fs::exists("/usr/include/gelf.h", ignored))
      return missing("gelf.h (objtool needs it)", "libelf-dev");
    if (!args_.tree.empty()) {
      TRY(given_source(args_.tree));
    } else if (access(args_.source.c_str(), R_OK) != 0) {
      return missing(args_.source, "linux-source-6.12");
    }
    TRY(prepare_cache(context_.cache));
    if (access(context_.cache.c_str(), W_OK) != 0)
      return errno_error(fmt::format("cannot write to the cache {}", context_.cache.string()),
                         errno);
    return {};
  }

  Result<void> prepare() override {
    targets_ = TRY(split_targets(args_.target));
    const fs::path cache = context_.cache / "kernel_build";
    TRY(prepare_cache(context_.cache));
    TRY(prepare_cache(cache / "build"));
    if (args_.tree.empty()) {
      context_.note("progress", fmt::format("unpacking {}, once", args_.source));
      source_ = TRY(unpacked_source(args_.source, cache, context_.log, context_.stop));
    } else {
      source_ = TRY(given_source(args_.tree));
    }
    const bool own_heap = args_.heap == kOwnHeap;
    build_ = cache / "build" /
             fmt::format("{}.{}{}", source_.key, args_.config, own_heap ? "" : ".heap");
    lock_ = TRY(lock_directory(build_));
    if (!own_heap) {
      heap_ = TRY(CompilerHeap::create(args_.heap));
      compiler_ = build_ / "cc";
    } else {
      context_.counters.not_counted(kPages);
      context_.counters.not_counted(kFallbacks);
    }
    const std::string compiler =
        first_line(TRY(run_for_output({"gcc", "--version"}, std::chrono::seconds(10))));
    const std::string stamp = fmt::format("source {} {}\nconfig {}\ncompiler {}\n", source_.key,
                                          source_.version, args_.config, compiler);
    if (!stamp_matches(build_, stamp)) TRY(configure(stamp));
    note_everything(compiler);
    if (args_.heap == "secret") note_direct_map_splits(context_, "before");
    return {};
  }

  Result<void> run() override {
    RoundTimes times;
    const auto outcome = build_until_stop(times);
    times.note(context_);
    if (args_.heap == "secret") note_direct_map_splits(context_, "after");
    return outcome;
  }

  void finish() override { lock_.reset(); }

 private:
  static Error missing(const std::string& what, const std::string& package) {
    return {ErrorKind::unsupported, fmt::format("{} is not installed", what),
            fmt::format("apt-get install {}", package)};
  }

  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  /// make with this build directory; the caller's environment must not reach kbuild.
  CommandSpec make(std::vector<std::string> arguments) const {
    CommandSpec spec;
    spec.argv = {"env",
                 "-u",
                 "ARCH",
                 "-u",
                 "CROSS_COMPILE",
                 "-u",
                 "KBUILD_OUTPUT",
                 "-u",
                 "KBUILD_VERBOSE",
                 "-u",
                 "MAKEFLAGS",
                 "-u",
                 "MAKELEVEL",
                 "-u",
                 "O",
                 "-u",
                 "V",
                 "-u",
                 "W",
                 "-u",
                 "LLVM",
                 "LC_ALL=C",
                 "make",
                 "-C",
                 source_.tree.string(),
                 "O=" + build_.string(),
                 fmt::format("-j{}", jobs())};
    if (!compiler_.empty()) spec.argv.push_back("CC=" + compiler_.string());
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.output = context_.log.string();
    return spec;
  }

  int jobs() const { return args_.jobs.of(std::max(1, context_.cpus.count())); }

  Result<void> configure(const std::string& stamp) {
    context_.note("progress", fmt::format("preparing a {} build of Linux {}, once", args_.config,
                                          source_.version));
    std::error_code ignored;
    for (const auto& old : TRY(entries_of(build_)))
      if (old.filename() != ".lock") fs::remove_all(old, ignored);
    if (!compiler_.empty()) TRY(CompilerHeap::write_compiler(compiler_));
    TRY(run_and_succeed(make({args_.config}), context_.stop));
    TRY(run_and_succeed(make({"prepare"}), context_.stop));
    return write_stamp(build_, stamp);
  }

  void note_everything(const std::string& compiler) {
    context_.note("source", source_.origin);
    context_.note("source_sha256", source_.sha256);
    context_.note("source_version", source_.version);
    context_.note("config", args_.config);
    context_.note("config_sha256", config_sha256(build_));
    context_.note("compiler", compiler);
    context_.note("jobs", std::to_string(jobs()));
    context_.note("heap", args_.heap);
    context_.note("target", args_.target);
  }

  Result<void> build_until_stop(RoundTimes& times) {
    while (!context_.stop.requested()) {
      for (const auto& target : targets_) delete_objects(build_, target);
      const std::uint64_t begin = mono_raw_ns();
      const std::uint64_t units = context_.counters.get(kUnits);
      const std::uint64_t pages = heap_ ? heap_->counts().pages : 0;
      const auto exit = TRY(build_round());
      if (!exit) return {};  // stopped; the next round deletes what this one has left
      if (!exit->ok()) return command_error("make " + args_.target, *exit, context_.log);
      if (context_.counters.get(kUnits) == units)
        return Error{ErrorKind::usage,
                     fmt::format("make {} compiled nothing with {}", args_.target, args_.config),
                     "a target with C files in this configuration, such as lib/"};
      context_.counters.add(kRounds);
      times.add(static_cast<double>(mono_raw_ns() - begin) / 1e9, *exit,
                heap_ ? heap_->counts().pages - pages : 0);
      TRY(check_heap());
    }
    return {};
  }

  /// After a round: whether the compilers really had the heap, and used it as it can be used.
  Result<void> check_heap() const {
    if (!heap_) return {};
    const HeapCounts counts = heap_->counts();
    if (counts.processes == 0)
      return Error{ErrorKind::io, "cannot preload the heap: no compiler used it",
                   "does this gcc support -wrapper? Its output is in " + context_.log.string()};
    if (counts.forks > 0)
      return Error{ErrorKind::io,
                   fmt::format("{} processes with a shared heap forked without exec", counts.forks),
                   "their results are invalid; report this compiler"};
    return {};
  }

  void publish_heap() {
    if (!heap_) return;
    const HeapCounts counts = heap_->counts();
    context_.counters.set(kPages, counts.pages);
    context_.counters.set(kFallbacks, counts.fallbacks);
  }

  /// One make, its units counted while it runs. No exit: stop was requested and it is dead.
  Result<std::optional<Exit>> build_round() {
    Pipe pipe = TRY(make_pipe());
    CommandSpec spec = make(targets_);
    spec.stdout_fd = pipe.write.get();
    if (heap_) spec.environment[CompilerHeap::kWrapperVariable] = heap_->wrapper();
    Child child = TRY(Child::spawn(spec));
    pipe.write.reset();
    MakeOutput output;
    while (true) {
      if (context_.stop.requested()) {
        child.stop(kStopGrace);
        return std::optional<Exit>();
      }
      pollfd wait{pipe.read.get(), POLLIN, 0};
      poll(&wait, 1, kLookEveryMs);
      publish_heap();
      const bool open = drain(pipe.read, output);
      // Processes that still hold the pipe after make has ended are not waited for.
      if (const auto exit = child.wait_for(Nanos{0})) {
        drain(pipe.read, output);
        publish_heap();
        return std::optional<Exit>(*exit);
      }
      if (!open)
        sleep_for(std::chrono::milliseconds(5));  // make closed its stdout and is about to end
    }
  }

  /// Counts what the pipe holds; false at its end.
  bool drain(const Fd& pipe, MakeOutput& output) {
    char piece[16384];
    while (true) {
      const ssize_t got = read(pipe.get(), piece, sizeof piece);
      if (got <= 0) return got != 0;
      context_.counters.add(kUnits, output.feed({piece, static_cast<std::size_t>(got)}));
    }
  }

  Args args_;
  WorkloadContext context_;
  std::vector<std::string> targets_;
  KernelSource source_;
  fs::path build_;
  fs::path compiler_;  // empty: make's own choice
  std::optional<CompilerHeap> heap_;
  Fd lock_;
};

using Args = KernelBuild::Args;

}  // namespace

namespace workloads {
const WorkloadInfo kernel_build = describe<KernelBuild>(
    {.name = "kernel_build",
     .summary = "builds Linux repeatedly, in parallel",
     .disturbs = "A heavy load on the housekeeping CPUs that sends no IPI to isolated CPUs; these "
                 "are disturbed by work that the kernel runs on all CPUs, and through shared "
                 "caches and memory. heap: secret removes every page that a compiler touches from "
                 "the direct map: on x86 one function-call IPI each.",
     .needs = "make gcc flex bison bc libelf-dev xz-utils perl, and linux-source-6.12 or a tree; "
              "about 2 GB "
              "in the cache",
     .counts = {{"units", "C files whose compilation began: the CC lines of make"},
                {"rounds", "completed builds of the target"},
                {"pages",
                 "pages of the compilers' heap that were touched (heap: plain, memfd, "
                 "secret), counted when a process unmaps them or ends"},
                {"fallbacks", "mappings of that heap that fell back to plain memory: must be 0"}},
     .code_params = {"source", "tree"}},
    param("target", &Args::target,
          "target of make: vmlinux, directories or object files of the tree (lib/, 'kernel/ mm/', "
          "lib/sort.o)"),
    param("config", &Args::config, "the kernel configuration",
          {"tinyconfig", "allnoconfig", "defconfig"}),
    param("jobs", &Args::jobs, "make -j: a number, or a percentage of the workload's CPUs"),
    param("source", &Args::source, "tarball of the kernel source"),
    param("tree", &Args::tree,
          "a clean source tree to build instead of the tarball; empty: use the tarball"),
    param("heap", &Args::heap,
          "memory of cc1, as and collect2: libc is malloc of the C library; the others are one "
          "preloaded allocator on plain, memfd or memfd_secret pages",
          {"libc", "plain", "memfd", "secret"}));
}  // namespace workloads

}  // namespace isolab
