// SPDX-License-Identifier: Apache-2.0
// Asks for exact memory statistics, which runs a kernel thread on every CPU.
//
// Disturbs: each read queues refresh_vm_stats on every CPU (vmstat_refresh in mm/vmstat.c calls
//   schedule_on_each_cpu): a kworker takes the measured CPU away from its task, two context
//   switches an operation, with a reschedule IPI or a function call to wake it. There is no
//   expectation in IPIs; it shows as preemptions of the probe.
// Needs: root (the file's mode is 0600), CONFIG_PROC_SYSCTL with CONFIG_SMP.
// Leaves behind: nothing; statistics are folded earlier than they would have been.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "workloads/support/generator.h"

namespace isolab {
namespace {

constexpr const char* kRefresh = "/proc/sys/vm/stat_refresh";

struct RefreshArgs {
  Rate rate{100};
};

class VmstatRefresh final : public Generator {
 public:
  using Args = RefreshArgs;

  VmstatRefresh(const Args& args, const WorkloadContext& context) : Generator(args.rate, context) {}

  Result<void> prepare() override {
    if (!context_.host.files.exists(kRefresh))
      return Error{ErrorKind::unsupported,
                   std::string(kRefresh) + ": does not exist (before Linux 4.8)"};
    file_ = Fd(open(kRefresh, O_RDONLY | O_CLOEXEC));
    if (!file_) return errno_error(std::string("cannot open ") + kRefresh, errno);
    return {};
  }

  void finish() override { file_.reset(); }

 protected:
  Result<void> op() override {
    char nothing = 0;  // the file is empty: reading it is what counts
    if (pread(file_.get(), &nothing, 1, 0) < 0)
      return errno_error(std::string("cannot read ") + kRefresh, errno);
    return {};
  }

 private:
  Fd file_;
};

}  // namespace

const WorkloadInfo workloads::vmstat_refresh = describe<VmstatRefresh>(
    {
        .name = "vmstat_refresh",
        .summary = "refreshes the memory statistics: a kernel thread runs on every CPU",
        .disturbs = "A kworker preempts every CPU, isolated or not, once per operation: two "
                    "context switches and a wake-up, the most expensive kind of interruption.",
        .needs = "root",
        .counts = {{"refreshes", "one read of vm.stat_refresh is one operation"}},
    },
    param("rate", &RefreshArgs::rate, "operations per second, or max"));

}  // namespace isolab
