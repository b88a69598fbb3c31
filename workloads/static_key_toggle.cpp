// SPDX-License-Identifier: Apache-2.0
// Flips a static key, so that the kernel patches its own text under the feet of every CPU.
//
// Disturbs: each flip is three do_sync_core rounds on x86 and one do_nothing on arm64, to every
// other
//   online CPU, idle or not (text_poke_bp_batch; kick_all_cpus_sync). Opening and closing the BPF
//   statistics descriptor is two flips; writing a sysctl that guards a key is one.
// Needs: root. bpf_stats: BPF_ENABLE_STATS (5.8) with CAP_SYS_ADMIN, and kernel.bpf_stats_enabled
// 0,
//   since a key that is on already is only counted up, not patched.
// Leaves behind: nothing. The descriptor dies with the process; the sysctl is claimed, written back
//   by finish() and by the runner's guard. Writing vm.numa_stat or kernel.sched_schedstats resets
//   the statistics behind them.
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"

namespace isolab {
namespace {

constexpr const char* kBpfStats = "bpf_stats";

/// Sysctls whose handler flips exactly one static key when the value changes between 0 and 1.
const std::map<std::string, std::string>& sysctls() {
  static const std::map<std::string, std::string> paths{
      {"bpf_stats_sysctl", "/proc/sys/kernel/bpf_stats_enabled"},
      {"numa_balancing", "/proc/sys/kernel/numa_balancing"},
      {"numa_stat", "/proc/sys/vm/numa_stat"},
      {"sched_schedstats", "/proc/sys/kernel/sched_schedstats"},
      {"task_delayacct", "/proc/sys/kernel/task_delayacct"},
      {"timer_migration", "/proc/sys/kernel/timer_migration"},
  };
  return paths;
}

struct ToggleArgs {
  Rate rate{100};
  std::string variant = kBpfStats;
};

class BpfStatsToggle {
 public:
  static Result<void> prepare(const Host& host) {
    const auto enabled = host.files.read("/proc/sys/kernel/bpf_stats_enabled");
    if (enabled && trimmed(*enabled) != "0")
      return Error{ErrorKind::unsupported,
                   "kernel.bpf_stats_enabled is on, so the key is never patched",
                   "sysctl kernel.bpf_stats_enabled=0"};
    return {};
  }
  static Result<void> toggle() {
    bpf_attr attributes{};
    attributes.enable_stats.type = BPF_STATS_RUN_TIME;
    const Fd stats(
        static_cast<int>(syscall(SYS_bpf, BPF_ENABLE_STATS, &attributes, sizeof(attributes))));
    if (stats) return {};
    if (errno == EINVAL)
      return Error{ErrorKind::unsupported,
                   "cannot call bpf(BPF_ENABLE_STATS): unknown to this kernel (before 5.8)"};
    return errno_error("cannot call bpf(BPF_ENABLE_STATS)", errno);
  }
};

class StaticKeyToggle final : public Generator {
 public:
  using Args = ToggleArgs;

  StaticKeyToggle(const Args& args, const WorkloadContext& context)
      : Generator(args.rate, context), variant_(args.variant) {}

  static Result<std::vector<Claim>> claims(const Args& args, const Host&) {
    if (args.variant == kBpfStats) return std::vector<Claim>{};
    return std::vector<Claim>{{Claim::Kind::value, sysctls().at(args.variant)}};
  }

  static std::optional<ExpectedIpis> expected(const Args& args, const Host&, Arch arch) {
    const double flips = args.variant == kBpfStats ? 2 : 1;
    return ExpectedIpis{flips * function_calls_per_key_flip(arch), "function_call"};
  }

  Result<void> prepare() override {
    if (variant_ == kBpfStats) return BpfStatsToggle::prepare(context_.host);
    const auto& path = sysctls().at(variant_);
    const auto found = context_.knobs.find(path);
    if (found == context_.knobs.end())
      return Error{ErrorKind::unsupported,
                   path + ": does not exist, or is not claimed for this workload"};
    knob_ = &found->second;
    other_ = std::string(knob_->original() == "0" ? "1" : "0");
    return {};
  }

  void finish() override {
    // An error here is met again, and reported, by the guard that restores the claim.
    if (flipped_ && knob_) (void)knob_->write(knob_->original());
    flipped_ = false;
  }

 protected:
  Result<void> op() override {
    if (!knob_) return BpfStatsToggle::toggle();
    TRY(knob_->write(flipped_ ? knob_->original() : other_));
    flipped_ = !flipped_;
    return {};
  }

 private:
  std::string variant_;
  const Knob* knob_ = nullptr;  // into context_; null for bpf_stats
  std::string other_;
  bool flipped_ = false;
};

std::vector<std::string> variants() {
  std::vector<std::string> names{kBpfStats};
  for (const auto& [name, path] : sysctls()) names.push_back(name);
  return names;
}

}  // namespace

const WorkloadInfo workloads::static_key_toggle = describe<StaticKeyToggle>(
    {
        .name = "static_key_toggle",
        .summary = "updates a static key: the kernel patches its code on every CPU",
        .disturbs =
            "Every update synchronises all CPUs: 3 function-call IPIs on x86 (do_sync_core), 1 on "
            "arm64. One open and close of the BPF statistics is 2 updates, one sysctl write is 1.",
        .needs = "root; bpf_stats: Linux 5.8 and kernel.bpf_stats_enabled=0; otherwise the sysctl "
                 "of that name",
        .counts =
            {{"toggles",
              "one on and off of the BPF statistics, or one write of a sysctl, is one operation"}},
    },
    param("rate", &ToggleArgs::rate, "operations per second, or max"),
    param("variant", &ToggleArgs::variant,
          "what to toggle: the BPF statistics descriptor, or a sysctl", variants()));

}  // namespace isolab
