// SPDX-License-Identifier: Apache-2.0
// The verb plan: what a profile would do here, or on a captured machine.
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "cli/supervision.h"
#include "host/cache_directory.h"
#include "host/captured/machine.h"
#include "host/guard.h"
#include "host/os.h"
#include "host/state_directory.h"
#include "plan/compile.h"
#include "plan/plan_text.h"
#include "plan/profile.h"
#include "plan/profile_file.h"
#include "results/json.h"
#include "results/recording.h"
#include "runner/complain.h"
#include "runner/preflight.h"
#include "runner/progress.h"
#include "runner/supervise.h"

namespace isolab {
namespace {

void print_plan(const Plan& plan, Host host, bool json) {
  if (json)
    print_as_json(plan_to_json(plan));
  else
    print(render_plan(plan) + render_expectations(plan, host));
}

/// `plan --dry-run` tries workloads out, which changes the machine for moments.
Result<ExitCode> dry_run(Plan plan, Files& files, HostFacts facts, bool json) {
  const RunEnd end = TRY(supervise(supervision(plan), [&](Lifeline) {
    StateGuard guard(files, default_journal_dir());
    Progress progress(Progress::Style::silent, plan);
    apply_inability(plan,
                    dry_run_workloads(plan, files, facts, guard, cache_directory(), progress));
    print_plan(plan, Host{files, facts}, json);
    return end_output(ExitCode::done);
  }));
  return end.code;
}

}  // namespace

ExitCode plan_command(const PlanRequest& request) {
  const auto print_it = [&]() -> Result<ExitCode> {
    if (request.dry_run && !request.host.empty())
      return Error{ErrorKind::usage,
                   "--dry-run tries workloads out, and --host names a machine "
                   "that is not this one",
                   "leave out one of them"};
    const std::string file = TRY(find_profile(request.profile));
    const Profile profile = TRY(read_profile(file));
    // What is missing then says so.
    if (request.dry_run && is_root()) (void)mount_private_kernel_filesystems();
    const Machine machine = TRY(open_machine(request.host));
    Plan plan = TRY(compile_plan(profile, machine.facts, request.booted));
    if (request.dry_run)
      return dry_run(std::move(plan), *machine.files, machine.facts, request.json);
    print_plan(plan, Host{*machine.files, machine.facts}, request.json);
    return ExitCode::done;
  };
  const auto outcome = print_it();
  return outcome ? *outcome : complain(outcome.error());
}

}  // namespace isolab
