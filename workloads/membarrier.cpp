// SPDX-License-Identifier: Apache-2.0
// Calls membarrier(2), which interrupts the CPUs that run a thread of the caller's address space.
//
// Disturbs: one function-call IPI to each measured CPU a call (ipi_mb, ipi_sync_core, ipi_rseq in
//   kernel/sched/membarrier.c), on x86 and arm64; nothing where no thread of the process runs. So
//   the workload is a thread of the probe's process, and works only while the probe measures.
// Needs: CONFIG_MEMBARRIER; sync_core an architecture that has it, rseq 5.10 and CONFIG_RSEQ.
// Leaves behind: nothing; the registration dies with the process.
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "workloads/support/generator.h"

namespace isolab {
namespace {

struct Command {
  int enter;  // MEMBARRIER_CMD_REGISTER_*
  int call;
};

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> list{
      {"private_expedited",
       {MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED}},
      {"sync_core",
       {MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
        MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE}},
      {"rseq",
       {MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ}},
      {"global_expedited",
       {MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, MEMBARRIER_CMD_GLOBAL_EXPEDITED}},
  };
  return list;
}

long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

struct MembarrierArgs {
  Rate rate{1000};
  std::string variant = "private_expedited";
};

class Membarrier final : public Generator {
 public:
  using Args = MembarrierArgs;

  Membarrier(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context), variant_(args.variant), command_(commands().at(variant_)) {}

  static std::optional<ExpectedIpis> expected(const Args&, const Host&, Arch) {
    return ExpectedIpis{1, "function_call"};
  }

  Result<void> prepare() override {
    const long offered = membarrier(MEMBARRIER_CMD_QUERY);
    if (offered < 0) return errno_error("cannot call membarrier", errno, "CONFIG_MEMBARRIER=y");
    if ((offered & command_.call) == 0)
      return Error{ErrorKind::unsupported,
                   "cannot call membarrier: this kernel has no " + variant_};
    if (membarrier(command_.enter) != 0)
      return errno_error("cannot register for membarrier", errno);
    return {};
  }

 protected:
  Result<void> op() override {
    if (membarrier(command_.call) != 0)
      return errno_error("cannot call membarrier " + variant_, errno);
    return {};
  }

 private:
  std::string variant_;
  Command command_;
};

std::vector<std::string> variants() {
  std::vector<std::string> names;
  for (const auto& [name, command] : commands()) names.push_back(name);
  return names;
}

}  // namespace

const WorkloadInfo workloads::membarrier = describe<Membarrier>(
    {
        .name = "membarrier",
        .summary = "calls membarrier in the probe's process: an IPI that does almost nothing",
        .disturbs =
            "1 function-call IPI per call to each CPU that runs a thread of the same process; such "
            "an IPI only orders memory, so its cost is that of the interrupt.",
        .needs = "CONFIG_MEMBARRIER; a probe that runs in the same process (busy_loop)",
        .counts = {{"calls", "one membarrier system call is one operation"}},
        .shares_probe_memory = true,
    },
    param("rate", &MembarrierArgs::rate, "calls per second, or max"),
    param("variant", &MembarrierArgs::variant, "which barrier the measured CPUs run", variants()));

}  // namespace isolab
