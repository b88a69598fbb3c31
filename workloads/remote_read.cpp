// SPDX-License-Identifier: Apache-2.0
// Reads something that only the measured CPU itself can read, so the kernel asks it by an IPI.
//
// Disturbs: one function-call IPI to each measured CPU an operation: perf: __perf_event_read, x86
// and
//   arm64 (kernel/events/core.c); cpuid: cpuid_smp_cpuid (arch/x86/kernel/cpuid.c); msr:
//   __rdmsr_safe_on_cpu (arch/x86/kernel/msr.c). No other CPU is interrupted.
// Needs: perf: perf_event_open for a whole CPU (perf_event_paranoid < 1, CAP_PERFMON or root);
// cpuid,
//   msr: x86, root and /dev/cpu/N (modules cpuid and msr on many distributions); msr: no lockdown.
// Leaves behind: nothing, only descriptors. Opening and closing a perf event interrupts the CPU
// too:
//   prepare() and finish() do that, outside the window.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "workloads/support/generator.h"

namespace isolab {
namespace {

constexpr off_t kCpuidVendorLeaf = 0;  // the file position is the leaf
constexpr off_t kTscMsr = 0x10;        // IA32_TIME_STAMP_COUNTER, on every x86-64

struct RemoteReadArgs {
  Rate rate{100};
  std::string variant = "perf";
};

Result<Fd> open_perf(int cpu) {
  perf_event_attr event{};
  event.size = sizeof(event);
  event.type = PERF_TYPE_SOFTWARE;
  // Counts nothing and flips no static key, yet is read on its CPU as every active event.
  event.config = PERF_COUNT_SW_DUMMY;
  Fd fd(static_cast<int>(syscall(SYS_perf_event_open, &event, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
  if (fd) return fd;
  return errno_error("cannot open a perf event on CPU " + std::to_string(cpu), errno,
                     "root, CAP_PERFMON or kernel.perf_event_paranoid below 1");
}

Result<Fd> open_device(const std::string& variant, int cpu) {
  const std::string path = "/dev/cpu/" + std::to_string(cpu) + "/" + variant;
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return fd;
  Error error = errno_error("cannot open " + path, errno);
  if (errno == ENOENT || errno == ENXIO)
    error = {ErrorKind::unsupported, path + ": does not exist", "x86 only; modprobe " + variant};
  return error;
}

class RemoteRead final : public Generator {
 public:
  using Args = RemoteReadArgs;

  RemoteRead(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context), variant_(args.variant) {}

  static std::optional<ExpectedIpis> expected(const Args& args, const Host&, Arch arch) {
    if (args.variant != "perf" && arch != Arch::x86_64) return std::nullopt;  // does not run
    return ExpectedIpis{1, "function_call"};
  }

  Result<void> prepare() override {
    if (context_.measured.empty())
      return Error{ErrorKind::usage, "cannot read from a measured CPU: there is none"};
    for (const int cpu : context_.measured)
      targets_.push_back(TRY(variant_ == "perf" ? open_perf(cpu) : open_device(variant_, cpu)));
    return {};
  }

  void finish() override { targets_.clear(); }

 protected:
  Result<void> op() override {
    for (const Fd& target : targets_) {
      TRY(read_one(target.get()));
      context_.counters.add(1);
    }
    return {};
  }

 private:
  Result<void> read_one(int fd) const {
    std::array<unsigned char, 16> value;
    const ssize_t got = variant_ == "perf"    ? read(fd, value.data(), 8)
                        : variant_ == "cpuid" ? pread(fd, value.data(), 16, kCpuidVendorLeaf)
                                              : pread(fd, value.data(), 8, kTscMsr);
    if (got > 0) return {};
    return errno_error("cannot read " + variant_, got < 0 ? errno : ENODATA);
  }

  std::string variant_;
  std::vector<Fd> targets_;
};

}  // namespace

const WorkloadInfo workloads::remote_read = describe<RemoteRead>(
    {
        .name = "remote_read",
        .summary = "reads a counter, CPUID or MSR of each measured CPU from another CPU",
        .disturbs = "1 function-call IPI per operation to each measured CPU, on x86 and arm64; "
                    "monitoring agents and perf stat -C do the same.",
        .needs =
            "perf: root or CAP_PERFMON; cpuid, msr: x86, root, /dev/cpu/N, for msr no lockdown",
        .counts = {{"rounds", "one read of every measured CPU is one operation"},
                   {"reads", "single reads, each of one CPU"}},
    },
    param("rate", &RemoteReadArgs::rate, "operations per second, or max"),
    param("variant", &RemoteReadArgs::variant, "what to read", {"perf", "cpuid", "msr"}));

}  // namespace isolab
