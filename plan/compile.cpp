// SPDX-License-Identifier: Apache-2.0
#include "plan/compile.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "base/output.h"
#include "base/text.h"
#include "host/facts/measured_cpus.h"
#include "plan/arm_boots.h"
#include "probes/contract/observer.h"

namespace isolab {
namespace {

// Measured on a two-CPU machine: fork, claim, pin and calibrate; a traced window also sets up and
// tears down its events and waits for quiet. Only the progress display depends on them.
constexpr Nanos kWindowOverhead = std::chrono::milliseconds(450);
constexpr Nanos kTraceOverhead = std::chrono::milliseconds(900);

Error bad_cpus(const Place& place, const std::string& what, const std::string& hint) {
  return Error{ErrorKind::usage, (place.file.empty() ? "" : place.text() + ": ") + what, hint};
}

/// `cpus` are online and in our cpuset. A partition is made at the top of the cgroups, so it may
/// take CPUs outside this process's cpuset.
Result<void> check_usable(const Place& place, const CpuSet& cpus, const HostFacts& facts,
                          bool in_partition = false) {
  if (const CpuSet missing = cpus - facts.online; !missing.empty())
    return bad_cpus(place, "CPU " + missing.list() + " is not online",
                    "online: " + facts.online.list());
  if (const CpuSet missing = cpus - facts.usable(); !missing.empty() && !in_partition)
    return bad_cpus(place, "CPU " + missing.list() + " is not in the cpuset",
                    "it allows CPU " + facts.usable().list() +
                        "; run from the root cgroup, or name other CPUs");
  return {};
}

Result<void> choose_measured(const Profile& profile, const HostFacts& facts, Plan& plan) {
  CpuSet isolated = facts.isolated & facts.online;
  const bool partition = profile.isolation && profile.isolation->via == "partition";
  if (profile.isolation) {
    TRY(check_usable(profile.isolation_place, profile.isolation->cpus, facts, partition));
    plan.isolation = profile.isolation;
    isolated = profile.isolation->cpus;
  }
  if (profile.measured == "isolated" && isolated.empty())
    return bad_cpus(profile.measured_place, "measured: isolated, but this kernel isolates no CPU",
                    "boot with isolcpus=... nohz_full=..., or write measured: auto");
  const bool automatic = profile.measured == "auto";
  if (plan.isolation && (automatic || profile.measured == "isolated")) {
    plan.measured = isolated;
    plan.measured_why =
        partition ? "isolated during the run, by a partition" : "isolated at boot, to be verified";
  } else if (profile.measured == "isolated") {
    TRY(check_usable(profile.measured_place, isolated, facts));
    plan.measured = isolated;
    plan.measured_why = "the kernel's isolated CPUs";
  } else if (automatic) {
    const MeasuredCpus chosen = TRY(default_measured(facts));
    plan.measured = chosen.cpus;
    plan.measured_why = chosen.why;
  } else {
    plan.measured = TRY(CpuSet::parse(profile.measured));
    plan.measured_why = "set by the profile";
    TRY(check_usable(profile.measured_place, plan.measured, facts,
                     partition && (plan.measured - isolated).empty()));
  }
  plan.measured_isolated = (plan.measured - isolated).empty();
  return {};
}

Result<void> choose_housekeeping(const Profile& profile, const HostFacts& facts, Plan& plan) {
  const CpuSet isolated = plan.isolation ? plan.isolation->cpus : facts.isolated & facts.online;
  if (profile.housekeeping == "auto") {
    plan.housekeeping = facts.usable() - plan.measured - isolated - facts.isolated;
    if (plan.housekeeping.empty() && !plan.isolation)
      plan.housekeeping = facts.usable() - plan.measured;
  } else {
    plan.housekeeping = TRY(CpuSet::parse(profile.housekeeping));
    TRY(check_usable(profile.housekeeping_place, plan.housekeeping, facts));
    if (const CpuSet both = plan.housekeeping & isolated; plan.isolation && !both.empty())
      return bad_cpus(profile.housekeeping_place,
                      "CPU " + both.list() + " is both isolated and housekeeping",
                      "name other CPUs");
    if (const CpuSet both = plan.housekeeping & plan.measured; !both.empty())
      return bad_cpus(profile.housekeeping_place,
                      "CPU " + both.list() + " is both measured and housekeeping",
                      "a workload on a measured CPU hides what other CPUs cause there");
  }
  if (!plan.housekeeping.empty()) return {};
  const int usable = facts.usable().count();
  return bad_cpus(
      profile.measured_place,
      facts.allowed && usable < facts.online.count()
          ? "no CPU is left for housekeeping: the cpuset allows CPU " + facts.usable().list()
          : "no CPU is left for housekeeping",
      "isolab needs one CPU for the workloads and itself" +
          (usable > 1 ? ": measure fewer than " + std::to_string(usable)
                      : std::string(" in addition to the measured one")));
}

Result<void> choose_cpus(const Profile& profile, const HostFacts& facts, Plan& plan) {
  TRY(require_online(facts));
  TRY(choose_measured(profile, facts, plan));
  TRY(choose_housekeeping(profile, facts, plan));
  if (const auto note = kinds_note(facts, plan.measured, plan.housekeeping); !note.empty())
    plan.measured_why += "; measured: " + note;
  return {};
}

/// A value as a part of an arm's name: on one line, and no longer than people read.
std::string named(const ParamValue& value) {
  std::string out = join(value, " ");
  constexpr std::size_t kLongest = 80;
  if (out.size() > kLongest) out = out.substr(0, kLongest) + "...";
  return visible_line(out);
}

/// An arm, once for every combination of the axes whose workload it uses.
std::vector<Arm> expand(const ProfileArm& from, const std::vector<MatrixAxis>& axes) {
  std::vector<Arm> arms{
      Arm{from.name, from.workloads, from.settings, from.observers, {}, from.boot}};
  for (const auto& axis : axes) {
    std::vector<Arm> next;
    for (const auto& arm : arms) {
      const auto use = std::find_if(arm.workloads.begin(), arm.workloads.end(),
                                    [&](const auto& one) { return one.name == axis.workload; });
      if (use == arm.workloads.end()) {
        next.push_back(arm);
        continue;
      }
      for (const auto& value : axis.values) {
        Arm copy = arm;
        copy.workloads[static_cast<std::size_t>(use - arm.workloads.begin())].params[axis.param] =
            value;
        copy.name += " " + axis.param + "=" + named(value);
        next.push_back(std::move(copy));
      }
    }
    arms = std::move(next);
  }
  return arms;
}

void leave_out_other_boots(Plan& plan, const HostFacts& facts, const std::string& booted) {
  if (!names_boots(plan.arms)) return;
  const auto boots = boots_of(plan.arms);
  const auto line = facts.all.find("kernel.command_line");
  const BootedKernel kernel{facts.kernel_release, line == facts.all.end() ? "" : line->second,
                            booted};
  for (auto& arm : plan.arms)
    arm.not_applicable = boot_mismatch(arm.boot.value_or(PlannedBoot{}), boots, kernel);
}

void order_windows(Plan& plan) {
  plan.windows.clear();
  std::vector<int> arms;
  for (std::size_t i = 0; i < plan.arms.size(); ++i)
    if (plan.arms[i].not_applicable.empty()) arms.push_back(static_cast<int>(i));
  if (plan.order == "sequential") {
    for (const int arm : arms)
      for (int repeat = 0; repeat < plan.repeats; ++repeat) plan.windows.push_back({arm, repeat});
  } else {
    std::mt19937_64 random(plan.seed);
    for (int repeat = 0; repeat < plan.repeats; ++repeat) {
      // Own Fisher-Yates: std::shuffle may differ between libraries, a plan must not.
      if (plan.order == "shuffled")
        for (std::size_t i = arms.size(); i > 1; --i) std::swap(arms[i - 1], arms[random() % i]);
      for (const int arm : arms) plan.windows.push_back({arm, repeat});
    }
  }
  plan.duration = Nanos{0};
  for (const auto& window : plan.windows)
    plan.duration +=
        plan.warmup + plan.measure + kWindowOverhead +
        (is_traced(plan.arms[static_cast<std::size_t>(window.arm)].observers) ? kTraceOverhead
                                                                              : Nanos{0});
}

}  // namespace

std::vector<Arm> compile_arms(const Profile& profile) {
  std::vector<Arm> out;
  for (const auto& arm : profile.arms) {
    for (auto& expanded : expand(arm, profile.matrix)) {
      Arm untraced = expanded;
      out.push_back(std::move(expanded));
      if (!arm.untraced_run || !is_traced(untraced.observers)) continue;
      std::erase_if(untraced.observers, traces);
      untraced.name += " untraced";
      out.push_back(std::move(untraced));
    }
  }
  return out;
}

Result<Plan> compile_plan(const Profile& profile, const HostFacts& facts,
                          const std::string& booted) {
  Plan plan;
  plan.name = profile.name;
  plan.question = profile.question;
  plan.profile_hash = profile_hash(profile);
  TRY(choose_cpus(profile, facts, plan));
  plan.probe = profile.probe;
  plan.arms = compile_arms(profile);
  leave_out_other_boots(plan, facts, booted);
  plan.repeats = profile.repeats;
  plan.warmup = profile.warmup;
  plan.measure = profile.measure;
  plan.order = profile.order;
  plan.seed = profile.seed;
  plan.budgets = profile.budgets;
  order_windows(plan);
  return plan;
}

void apply_inability(Plan& plan, const Inability& inability) {
  for (auto& arm : plan.arms)
    for (const auto& use : arm.workloads)
      if (const auto found = inability.find(arm.name + "/" + use.name); found != inability.end())
        append_item(arm.not_applicable, "; ", use.name + ": " + found->second);
  order_windows(plan);
}

}  // namespace isolab
