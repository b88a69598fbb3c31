// SPDX-License-Identifier: Apache-2.0
#include "vm/sessions/prepare_guest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

#include "base/directory.h"
#include "base/environment.h"
#include "base/untrusted_file.h"
#include "host/arch/cycles.h"
#include "host/installation.h"
#include "host/interrupt_flag.h"
#include "host/process.h"
#include "vm/elf.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOurArch = kArch == Arch::arm64 ? "arm64" : "x86_64";

Result<fs::path> our_program(const std::string& named, const std::string& arch) {
  fs::path program = named;
  std::error_code error;
  if (program.empty())
    program = arch == kOurArch ? TRY(own_program())
                               : TRY(installation()).share / ("build-" + arch) / "isolab";
  if (!fs::exists(program, error))
    return Error{
        ErrorKind::unsupported, "there is no isolab for " + arch + " at " + program.string(),
        arch == "arm64" ? "scripts/build_arm64.sh makes it beside the sources; or --program FILE"
                        : "--program FILE names one"};
  const ElfNeeds elf = TRY(read_elf(program));
  if (elf.arch != arch)
    return Error{ErrorKind::usage, fmt::format("{} is a program for {}, not for {}",
                                               program.string(), elf.arch, arch)};
  return program;
}

/// cyclictest and hackbench: ours when the architecture is ours, else from Debian's package.
Result<void> add_rt_tests(ImageSpec& image) {
  if (image.arch == kOurArch) {
    for (const char* name : {"cyclictest", "hackbench"})
      image.programs.emplace_back(TRY(find_program(name)));
    return {};
  }
  const fs::path root = TRY(provide_package(image.arch, "rt-tests"));
  image.library_roots.push_back(TRY(provide_package(image.arch, "libnuma1")));
  for (const char* name : {"cyclictest", "hackbench"})
    image.programs.push_back(root / "usr/bin" / name);
  return {};
}

Result<CpuSet> isolated_cpus(const VmOptions& options) {
  if (options.isolated == "none") return CpuSet{};
  if (options.isolated != "auto") {
    CpuSet cpus = TRY(CpuSet::parse(options.isolated));
    if (cpus.empty() || *cpus.last() >= options.cpus || cpus.contains(0))
      return Error{
          ErrorKind::usage,
          fmt::format("a guest of {} CPUs cannot isolate {}", options.cpus, options.isolated),
          "CPU 0 is for housekeeping; --cpus gives the guest more CPUs"};
    return cpus;
  }
  CpuSet upper;
  for (int cpu = (options.cpus + 1) / 2; cpu < options.cpus; ++cpu) upper.add(cpu);
  return upper;
}

/// "2x4x2" -> what QEMU wants to read; `cpus` becomes their product.
Result<std::string> read_topology(const std::string& text, int& cpus) {
  int sockets = 0, cores = 0, threads = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%2dx%2dx%2d%c", &sockets, &cores, &threads, &rest) != 3 ||
      sockets < 1 || cores < 1 || threads < 1)
    return Error{ErrorKind::usage, "--topology " + text,
                 "SOCKETSxCORESxTHREADS, like 2x4x2: two sockets of four cores with two threads"};
  cpus = sockets * cores * threads;
  return fmt::format("sockets={},cores={},threads={}", sockets, cores, threads);
}

/// apt takes seconds to answer, minutes on a crowded machine: each kernel is asked for once a call.
Result<Kernel> kernel_of(const std::string& arch, const std::string& name) {
  static std::map<std::pair<std::string, std::string>, Kernel> known;
  const auto found = known.find({arch, name});
  if (found != known.end()) return found->second;
  return known.emplace(std::pair(arch, name), TRY(provide_kernel(arch, name))).first->second;
}

}  // namespace

namespace {

constexpr const char* kPrefix = "isolab-vm-";
constexpr const char* kHeld = "held";  // locked as long as its isolab lives; none: to be kept

/// Removes what an isolab of ours that was killed has left.
void remove_abandoned(const fs::path& place) {
  for (const auto& path : entries_of(place).value_or(std::vector<fs::path>{})) {
    if (!path.filename().string().starts_with(kPrefix)) continue;
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (!directory || ::fstat(directory.get(), &found) != 0 || found.st_uid != ::geteuid())
      continue;
    const auto held = open_untrusted(kHeld, {.owner = ::geteuid(), .directory = directory.get()},
                                     (path / kHeld).string());
    if (!held) continue;
    const Fd lock(*held);
    std::error_code error;
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) fs::remove_all(path, error);
  }
}

}  // namespace

Result<VmDirectory> VmDirectory::create() {
  const fs::path place = environment("TMPDIR").value_or("/tmp");
  remove_abandoned(place);
  std::string name = (place / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    return errno_error("cannot make " + name, errno, "$TMPDIR names another place");
  VmDirectory made(name);
  const fs::path held = fs::path(name) / kHeld;
  made.held_ = Fd(::open(held.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.held_ || ::flock(made.held_.get(), LOCK_EX | LOCK_NB) != 0)
    return errno_error("cannot lock " + held.string(), errno);
  return made;
}

void VmDirectory::keep() {
  if (!path_.empty()) ::unlink((path_ / kHeld).c_str());
  path_.clear();
}

VmDirectory::~VmDirectory() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

Result<std::vector<std::string>> vm_architectures(const std::string& list) {
  std::vector<std::string> all;
  std::istringstream in(list.empty() ? kOurArch : list);
  for (std::string word; std::getline(in, word, ',');) {
    if (word != "x86_64" && word != "arm64")
      return Error{ErrorKind::usage, "unknown architecture \"" + word + "\"", "x86_64 or arm64"};
    all.push_back(word);
  }
  return all;
}

Result<GuestSpec> prepare_guest(const VmOptions& asked, const std::string& arch,
                                const fs::path& directory, std::vector<std::string>& notes) {
  VmOptions options = asked;
  std::string topology;
  if (!asked.topology.empty()) topology = TRY(read_topology(asked.topology, options.cpus));
  if (options.cpus < 2 || options.cpus > 64)
    return Error{ErrorKind::usage, fmt::format("--cpus {}", options.cpus), "2-64"};
  GuestSpec spec;
  spec.image.arch = arch;
  spec.image.isolab = TRY(our_program(options.program, arch));
  spec.cpus = options.cpus;
  spec.topology = topology;
  spec.isolated = TRY(isolated_cpus(options));
  spec.memory_mb = options.memory_mb;
  spec.append = options.append;
  spec.accelerator = options.accelerator;
  spec.directory = directory;
  // What build_arm64.sh linked against.
  std::error_code error;
  if (const fs::path sysroot = spec.image.isolab.parent_path() / "sysroot";
      fs::exists(sysroot, error))
    spec.image.library_roots.push_back(sysroot);
  spec.image.kernel = TRY(kernel_of(arch, options.kernel));
  if (const auto added = add_rt_tests(spec.image); !added)
    notes.push_back("the guest has no cyclictest and hackbench: " + added.error().what);
  for (const auto& program : options.with) spec.image.programs.emplace_back(program);
  if (!options.timeout.empty()) {
    const auto limit = parse_duration(options.timeout);
    if (!limit) return Error{ErrorKind::usage, "--timeout " + options.timeout, "like 10min"};
    spec.limit = *limit;
  }
  return spec;
}

Result<GuestOutcome> boot_guest(const GuestSpec& spec,
                                const std::function<void(const std::string&)>& console) {
  catch_interrupts();
  return run_guest(spec, [&](const std::string& text) {
    console(text);
    return interrupted_by() == 0;
  });
}

Nanos guest_time_limit(const Profile& profile) {
  std::size_t arms = 0;
  for (const auto& arm : profile.arms) {
    std::size_t many = arm.untraced_run ? 2 : 1;
    for (const auto& axis : profile.matrix) many *= axis.values.size();
    arms += many;
  }
  // Setting up and tearing down a traced window takes half a minute when every CPU is emulated.
  const Nanos window = profile.warmup + profile.measure + std::chrono::seconds(60);
  return std::chrono::minutes(4) + window * static_cast<int>(arms) * profile.repeats;
}

std::vector<std::string> kernel_complaints(const GuestOutcome& outcome) {
  std::vector<std::string> found;
  std::istringstream lines(outcome.kernel_log);
  for (std::string line; std::getline(lines, line);)
    for (const char* sign : {"WARNING:", "BUG:", "Oops", "Call Trace:", "rcu_preempt self-detected",
                             "detected stalls", "blocked for more than", "soft lockup"})
      if (line.find(sign) != std::string::npos) {
        found.push_back(line);
        break;
      }
  if (outcome.tainted != 0)
    found.push_back(fmt::format("the kernel is tainted: {}", outcome.tainted));
  return found;
}

}  // namespace isolab
