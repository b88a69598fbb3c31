// SPDX-License-Identifier: Apache-2.0
// Sets KFENCE's sample interval and makes slab allocations, without which no sample is ever taken
// (the gate stays open until an allocation comes). Needs root, CONFIG_KFENCE and debugfs. The
// interval is claimed and put back by the runner; a kernel that booted with KFENCE off keeps the 2
// MiB of its pool until it reboots.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/counters.h"
#include "workloads/contract/workload.h"
#include "workloads/support/expectations.h"
#include "workloads/support/generator.h"
#include "workloads/support/kfence.h"

namespace isolab {
namespace {

constexpr std::uint64_t kCountEvery = 100'000'000;  // ns between two readings of the statistics
enum Count : std::size_t { kSamples, kPipes };

class KfenceSampling final : public Workload {
 public:
  struct Args {
    Nanos sample_interval = std::chrono::milliseconds(100);
    Rate rate{10000};
  };

  KfenceSampling(Args args, const WorkloadContext& context) : args_(args), context_(context) {}

  static Result<void> check(const Args& args) {
    TRY(kfence_interval_text(args.sample_interval));
    return {};
  }

  static Result<std::vector<Claim>> claims(const Args&, const Host& host) {
    std::vector<Claim> claims;
    if (read_kfence(host)) claims.push_back({Claim::Kind::value, kKfenceInterval});
    return claims;  // none where there is no KFENCE: dry_run() gives the reason
  }

  static std::optional<ExpectedIpis> expected(const Args&, const Host& host, Arch arch) {
    const auto state = read_kfence(host);
    if (!state) return std::nullopt;  // no KFENCE: it does not run
    const auto ipis = kfence_ipis_per_sample(*state, arch);
    if (!ipis)
      return unknown_expectation("function_call",
                                 "CONFIG_KFENCE_STATIC_KEYS decides, and the "
                                 "kernel's configuration cannot be read");
    return ExpectedIpis{*ipis, "function_call"};
  }

  Result<void> dry_run() override {
    TRY(prepare());
    TRY(allocate());
    return count_samples();
  }

  Result<void> prepare() override {
    state_ = TRY(read_kfence(context_.host));
    context_.note("disturbs", kfence_disturbs(state_, kArch));
    context_.note("static_keys", state_.static_keys);
    const auto knob = context_.knobs.find(kKfenceInterval);
    if (knob == context_.knobs.end())
      return Error{ErrorKind::usage,
                   fmt::format("kfence_sampling was started without {}", kKfenceInterval)};
    context_.note("sample_interval_before_ms", knob->second.original());
    const std::string interval = TRY(kfence_interval_text(args_.sample_interval));
    TRY(knob->second.write(interval));
    if (args_.sample_interval == Nanos{0}) context_.note("kfence", "switched off");
    // The statistics appear with the first start of KFENCE (6.12), so only now can they be asked
    // for.
    if (!context_.host.files.exists(kKfenceStats) && args_.sample_interval != Nanos{0})
      return Error{ErrorKind::unsupported, fmt::format("cannot count samples: no {}", kKfenceStats),
                   "mount -t debugfs debugfs /sys/kernel/debug; needs root"};
    first_ = TRY(samples_since_boot());
    return {};
  }

  Result<void> run() override {
    Pacer pacer(args_.rate);
    std::uint64_t counted_ns = 0;
    while (!context_.stop.requested()) {
      pacer.wait(context_.stop);
      TRY(allocate());
      const std::uint64_t now = mono_raw_ns();
      if (now - counted_ns < kCountEvery) continue;
      counted_ns = now;
      TRY(count_samples());
    }
    return count_samples();
  }

 private:
  /// A pipe allocates its descriptor files, inode, dentries and buffers from the slabs.
  Result<void> allocate() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
    close(ends[0]);
    close(ends[1]);
    context_.counters.add(kPipes);
    return {};
  }

  Result<std::uint64_t> samples_since_boot() const {
    if (!context_.host.files.exists(kKfenceStats)) return std::uint64_t{0};  // never started
    const std::string stats = TRY(context_.host.files.read(kKfenceStats));
    return kfence_samples(stats, state_.allocations_per_sample);
  }

  Result<void> count_samples() {
    const auto taken = counter_gain(first_, TRY(samples_since_boot()));
    context_.counters.set(kSamples, taken.value_or(0));
    return {};
  }

  Args args_;
  WorkloadContext context_;
  KfenceState state_;
  std::uint64_t first_ = 0;
};

using Args = KfenceSampling::Args;

}  // namespace

namespace workloads {
const WorkloadInfo kfence_sampling = describe<KfenceSampling>(
    {.name = "kfence_sampling",
     .summary = "sets the sample interval of KFENCE and makes slab allocations",
     .disturbs =
         "Only a kernel with KFENCE_STATIC_KEYS patches code at each sample: 6 IPIs to every CPU "
         "on x86. Without it no CPU is interrupted, and only the sampling has a cost.",
     .needs = "root, CONFIG_KFENCE, debugfs",
     .counts = {{"samples", "allocations that KFENCE sampled, of the whole system"},
                {"pipes", "pipes made and closed: the slab load"}}},
    param("sample_interval", &Args::sample_interval,
          "whole milliseconds between samples; 0 switches KFENCE off"),
    param("rate", &Args::rate, "pipes made and closed per second, or max"));
}  // namespace workloads

}  // namespace isolab
