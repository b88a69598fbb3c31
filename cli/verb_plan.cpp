// SPDX-License-Identifier: Apache-2.0
// The verb plan: what a profile would do here, or on a captured machine.
#include <memory>

#include "base/output.h"
#include "cli/shared_options.h"
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

struct PlanOptions {
  std::string profile, booted;
  std::filesystem::path host;
  bool dry_run = false;
  bool json = false;
};

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

Result<ExitCode> plan(const PlanOptions& options) {
  if (options.dry_run && !options.host.empty())
    return Error{ErrorKind::usage,
                 "cannot combine --dry-run and --host: a dry run needs this machine",
                 "use one of them"};
  const std::string file = TRY(find_profile(options.profile));
  const Profile profile = TRY(read_profile(file));
  // What is missing then says so.
  if (options.dry_run && is_root()) (void)mount_private_kernel_filesystems();
  const Machine machine = TRY(open_machine(options.host));
  Plan compiled = TRY(compile_plan(profile, machine.facts, options.booted));
  if (options.dry_run)
    return dry_run(std::move(compiled), *machine.files, machine.facts, options.json);
  print_plan(compiled, Host{*machine.files, machine.facts}, options.json);
  return ExitCode::done;
}

}  // namespace

Verb verb_plan() {
  const auto options = std::make_shared<PlanOptions>();
  return {"plan",
          "print the resolved plan of a profile: CPUs, arms, parameters, windows, "
          "duration",
          {json_flag(options->json),
           profile_argument(options->profile),
           booted_option(options->booted),
           {"--dry-run", &options->dry_run,
            "try one operation of each workload, to find what is not applicable here"},
           host_option(options->host)},
          [options](const Call&) { return plan(*options); }};
}

}  // namespace isolab
